import ArgumentParser
import Glibc
import Inversion
import Quant
import Reports
import Runtime
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

  private struct Listing: Encodable {
    struct Layer: Encodable {
      var name: String
      var network: String
      var output_error: Double
      var psnr: Double?
      var code_error: Double?
      var is_granted: Bool
    }
    var path: String?
    var bytes: Int?
    var sha256: String?
    var samples: Int
    var psnr: Float?
    var code_error: Float?
    var layers: [Layer]
    var seconds: Double
  }

  func run() throws {
    try reporting {
      let began = ContinuousClock.now
      Signals.install()
      let model = try model.load()
      if let output { try OutputPlaces(inputs: [model.path]).check(output) }
      let kernels = try engine.kernels()
      let measurement = try CalibrationMeasurement(
        model, plan: .init(sampleCount: samples, psnr: psnr, codeError: codeError, seed: seed),
        kernels: kernels)
      let result = try reporting.context().follow("calibration") {
        try measurement.run(progress: $0)
      }
      var listing = Listing(
        samples: samples, psnr: result.calibration.psnr, code_error: result.calibration.codeError,
        layers: result.layers.map { layer in
          let isGenerator = layer.network == .generator
          return Listing.Layer(
            name: layer.name, network: layer.network.rawValue, output_error: layer.outputError,
            psnr: isGenerator ? layer.networkError.psnr : nil,
            code_error: isGenerator ? nil : layer.networkError.relative, is_granted: layer.isGranted)
        }, seconds: began.duration(to: .now) / .seconds(1))
      if let output {
        let usual = try model.inDomainStatistics(sampleCount: max(16, samples), kernels: kernels)
        listing.bytes = try locating(output) {
          try model.file.write(calibration: result.calibration, inDomain: usual, to: output)
        }
        listing.path = output
        listing.sha256 = try SHA256.hexDigest(ofFile: output)
      }
      if reporting.json {
        try JSONOutput.print(listing)
      } else if !reporting.quiet {
        try StandardStreams.printOutput(text(listing))
      }
    }
  }

  private func text(_ listing: Listing) -> String {
    var lines = ["  layer alone in 8 bits             its error   of the image or code   taken"]
    for layer in listing.layers {
      let name = layer.name.hasSuffix(".weight") ? String(layer.name.dropLast(7)) : layer.name
      let network =
        layer.psnr.map { Figure.fixed($0, 1) + " dB" }
        ?? Figure.fixed((layer.code_error ?? 0) * 100, 3) + " %"
      var line = "  " + name.column(32)
      line += printed("%8.2f %%", layer.output_error * 100)
      line += String(repeating: " ", count: max(1, 23 - network.count)) + network
      lines.append(line + (layer.is_granted ? "   yes" : "   no"))
    }
    let count = listing.layers.filter(\.is_granted).count
    var parts = ["\(count) of \(listing.layers.count) convolutions in 8 bits"]
    if let psnr = listing.psnr { parts.append("images \(Figure.fixed(Double(psnr), 1)) dB or more") }
    if let error = listing.code_error { parts.append("codes off by \(Figure.fixed(Double(error) * 100, 2)) % or less") }
    parts.append(Figure.duration(listing.seconds))
    let place = listing.path.map { "\($0): " } ?? ""
    lines.append(place + parts.joined(separator: ", ") + (listing.sha256.map { "; SHA-256 \($0)" } ?? ""))
    return lines.joined(separator: "\n") + "\n"
  }
}
