import Glibc
import Inversion

/// What `boundary search-layers` finds.
package struct LayerSearchFigures: Encodable {
  package struct Row: Encodable {
    package var layers: [Int]
    package var change: Double
    package var share_of_all: Double
    package var side_effect_sd: Double?
    package var most_changed: String?
    package var most_changed_sd: Double?

    init(_ effect: LayerSearch.Effect, whole: Double) {
      layers = effect.layers
      change = effect.change
      share_of_all = effect.change / whole
      side_effect_sd = effect.sideEffect
      most_changed = effect.worst?.name
      most_changed_sd = effect.worst?.change
    }

    func line(_ title: String) -> String {
      var line = title.column(12)
      line += printed("%+10.4g  %6.0f %%", change, 100 * share_of_all)
      if let side_effect_sd { line += printed("  %8.3f", side_effect_sd) }
      if let most_changed, let most_changed_sd { line += "  \(most_changed) " + printed("%+.2f", most_changed_sd) }
      return line
    }
  }
  package var attribute: String
  package var alpha: Float
  package var codes: Int
  package var all: Row
  package var layers: [Row]
  package var suggestion: Row
  package var memory: MemoryUse?

  package init(_ search: LayerSearch, attribute: String, codeCount: Int, memory: MemoryUse?) {
    let whole = search.whole.change
    self.attribute = attribute
    alpha = search.distance
    codes = codeCount
    all = Row(search.whole, whole: whole)
    layers = search.single.map { Row($0, whole: whole) }
    suggestion = Row(search.suggestion, whole: whole)
    self.memory = memory
  }

  /// The layers to move, as options take them: "0-3".
  package var suggestedLayers: String { rangeText(suggestion.layers) }

  /// A line for each layer, and one for the suggested ones.
  package var table: String {
    var lines = [
      "\(attribute), α = \(printed("%.3g", alpha)): mean change; that of the other attributes in standard deviations, and "
        + "the largest of them",
      "layers".column(12) + "    change    of all    others  most",
      all.line("all"),
    ]
    lines += layers.map { $0.line("\($0.layers[0])") }
    lines.append(suggestion.line(suggestedLayers))
    return lines.joined(separator: "\n") + "\n"
  }
}
