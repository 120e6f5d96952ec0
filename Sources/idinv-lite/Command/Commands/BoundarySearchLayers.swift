import ArgumentParser
import Glibc
import Inversion
import Reports
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

  private struct Listing: Encodable {
    struct Row: Encodable {
      var layers: [Int]
      var change: Double
      var share_of_all: Double
      var side_effect_sd: Double?
      var most_changed: String?
      var most_changed_sd: Double?

      init(_ effect: LayerSearch.Effect, whole: Double) {
        layers = effect.layers
        change = effect.change
        share_of_all = effect.change / whole
        side_effect_sd = effect.sideEffect
        most_changed = effect.worst?.name
        most_changed_sd = effect.worst?.change
      }
    }
    var attribute: String
    var alpha: Float
    var codes: Int
    var all: Row
    var layers: [Row]
    var suggestion: Row
    var memory: MemoryUse?

    init(_ outcome: LayerSearchRun.Outcome) {
      let search = outcome.search, whole = search.whole.change
      attribute = outcome.attribute
      alpha = search.distance
      codes = outcome.codeCount
      all = Row(search.whole, whole: whole)
      layers = search.single.map { Row($0, whole: whole) }
      suggestion = Row(search.suggestion, whole: whole)
      memory = outcome.memory
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
      if reporting.json {
        try JSONOutput.print(Listing(outcome))
      } else if !reporting.quiet {
        try StandardStreams.printOutput(text(outcome.search, outcome.attribute))
      }
    }
  }

  private func text(_ search: LayerSearch, _ name: String) -> String {
    func row(_ title: String, _ effect: LayerSearch.Effect) -> String {
      let share = 100 * effect.change / search.whole.change
      var line = title.column(12)
      line += printed("%+10.4g  %6.0f %%", effect.change, share)
      if let sideEffect = effect.sideEffect { line += printed("  %8.3f", sideEffect) }
      if let worst = effect.worst { line += "  \(worst.name) " + printed("%+.2f", worst.change) }
      return line
    }
    var lines = [
      "\(name), α = \(printed("%.3g", search.distance)): mean change; that of the other attributes in standard deviations, and the largest of them",
      "layers".column(12) + "    change    of all    others  most",
      row("all", search.whole),
    ]
    lines += search.single.map { row("\($0.layers[0])", $0) }
    let layers = search.suggestion.layers
    let range = rangeText(layers)
    lines.append(row(range, search.suggestion))
    lines.append("suggested: --layers \(range)")
    return lines.joined(separator: "\n") + "\n"
  }
}
