extension ModelSpecification {
  /// Largest channel count and feature dimension that a specification may state; keeps every product within `Int`.
  package static let extentLimit = 8192

  /// Checks that networks of this description can exist, and fit each other.
  ///
  /// - Throws: `ModelFileError.specification`, naming the field.
  package func validate() throws(ModelFileError) {
    guard !networks.isEmpty else {
      throw .specification(
        field: NetworkPart.allCases.map(\.rawValue).joined(separator: ", "), found: "none",
        expected: "at least one network")
    }
    guard pixelMinimum.isFinite, pixelMaximum.isFinite, pixelMinimum < pixelMaximum else {
      throw .specification(
        field: "pixelMinimum, pixelMaximum", found: "\(pixelMinimum), \(pixelMaximum)",
        expected: "two finite numbers, the first smaller")
    }
    for network in networks { try network.validate(in: self) }
    try validateCurvature()
    try validateInt8()
    try inDomain?.validate()
  }

  /// The curvature is one of codes, which only a generator gives a meaning.
  private func validateCurvature() throws(ModelFileError) {
    guard let curvature else { return }
    guard let generator else {
      throw .specification(
        field: "curvature", found: "a curvature without a generator",
        expected: "both: it is that of the generator's codes")
    }
    try check("curvature.rank", curvature.rank, 1...generator.layerCount * generator.wDimension)
  }
}

extension ModelSpecification {
  /// Side of the images that the generator makes, or that the encoder reads where there is none.
  package var imageResolution: Int? { generator?.resolution ?? encoder?.resolution }
}

/// Checks what generator and encoder state alike; returns the number of resolutions from 4×4 up.
@discardableResult
func check(
  _ network: String, resolution: Int, layers: Int, imageChannels: Int
) throws(ModelFileError) -> Int {
  guard (8...2048).contains(resolution), resolution.nonzeroBitCount == 1 else {
    throw .specification(
      field: "\(network).resolution", found: "\(resolution)", expected: "a power of two from 8 to 2048")
  }
  let blocks = resolution.trailingZeroBitCount - 1
  try check("\(network).layerCount", layers, 2 * blocks...2 * blocks)
  try check("\(network).imageChannels", imageChannels, 3...3)
  return blocks
}

func check(_ field: String, _ value: Int, _ range: ClosedRange<Int>) throws(ModelFileError) {
  guard range.contains(value) else {
    let expected =
      range.lowerBound == range.upperBound
      ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    throw .specification(field: field, found: "\(value)", expected: expected)
  }
}
