import ArgumentParser
import Checkpoint
import Files
import Glibc
import Imaging
import Quant
import Workflows

/// `idinv-lite convert`
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Convert trained checkpoints into one model file.",
    discussion: """
      Example: idinv-lite convert generator.pth encoder.pth vgg16.pth -o ffhq.idinv

      Says what each file is, and converts what it holds: PyTorch's .pth and .pt (also unpacked folders and archives of \
      one), .safetensors, and NVIDIA's .pkl, none of whose code is run. Resolution, layers, channels, dimensions and \
      normalization are inferred from names and shapes; what was found, inferred and ignored is printed. docs/MODELS.md \
      lists the programs whose files are read.
      """)

  @OptionGroup var checkpoints: CheckpointOptions

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The model file to write.", valueName: "model.idinv"))
  var output: String

  @Option(help: "How weights are stored: f32, f16 or int8.")
  var weights = WeightsPrecision.f16

  @OptionGroup(title: "What a checkpoint does not record") var folding: FoldingOptions

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Interval of pixel values. (default: -1,1)", valueName: "min,max"),
    transform: PixelInterval.init)
  var pixelRange = PixelInterval.standard

  @Option(
    name: [.customLong("license"), .customLong("licence")],
    help: ArgumentHelp("License of the weights; stored in the file.", valueName: "text"))
  var licence = ""

  @Option(help: ArgumentHelp("Where the weights come from; stored in the file.", valueName: "text"))
  var note = ""

  @Flag(help: "Ignore tensors that the published networks do not have instead of refusing the checkpoint.")
  var ignoreUnknown = false

  @OptionGroup var reporting: ReportingOptions

  func run() throws {
    try reporting {
      var options = folding.conversionOptions(weights: weights)
      (options.pixelMinimum, options.pixelMaximum) = (pixelRange.minimum, pixelRange.maximum)
      options.licence = licence
      options.note = note
      options.ignoresUnknownTensors = ignoreUnknown
      try OutputPlaces(inputs: checkpoints.inputs).check(output)
      Signals.install()
      AtomicFile.removeLeftovers(beside: output)
      let context = reporting.context()
      var given = checkpoints.named
      given.options = options
      given.measurement = .usualInDomainScore(kernels: try EngineSettings(compute: .f32).kernels())
      let assignment = try given.assigning(checkpoints.files)
      let report = try context.follow("convert") { try assignment.run(to: output, while: $0) }
      for warning in report.warnings {
        StandardStreams.printError("idinv-lite: warning: \(printable(warning.text))\(remedyText(warning.remedy))")
      }
      let found = assignment.recognitions.map { "found: \($0.path) is \($0.description)\n" }
      try reporting.summarize(found.joined() + report.text) { report }
    }
  }
}
