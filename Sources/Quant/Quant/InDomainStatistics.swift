/// What is usual for a model's own pictures: how far the encoder's codes of them lie outside of the generator's domain.
package struct InDomainStatistics: Codable, Equatable, Sendable {
  /// How many random pictures were measured.
  package var sampleCount: Int
  /// Median over them of mean((z − E(G(z)))²), where z = E(x) is the encoder's code of a random picture x.
  package var median: Float

  package init(sampleCount: Int, median: Float) {
    self.sampleCount = sampleCount
    self.median = median
  }

  func validate() throws(ModelFileError) {
    guard sampleCount > 0 else {
      throw .specification(field: "inDomain.sampleCount", found: "\(sampleCount)", expected: "1 or more")
    }
    guard median.isFinite, median > 0 else {
      throw .specification(field: "inDomain.median", found: "\(median)", expected: "a finite number above 0")
    }
  }
}

extension ModelFile {
  /// Writes a copy of this file with another calibration and other statistics, or without them; all tensors byte for byte.
  ///
  /// - Returns: the copy's size.
  /// - Throws: `.specification` for a calibration that does not fit, `.file`.
  @discardableResult
  package func write(
    calibration: Int8Calibration?, inDomain: InDomainStatistics?, to path: String
  ) throws(ModelFileError) -> Int {
    var specification = specification
    specification.int8 = calibration
    specification.inDomain = inDomain
    return try copy(to: path, as: specification)
  }
}
