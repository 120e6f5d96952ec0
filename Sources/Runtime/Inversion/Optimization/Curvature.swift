import Quant

/// The mean curvature H̄ of the objective over the generator's own images, as a model file holds it, and its inverse.
///
/// H̄ = Σₖ λₖ·uₖ·uₖᵀ + ρ·(I − Σₖ uₖ·uₖᵀ) with k in 0..<r. An objective's own curvature differs from image to image; what
/// they have in common is that a few directions of the code are thousands of times stiffer than most others.
package struct Curvature: Sendable, Equatable {
  /// Entries of a code: L·D.
  package let codeCount: Int
  /// λₖ.
  package let values: [Float]
  /// ρ: curvature outside of the basis.
  package let remainder: Float
  /// Rows uₖ, filled up with zeros.
  private let rows: [SIMD8<Float>]
  /// SIMD vectors per row.
  private let width: Int
  /// Where codes lie; directions are along it.
  private var space = CodeSpace.wPlus
  private var layerCount = 1

  /// - Parameters:
  ///   - basis: rows uₖ, [r, L·D]. They may be rounded: the inverse stays symmetric and positive.
  ///   - values: λₖ, positive.
  ///   - remainder: ρ, positive.
  package init(basis: [Float], values: [Float], remainder: Float) {
    precondition(!values.isEmpty && basis.count % values.count == 0 && remainder > 0)
    codeCount = basis.count / values.count
    self.values = values
    self.remainder = remainder
    width = (codeCount + 7) / 8
    let length = basis.count / values.count
    rows = values.indices.flatMap { Self.packed(basis[$0 * length..<($0 + 1) * length]) }
  }

  package var rank: Int { values.count }

  /// As a file holds it.
  package var stored: StoredCurvature {
    let basis = values.indices.flatMap { row in
      rows[row * width..<(row + 1) * width].flatMap { lanes in (0..<8).map { lanes[$0] } }.prefix(codeCount)
    }
    return StoredCurvature(basis: basis, values: values, remainder: remainder)
  }

  /// The same curvature for codes of a subspace: what `solve` gives lies in it.
  package func restricted(to space: CodeSpace, layerCount: Int) -> Curvature {
    var restricted = self
    restricted.space = space
    restricted.layerCount = layerCount
    return restricted
  }

  /// H̄⁻¹·v.
  ///
  /// Where the basis is whole, Σₖ λₖ⁻¹·uₖ·(uₖᵀv): positive for any rows. Otherwise B·B·v with the root
  /// B = ρ^−½·(I + Σₖ ((ρ/λₖ)^½ − 1)·uₖ·uₖᵀ), since the rounding of a stiff uₖ may exceed 1/λₖ where it is subtracted.
  func solve(_ vector: [Float]) -> [Float] {
    precondition(vector.count == codeCount)
    var result = Self.packed(vector[...])
    if rank == codeCount {
      result = combined(of: result, adding: false) { 1 / $0 }
    } else {
      for _ in 0..<2 { result = combined(of: result, adding: true) { (remainder / $0).squareRoot() - 1 } }
      result = result.map { $0 / remainder }
    }
    var values: [Float] = []
    values.reserveCapacity(width * 8)
    for lanes in result { for lane in 0..<8 { values.append(lanes[lane]) } }
    return space.projection(of: Array(values.prefix(codeCount)), layerCount: layerCount)
  }

  /// vᵀ·H̄·v.
  func quadraticForm(_ vector: [Float]) -> Double {
    precondition(vector.count == codeCount)
    let packed = Self.packed(vector[...])
    // A whole basis leaves nothing to the remainder, and is taken without it, as `solve` does.
    let rest = rank == codeCount ? 0 : Double(remainder)
    var form = rest * dot(vector, vector)
    for row in 0..<rank {
      let overlap = Double(overlap(row, packed))
      form += (Double(values[row]) - rest) * overlap * overlap
    }
    return form
  }

  /// Σₖ weight(λₖ)·uₖ·(uₖᵀv), and v where it is to be added. One order of summation: the same bits everywhere.
  private func combined(of vector: [SIMD8<Float>], adding: Bool, _ weight: (Float) -> Float) -> [SIMD8<Float>] {
    var result = adding ? vector : [SIMD8<Float>](repeating: .zero, count: width)
    for row in 0..<rank {
      let factor = SIMD8<Float>(repeating: overlap(row, vector) * weight(values[row]))
      for index in 0..<width { result[index] += rows[row * width + index] * factor }
    }
    return result
  }

  /// uₖᵀv.
  private func overlap(_ row: Int, _ vector: [SIMD8<Float>]) -> Float {
    var sum = SIMD8<Float>.zero
    for index in 0..<width { sum += rows[row * width + index] * vector[index] }
    var total: Float = 0
    for lane in 0..<8 { total += sum[lane] }
    return total
  }

  private static func packed(_ values: ArraySlice<Float>) -> [SIMD8<Float>] {
    stride(from: values.startIndex, to: values.endIndex, by: 8).map { start in
      var lanes = SIMD8<Float>.zero
      for index in start..<min(start + 8, values.endIndex) { lanes[index - start] = values[index] }
      return lanes
    }
  }
}

extension Model {
  /// The mean curvature, where the file holds one.
  ///
  /// - Throws: `.model` for a basis that is not finite.
  package func curvature() throws(InversionError) -> Curvature? {
    guard file.specification.curvature != nil else { return nil }
    func values(_ name: String) throws(InversionError) -> [Float] {
      try wrapModel { () throws(ModelFileError) in try file.tensor(name) }.floats()
    }
    let basis = try values("curvature.basis")
    guard basis.allSatisfy({ $0.isFinite }) else {
      throw .model(
        .tensor(name: "curvature.basis", found: "a value that is not finite", expected: "directions of length 1"))
    }
    return Curvature(
      basis: basis, values: try values("curvature.values"),
      remainder: try values("curvature.remainder")[0])
  }
}
