/// The tensors of a `CurvatureSpecification`.
public struct StoredCurvature: Sendable, Equatable {
  /// [r, L·D].
  public var basis: [Float]
  /// [r].
  public var values: [Float]
  public var remainder: Float

  public init(basis: [Float], values: [Float], remainder: Float) {
    self.basis = basis
    self.values = values
    self.remainder = remainder
  }
}

extension ModelFile {
  /// Writes a copy of this file with another curvature, or without one; all other tensors byte for byte.
  ///
  /// - Returns: the copy's size.
  /// - Throws: `.specification` for a curvature that does not fit, `.cannotWrite`.
  @discardableResult
  public func write(_ curvature: StoredCurvature?, to path: String) throws(ModelFileError) -> Int {
    var metadata = metadata
    metadata.specification.curvature = curvature.map { CurvatureSpecification(rank: $0.values.count) }
    var types: [String: DType] = [:]
    for name in tensorNames { types[name] = try tensor(name).dtype }
    let writer = try ModelFileWriter(
      path: path, metadata: metadata,
      policy: QuantisationPolicy(
        precision: metadata.precision, overrides: types.filter { !$0.key.hasPrefix("curvature.") }))
    for requirement in requiredTensors(of: metadata.specification) {
      switch requirement.name {
      case "curvature.basis": try writer.write(requirement.name, curvature?.basis ?? [])
      case "curvature.values": try writer.write(requirement.name, curvature?.values ?? [])
      case "curvature.remainder": try writer.write(requirement.name, [curvature?.remainder ?? 0])
      default: try writer.copy(try tensor(requirement.name))
      }
    }
    return try writer.finish()
  }
}
