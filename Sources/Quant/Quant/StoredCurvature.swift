/// The tensors of a `CurvatureSpecification`.
package struct StoredCurvature: Sendable, Equatable {
  /// [r, L·D].
  package var basis: [Float]
  /// [r].
  package var values: [Float]
  package var remainder: Float

  package init(basis: [Float], values: [Float], remainder: Float) {
    self.basis = basis
    self.values = values
    self.remainder = remainder
  }
}

extension ModelFile {
  /// Writes a copy of this file with another curvature, or without one; all other tensors byte for byte.
  ///
  /// - Returns: the copy's size.
  /// - Throws: `.specification` for a curvature that does not fit, `.file`.
  @discardableResult
  package func write(_ curvature: StoredCurvature?, to path: String) throws(ModelFileError) -> Int {
    var specification = specification
    specification.curvature = curvature.map { CurvatureSpecification(rank: $0.values.count) }
    let tensors = curvature.map {
      ["curvature.basis": $0.basis, "curvature.values": $0.values, "curvature.remainder": [$0.remainder]]
    }
    return try copy(to: path, as: specification, replacing: tensors ?? [:])
  }
}
