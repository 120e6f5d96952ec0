/// Style mixing (Karras et al., CVPR 2019, sec. 3.1): the early layers of one code, the content, with the late layers of
/// another, the style.
package struct StyleMixing: Sendable {
  package let shape: CodeShape
  /// The layers that come from the style, ascending.
  package let layers: [Int]

  /// - Parameter layers: those that come from the style; as published where nil.
  /// - Throws: `.badLayers`.
  package init(_ shape: CodeShape, layers: [Int]? = nil) throws(InversionError) {
    self.shape = shape
    self.layers =
      try layers.map { (layers) throws(InversionError) in try shape.checked(layers, of: "style mixing") }
      ?? Array(Self.firstLayer(of: shape.layerCount)..<shape.layerCount)
  }

  /// Layer 10 of the published 14, at the same share of other models' layers: round(5·L / 7).
  package static func firstLayer(of layerCount: Int) -> Int {
    min((10 * layerCount + 7) / 14, layerCount - 1)
  }

  /// The content's code with the style's layers, [L, D].
  package func callAsFunction(style: [Float], content: [Float]) -> [Float] {
    precondition(style.count == shape.count && content.count == shape.count)
    var mixed = content
    for layer in layers {
      for index in shape.entries(of: layer) { mixed[index] = style[index] }
    }
    return mixed
  }
}
