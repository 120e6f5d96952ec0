extension ModelFile {
  /// Writes a copy of this file with another specification: tensors byte for byte, but for those that are given anew.
  ///
  /// - Parameter tensors: values by name, in C order; for each tensor of `specification` that this file has not.
  /// - Returns: the copy's size.
  /// - Throws: `.specification`, `.tensor` where they do not fit, `.file`.
  func copy(
    to path: String, as specification: ModelSpecification, replacing tensors: [String: [Float]] = [:]
  ) throws(ModelFileError) -> Int {
    var metadata = metadata
    metadata.specification = specification
    var types: [String: DType] = [:]
    for name in tensorNames where tensors[name] == nil { types[name] = try tensor(name).dtype }
    let writer = try ModelFileWriter(
      path: path, metadata: metadata, policy: QuantizationPolicy(precision: metadata.precision, overrides: types))
    for requirement in requiredTensors(of: specification) {
      if let values = tensors[requirement.name] {
        try writer.write(requirement.name, values)
      } else {
        try writer.copy(try tensor(requirement.name))
      }
    }
    try verifyUnchanged()
    return try writer.finish()
  }
}
