import ArgumentParser
import Checkpoint
import Foundation
import Inversion
import Quant
import Reports
import Runtime
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
  }

  func run() throws {
    try reporting {
      Signals.install()
      let loaded = try model.load()
      let kernels = try engine.kernels()
      let direction = try LoadedBoundary.read(boundary, layers: nil, of: loaded)
      let judge = try judge.load(for: loaded)
      let chosen = try AttributeColumns(attribute ?? direction.name, of: judge ?? loaded)
      guard chosen.names.count == 1 else { throw Failure(.usage, of: "attribute", "expected one attribute") }
      let draws = codes == nil
      let choice = try memory.limit.choose(loaded, batches: AttributeSampler.batches, kernels: kernels) {
        (model, kernels, batch) throws(InversionError) in
        var graphs: [AnyObject] = [
          try NetworkRunner(.generator, of: model, batch: 1, kernels: kernels),
          try NetworkRunner(.attributes, of: judge ?? model, batch: 1, kernels: kernels),
        ]
        if draws { graphs.append(try AttributeSampler(model, judge: judge, batch: batch, kernels: kernels)) }
        return graphs
      }
      try choice.announce(reporting)
      let model = choice.model
      let matrix = try moved(choice, judge, kernels)
      let context = reporting.context()
      let search = try LayerSearch(
        model, judge: judge, boundary: direction, column: chosen.columns[0], codes: matrix, distance: alpha,
        share: share,
        kernels: kernels
      ) { done, count in
        context.update(ProgressState(name: "layers", step: done, stepCount: count))
        return !Signals.cancellation.isCancelled
      }
      context.pause()
      guard let search else { throw Cancelled() }
      if reporting.json {
        let whole = search.whole.change
        try JSONOutput.print(
          Listing(
            attribute: chosen.names[0], alpha: search.distance, codes: matrix.rowCount,
            all: Listing.Row(search.whole, whole: whole),
            layers: search.single.map { Listing.Row($0, whole: whole) },
            suggestion: Listing.Row(search.suggestion, whole: whole), memory: choice.figures))
      } else if !reporting.quiet {
        try StandardStreams.printOutput(text(search, chosen.names[0]))
      }
    }
  }

  private func moved(_ memory: MemoryChoice, _ judge: Model?, _ kernels: Kernels) throws -> FloatMatrix {
    let model = memory.model
    let shape = try model.codeShape()
    if let codes {
      let values = try Codes.read(codes, for: model)
      guard let builder = FloatMatrixBuilder(rowCapacity: values.count / shape.count, columnCount: shape.count) else {
        throw Failure(.unavailable, at: codes, "its codes do not fit into memory")
      }
      builder.append(values)
      return builder.finish()
    }
    return try AttributeSampler(model, judge: judge, batch: memory.plan.batch, kernels: kernels)
      .draw(samples ?? 32, seed: seed).codes
  }

  private func text(_ search: LayerSearch, _ name: String) -> String {
    func row(_ title: String, _ effect: LayerSearch.Effect) -> String {
      let share = 100 * effect.change / search.whole.change
      var line = title.padding(toLength: 12, withPad: " ", startingAt: 0)
      line += printed("%+10.4g  %6.0f %%", effect.change, share)
      if let sideEffect = effect.sideEffect { line += printed("  %8.3f", sideEffect) }
      if let worst = effect.worst { line += "  \(worst.name) " + printed("%+.2f", worst.change) }
      return line
    }
    var lines = [
      "\(name), α = \(printed("%.3g", search.distance)): mean change; that of the other attributes in standard deviations, and the largest of them",
      "layers".padding(toLength: 12, withPad: " ", startingAt: 0) + "    change    of all    others  most",
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
