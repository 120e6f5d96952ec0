import ArgumentParser
import Inversion
import Workflows

/// `idinv-lite calibrate`
struct Calibrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find the convolutions of a model that may multiply in 8 bits.",
    discussion: """
      Example: idinv-lite calibrate -m model.idinv -o calibrated.idinv

      Makes images of random codes in f32, compares each convolution of generator and encoder alone in 8 bits, and \
      selects as many as together keep every image above --psnr and every code below --code-error. Writes a copy of \
      the model that differs only in this list, and in the usual in-domain score of its own pictures, by which pictures \
      that are far from the domain are told. Without --output it only prints the table, which is the same on every \
      processor.

      '--compute int8' then uses 8 bits in the selected layers, '--compute auto' in the encoder's where that is \
      faster. The generator is always exact where its images are optimized or measured.
      """)

  @OptionGroup var model: ModelOption

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The model file to write.", valueName: "model.idinv"))
  var output: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("Number of random codes to measure on.", valueName: "n"))
  var samples = CalibrationMeasurement.Plan().sampleCount

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Minimum PSNR of each image against single precision, in dB.", valueName: "db"))
  var psnr = CalibrationMeasurement.Plan().psnr

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Largest error of each of the encoder's codes, as a share of its length.", valueName: "share"))
  var codeError = CalibrationMeasurement.Plan().codeError

  @Option(parsing: .unconditional, help: ArgumentHelp("Seed of the random codes.", valueName: "n"))
  var seed: UInt64 = 0

  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    guard (1...10_000).contains(samples) else {
      throw ValidationError("--samples: expected 1 to 10000, found \(samples)")
    }
    guard psnr.isFinite else { throw ValidationError("--psnr: expected a finite number, found \(psnr)") }
    guard codeError.isFinite, codeError >= 0 else {
      throw ValidationError("--code-error: expected a finite number, 0 or more, found \(codeError)")
    }
  }

  func run() throws {
    try reporting {
      let began = ContinuousClock.now
      Signals.install()
      let run = CalibrationRun(
        plan: CalibrationMeasurement.Plan(sampleCount: samples, psnr: psnr, codeError: codeError, seed: seed))
      let figures = try run(
        try model.load(), to: output, kernels: try engine.kernels(), since: began, reporting.context())
      try reporting.summarize(figures.table) { figures }
    }
  }
}
