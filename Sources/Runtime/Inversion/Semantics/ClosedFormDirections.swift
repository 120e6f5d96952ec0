import Quant
import Runtime

/// Directions that change the image most, from the generator's weights alone: the eigenvectors of AᵀA with the largest
/// eigenvalues, A the style layers' weights one below the other, each row at length 1 (SeFa: Shen & Zhou, CVPR 2021, eq. 8;
/// the scaling is the published program's).
package struct ClosedFormDirections: Sendable {
  package let shape: CodeShape
  package let layers: [Int]
  /// Falling; they add up to the number of rows of A.
  package let values: [Double]
  /// Unit vectors [D].
  package let vectors: [[Float]]
  /// Rows of A: those of each layer's style.
  package let rowCount: Int

  /// - Parameters:
  ///   - count: how many directions.
  ///   - layers: those whose styles count and that are moved; all where nil.
  /// - Throws: `.missingNetwork`, `.badLayers`, `.badOption` for more directions than dimensions.
  package init(_ model: Model, count: Int, layers: [Int]? = nil) throws(InversionError) {
    shape = try model.codeShape()
    self.layers = try shape.checked(layers ?? Array(0..<shape.layerCount), of: "layers")
    guard (1...shape.dimension).contains(count) else {
      throw .badOption(name: "K", expected: "1 to \(shape.dimension), the dimension of w", found: "\(count)")
    }
    let dimension = shape.dimension
    var product = [Double](repeating: 0, count: dimension * dimension)
    var rowCount = 0
    let generator = try model.generator().specification
    for layer in self.layers {
      let weight = try wrapModel { () throws(ModelFileError) in
        try model.file.tensor(generator.styleName(ofLayer: layer) + ".weight")
      }
      for row in 0..<weight.rows {
        Self.addSquare(of: weight.floats(rows: row..<row + 1), to: &product)
        rowCount += 1
      }
    }
    let eigen = SymmetricEigen(product, size: dimension)
    let largest = (0..<count).map { dimension - 1 - $0 }
    values = largest.map { eigen.values[$0] }
    vectors = largest.map { Self.oriented(eigen.vectors[$0 * dimension..<($0 + 1) * dimension]) }
    self.rowCount = rowCount
  }

  /// The lower triangle of product += rᵀr / ‖r‖².
  private static func addSquare(of row: [Float], to product: inout [Double]) {
    let square = row.reduce(0) { $0 + Double($1) * Double($1) }
    guard square > 0 else { return }
    let values = row.map { Double($0) }
    for i in values.indices {
      let factor = values[i] / square
      for j in 0...i { product[i * values.count + j] += factor * values[j] }
    }
  }

  /// An eigenvector's sign is arbitrary: the entry of largest magnitude is made positive, so that it is the same everywhere.
  private static func oriented(_ vector: ArraySlice<Double>) -> [Float] {
    let largest = vector.max { abs($0) < abs($1) } ?? 1
    return vector.map { Float(largest < 0 ? -$0 : $0) }
  }

  /// Direction `index` as a boundary's normal [L·D]: the same unit vector in each layer that it moves.
  package func normal(_ index: Int) -> [Float] {
    var normal = [Float](repeating: 0, count: shape.count)
    for layer in layers { normal.replaceSubrange(shape.entries(of: layer), with: vectors[index]) }
    return normal
  }
}
