import ArgumentParser
import Inversion
import Workflows

/// `idinv-lite boundary search-layers`
struct BoundarySearchLayers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search-layers",
    abstract: "Find the layers that an attribute depends on.",
    discussion: """
      Example: idinv-lite boundary search-layers --boundary smile.npy

      Moves codes along the boundary in one layer at a time, by α and −α, and reads the effect with the model's \
      attribute network: half the difference on the attribute (in its units) and on the others (in standard \
      deviations). Suggests the shortest range of layers that has --share of the whole effect.
      """)

  @Option(help: ArgumentHelp("The boundary.", valueName: "b.npy"))
  var boundary: String

  @Option(help: ArgumentHelp("The attribute. Default: the boundary's name.", valueName: "name"))
  var attribute: String?

  @Option(help: ArgumentHelp("Codes [N, L, D] to move. Default: random codes.", valueName: "codes.npy"))
  var codes: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("Number of random codes. Default: 32.", valueName: "n"))
  var samples: Int?

  @Option(parsing: .unconditional, help: ArgumentHelp("Seed of the codes.", valueName: "seed"))
  var seed: UInt64 = 0

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "α, the distance to move. Default: twice the standard deviation of codes along the boundary.",
      valueName: "alpha"))
  var alpha: Float?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Share of the effect that the layers should have.", valueName: "share"))
  var share = 0.8

  @OptionGroup var model: ModelOption
  @OptionGroup var judge: JudgeOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    if let alpha, !(alpha > 0 && alpha.isFinite) {
      throw ValidationError("--alpha: expected more than 0, found \(alpha)")
    }
    guard share > 0, share <= 1 else {
      throw ValidationError("--share: expected more than 0, and at most 1, found \(share)")
    }
    guard codes == nil || samples == nil else { throw ValidationError("give either --codes or --samples") }
    if let samples, !(2...100_000).contains(samples) {
      throw ValidationError("--samples: expected 2 to 100000, found \(samples)")
    }
  }

  func run() throws {
    try reporting {
      Signals.install()
      let loaded = try model.load()
      let kernels = try engine.kernels()
      let run = LayerSearchRun(
        try LoadedBoundary.read(boundary, layers: nil, of: loaded), attribute: attribute,
        source: codes.map { .file($0) } ?? .random(count: samples ?? 32, seed: seed), judge: try judge.load(for: loaded)
      )
      let outcome = try run(
        loaded, LayerSearchRun.Move(distance: alpha, share: share), limit: memory.limit, kernels: kernels,
        reporting.context()
      ) { try $0.announce(reporting) }
      try reporting.summarize(outcome.table + "suggested: --layers \(outcome.suggestedLayers)") { outcome }
    }
  }
}
