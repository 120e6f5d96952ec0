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

      If the files hold a generator and an encoder of up to 256 pixels, the model is measured on pictures of its own: its \
      usual in-domain score, and how far the encoder's codes move in 8 bits. What stays within --code-error is taken.
      """)

  @OptionGroup var checkpoints: CheckpointOptions

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The model file to write.", valueName: "model.idinv"))
  var output: String

  @Option(help: "How weights are stored: f32, f16 or int8.")
  var weights = WeightsPrecision.f16

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      Largest error of the encoder's codes, as a share of their length, up to which its head is stored in int8 and its \
      convolutions may multiply in 8 bits. 0 for neither. (default: 0.01; with f32 weights 0)
      """, valueName: "share"))
  var codeError: Float?

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

  mutating func validate() throws {
    guard let codeError else { return }
    guard codeError.isFinite, codeError >= 0 else {
      throw ValidationError("--code-error: expected a finite number, 0 or more, found \(codeError)")
    }
  }

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
      given.measurement = .standard(
        codeError: codeError ?? (weights == .f32 ? 0 : ConversionMeasuring.usualCodeError),
        kernels: try EngineSettings(compute: .f32).kernels())
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
