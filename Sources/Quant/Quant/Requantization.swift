extension ModelFile {
  /// Writes the same networks with weights of another precision, tensor by tensor.
  ///
  /// What this file's precision has lost stays lost: f32 made of f16 holds the values of f16.
  ///
  /// - Throws: `.file`; `.tensor` where a weight does not fit f16.
  package func write(to path: String, precision: WeightsPrecision) throws(ModelFileError) {
    var metadata = metadata
    metadata.precision = precision
    let writer = try ModelFileWriter(path: path, metadata: metadata)
    for requirement in requiredTensors(of: specification) {
      let tensor = try tensor(requirement.name)
      try writer.write(requirement.name, tensor.floats())
      tensor.adviseDontNeed()
    }
    try writer.finish()
  }
}
