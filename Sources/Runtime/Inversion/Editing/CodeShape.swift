/// The form of one code: a row of D entries for each of L style layers.
package struct CodeShape: Sendable, Equatable, CustomStringConvertible {
  /// L.
  package let layerCount: Int
  /// D.
  package let dimension: Int

  package init(layerCount: Int, dimension: Int) {
    self.layerCount = layerCount
    self.dimension = dimension
  }

  /// L·D.
  package var count: Int { layerCount * dimension }

  /// The entries of one layer in a code [L, D].
  package func entries(of layer: Int) -> Range<Int> { layer * dimension..<(layer + 1) * dimension }

  package var description: String { "[\(layerCount), \(dimension)]" }

  /// Layers as they were asked for: ascending, each once.
  ///
  /// - Throws: `.badLayers` if there is none, or one that the codes do not have.
  func checked(_ layers: [Int], of what: String) throws(InversionError) -> [Int] {
    let sorted = Set(layers).sorted()
    guard let last = sorted.last, sorted[0] >= 0, last < layerCount else {
      throw .badLayers(what: what, expected: 0...layerCount - 1, found: layers)
    }
    return sorted
  }
}

extension Model {
  /// The form of the generator's codes.
  package func codeShape() throws(InversionError) -> CodeShape {
    let specification = try generator().specification
    return CodeShape(layerCount: specification.layerCount, dimension: specification.wDimension)
  }
}
