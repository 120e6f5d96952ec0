/// A semantic boundary: a hyperplane in the latent space with one value of an attribute on each side. Moving a code along
/// its normal n changes the attribute, x = G(z + α·n) (Shen et al., CVPR 2020, sec. 3; Zhu et al., ECCV 2020, sec. 4.4).
///
/// Published boundaries have normals of length 1, either as a whole or layer by layer, and so α has the same meaning for
/// all: a boundary that was stored otherwise is brought to that length.
package struct SemanticBoundary: Sendable, Equatable {
  package let name: String
  package let shape: CodeShape
  /// n, [L, D]; zero in the layers that it does not move.
  package let normal: [Float]
  /// The layers that it moves, ascending.
  package let layers: [Int]
  /// What the stored values were multiplied with; 1 for a boundary that was normalized already.
  package let scale: Double

  /// How far from 1 the length of a normalized boundary may be; published files are off by rounding, and half-precision
  /// copies of them by more.
  private static let lengthTolerance = 1e-3

  /// A boundary from stored values.
  ///
  /// - Parameters:
  ///   - values: [D] or [1, D], the same move in all layers; or [L, D], [1, L, D], [L·D] or [1, L·D]. Where all rows are the
  ///     same direction they are one direction that somebody repeated, and count as the first row alone.
  ///   - layers: the layers to move; all where nil.
  /// - Throws: `.badShape` if the values are of another model, `.badLayers`, `.badBoundary` if they are zero or not finite.
  package init(
    name: String, values: [Float], shape stored: [Int], layers: [Int]? = nil, of shape: CodeShape
  ) throws(InversionError) {
    let isOneRow: Bool
    switch stored {
    case [shape.dimension], [1, shape.dimension]: isOneRow = shape.layerCount > 1
    case [shape.layerCount, shape.dimension], [1, shape.layerCount, shape.dimension], [shape.count], [1, shape.count]:
      isOneRow = false
    default:
      throw .badShape(
        what: "boundary '\(name)'", expected: "[1, \(shape.dimension)] or [1, \(shape.layerCount), \(shape.dimension)]",
        found: stored)
    }
    precondition(values.count == (isOneRow ? shape.dimension : shape.count))
    guard values.allSatisfy(\.isFinite) else {
      throw .badBoundary(name: name, expected: "finite numbers", found: "values that are not")
    }
    let isRepeated = isOneRow || Self.isOneDirection(values, of: shape)
    let rows = isRepeated ? (0..<shape.layerCount).flatMap { _ in values[shape.entries(of: 0)] } : values
    let moved =
      try layers.map { (layers) throws(InversionError) in try shape.checked(layers, of: "boundary '\(name)'") }
      ?? Array(0..<shape.layerCount)

    let rowLengths = (0..<shape.layerCount).map { Self.length(rows[shape.entries(of: $0)]) }
    let wholeLength = Self.length(rows[...])
    func isUnit(_ length: Double) -> Bool { abs(length - 1) <= Self.lengthTolerance }
    let isNormalized =
      isUnit(wholeLength) && !isRepeated || wholeLength > 0 && rowLengths.allSatisfy { $0 == 0 || isUnit($0) }
    scale = isNormalized ? 1 : 1 / (isRepeated ? rowLengths[0] : wholeLength)
    guard scale.isFinite, moved.contains(where: { rowLengths[$0] > 0 }) else {
      throw .badBoundary(
        name: name, expected: "a direction",
        found: "zero in the layers that it moves, \(moved.map(String.init).joined(separator: ","))")
    }
    var normal = [Float](repeating: 0, count: shape.count)
    for layer in moved {
      for index in shape.entries(of: layer) {
        normal[index] = scale == 1 ? rows[index] : Float(scale * Double(rows[index]))
      }
    }
    self.name = name
    self.shape = shape
    self.normal = normal
    self.layers = moved
  }

  /// Whether the rows [L, D] differ in length at most. Half-precision copies of a row differ by rounding.
  private static func isOneDirection(_ values: [Float], of shape: CodeShape) -> Bool {
    guard shape.layerCount > 1 else { return false }
    let first = values[shape.entries(of: 0)].map(Double.init)
    let firstLength = length(values[shape.entries(of: 0)])
    guard firstLength > 0 else { return false }
    return (1..<shape.layerCount).allSatisfy { layer in
      let row = values[shape.entries(of: layer)]
      let rowLength = length(row)
      guard rowLength > 0 else { return false }
      let product = zip(first, row).reduce(0) { $0 + $1.0 * Double($1.1) }
      return product > (1 - 1e-6) * firstLength * rowLength
    }
  }

  private init(name: String, shape: CodeShape, normal: [Float], layers: [Int], scale: Double) {
    self.name = name
    self.shape = shape
    self.normal = normal
    self.layers = layers
    self.scale = scale
  }

  /// ‖n‖ over the layers that it moves: how far α = 1 goes.
  package var length: Double { Self.length(normal[...]) }

  /// The move that leaves other attributes alone: n without its part in the span of the conditions' normals, at n's length.
  ///
  /// For one condition n₁ − (n₁ᵀn₂)n₂ (Shen et al., CVPR 2020, sec. 3.2); several are made orthonormal first, by Gram and
  /// Schmidt. Only the layers that this boundary moves count, because only there can a move change a condition.
  ///
  /// - Throws: `.badShape` for conditions of another model; `.badBoundary` if nothing is left of n.
  package func projected(off conditions: [SemanticBoundary]) throws(InversionError) -> SemanticBoundary {
    var basis: [[Double]] = []
    for condition in conditions {
      guard condition.shape == shape else {
        throw .badShape(
          what: "condition '\(condition.name)'", expected: "\(shape)",
          found: [condition.shape.layerCount, condition.shape.dimension])
      }
      var direction = [Double](repeating: 0, count: shape.count)
      for layer in layers {
        for index in shape.entries(of: layer) { direction[index] = Double(condition.normal[index]) }
      }
      let before = Self.dot(direction, direction).squareRoot()
      Self.remove(basis, from: &direction)
      let after = Self.dot(direction, direction).squareRoot()
      // A condition that says nothing here, or nothing new.
      guard after > 1e-6 * before else { continue }
      basis.append(direction.map { $0 / after })
    }
    var rest = normal.map(Double.init)
    Self.remove(basis, from: &rest)
    let left = Self.dot(rest, rest).squareRoot()
    guard left > 1e-5 * length else {
      throw .badBoundary(
        name: name, expected: "a direction of its own", found: "nothing but a mixture of its conditions")
    }
    let factor = length / left
    return SemanticBoundary(
      name: name, shape: shape, normal: rest.map { Float($0 * factor) }, layers: layers, scale: scale)
  }

  /// Removes the parts along orthonormal vectors; twice, because once leaves rounding errors of the size of what was removed.
  private static func remove(_ basis: [[Double]], from vector: inout [Double]) {
    for _ in 0..<2 {
      for unit in basis {
        let part = dot(unit, vector)
        for index in vector.indices { vector[index] -= part * unit[index] }
      }
    }
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
  }

  private static func length(_ values: ArraySlice<Float>) -> Double {
    var sum = 0.0
    for value in values { sum += Double(value) * Double(value) }
    return sum.squareRoot()
  }
}
