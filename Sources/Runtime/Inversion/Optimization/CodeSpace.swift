/// Where an inversion looks for its code.
package enum CodeSpace: String, Sendable, CaseIterable, Codable {
  /// One w for all style layers.
  case w
  /// One w for each style layer, as published.
  case wPlus = "w+"

  /// The nearest code of this space: in W the mean over the layers, in each layer.
  ///
  /// W is the linear subspace of W+ whose rows are equal, and the projection onto it is its own adjoint. So a start code
  /// and a gradient are projected alike, and an optimizer that is given both never leaves W: it does what it would do on a
  /// single w of which the loss has the gradient summed over the layers, up to a factor that Adam and L-BFGS do not see.
  ///
  /// - Parameter values: a code or a gradient, [L, D].
  package func projection(of values: [Float], layerCount: Int) -> [Float] {
    guard self == .w, layerCount > 1 else { return values }
    precondition(values.count % layerCount == 0)
    let dimension = values.count / layerCount
    var row = [Float](repeating: 0, count: dimension)
    for index in 0..<dimension {
      var sum = 0.0
      for layer in 0..<layerCount { sum += Double(values[layer * dimension + index]) }
      row[index] = Float(sum / Double(layerCount))
    }
    return (0..<layerCount).flatMap { _ in row }
  }
}
