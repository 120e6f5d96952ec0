import ArgumentParser
import Glibc
import Inversion
import Quant
import Reports
import Runtime
import Workflows

/// `idinv-lite curvature`
struct CurvatureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "curvature",
    abstract: "Measure how a model's objective curves, so that inversions need fewer steps.",
    discussion: """
      Example: idinv-lite curvature -m model.idinv -o faster.idinv

      Run it once for a model. It makes images of random codes, probes the published objective along their inversions \
      by differences of gradients (about 15,000 gradients at codes of 640 entries), and writes a copy of the model \
      with the stiffest directions of the mean curvature. '--optimizer auto' starts with them. All other tensors stay \
      the same, byte for byte; an older curvature is replaced.
      """)

  @OptionGroup var model: ModelOption

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The model file to write.", valueName: "model.idinv"))
  var output: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Number of random images; a quarter of them in the first round.", valueName: "n"))
  var images = CurvatureMeasurement.Plan().imageCount

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Number of directions to keep, at most as many as a code has entries.", valueName: "n"))
  var rank = CurvatureMeasurement.Plan.defaultRank

  @Option(parsing: .unconditional, help: ArgumentHelp("Seed of the random codes.", valueName: "n"))
  var seed: UInt64 = 0

  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    guard (1...100_000).contains(images) else {
      throw ValidationError("--images: expected 1 to 100000, found \(images)")
    }
    guard (1...65_536).contains(rank) else { throw ValidationError("--rank: expected 1 to 65536, found \(rank)") }
  }

  private struct Listing: Encodable {
    var path: String
    var bytes: Int
    var sha256: String
    var rank: Int
    var largest: Float
    var remainder: Float
    var images: Int
    var seconds: Double
  }

  func run() throws {
    try reporting {
      let began = ContinuousClock.now
      Signals.install()
      let model = try model.load()
      try OutputPlaces(inputs: [model.path]).check(output)
      let measurement = try CurvatureMeasurement(
        model, plan: .init(imageCount: images, rank: rank, seed: seed), kernels: try engine.kernels())
      let curvature = try reporting.context().follow("curvature") { progress in
        try locating(model.path) { try measurement.run(progress: progress) }
      }
      let byteCount = try locating(output) { try model.file.write(curvature.stored, to: output) }
      let listing = Listing(
        path: output, bytes: byteCount, sha256: try SHA256.hexDigest(ofFile: output), rank: curvature.rank,
        largest: curvature.values[0], remainder: curvature.remainder, images: images,
        seconds: began.duration(to: .now) / .seconds(1))
      let figures = printed("largest %.4g, remainder %.4g", listing.largest, listing.remainder)
      try reporting.summarize(
        "\(output): curvature of rank \(listing.rank), \(figures), \(Figure.duration(listing.seconds)); "
          + "SHA-256 \(listing.sha256)"
      ) { listing }
    }
  }
}
