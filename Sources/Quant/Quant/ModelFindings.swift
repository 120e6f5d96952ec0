/// What only a finished model tells: what its file is to state beside the networks, and which tensors it is to store otherwise.
package struct ModelFindings: Equatable, Sendable {
  package var inDomain: InDomainStatistics?
  package var int8: Int8Calibration?
  /// Names of weights to store in 8 bits instead.
  package var int8Weights: Set<String> = []
  /// Values of other tensors, by name.
  package var values: [String: [Float]] = [:]
  /// What was found, in words, for the user.
  package var statements: [String] = []

  package init(inDomain: InDomainStatistics? = nil) { self.inDomain = inDomain }

  var changesTensors: Bool { !int8Weights.isEmpty || !values.isEmpty }

  /// What takes most room in the header of a file of this specification.
  static func longest(for specification: ModelSpecification) -> ModelFindings {
    let number: Float = -1.1754944e-38
    var findings = ModelFindings(inDomain: InDomainStatistics(sampleCount: 1 << 30, median: number))
    if !specification.int8Candidates.isEmpty {
      findings.int8 = Int8Calibration(layers: specification.int8Candidates, psnr: number, codeError: number)
    }
    return findings
  }
}

extension ModelSpecification {
  func stating(_ findings: ModelFindings) -> ModelSpecification {
    var specification = self
    if let inDomain = findings.inDomain { specification.inDomain = inDomain }
    if let int8 = findings.int8 { specification.int8 = int8 }
    return specification
  }
}

extension ModelFileWriter {
  /// `finish()` for a file that is to hold what only the finished model tells.
  ///
  /// - Parameter measure: gets the path of the whole file before it has its name. It returns what was found, if anything, and
  ///   whether the file is wanted at all.
  /// - Returns: the file's size; nil where it is not wanted. Then no trace remains.
  /// - Throws: as `finish`; `.specification` and `.tensor` for findings that cannot be.
  package func finish(
    measuring measure: (String) -> (findings: ModelFindings?, isWanted: Bool)
  ) throws(ModelFileError) -> Int? {
    try writeHeader()
    let (findings, isWanted) = measure(temporaryPath)
    guard isWanted else {
      discard()
      return nil
    }
    guard let findings else { return try commit() }
    state(findings)
    try metadata.specification.validate()
    if findings.changesTensors { return try rewrite(findings) }
    try writeHeader()
    return try commit()
  }

  /// Sizes differ: another file takes the name.
  private func rewrite(_ findings: ModelFindings) throws(ModelFileError) -> Int {
    let draft = try ModelFile(path: temporaryPath)
    for name in findings.int8Weights.union(findings.values.keys).sorted() { _ = try draft.tensor(name) }
    var changed = policy
    for name in findings.int8Weights { changed.overrides[name] = .i8 }
    let writer = try ModelFileWriter(path: path, metadata: metadata, policy: changed)
    for requirement in requiredTensors(of: metadata.specification) {
      let name = requirement.name
      let tensor = try draft.tensor(name)
      if let values = findings.values[name] {
        try writer.write(name, values)
      } else if findings.int8Weights.contains(name), tensor.dtype != .i8 {
        try writer.write(name, tensor.floats())
      } else {
        try writer.copy(tensor)
      }
      tensor.adviseDontNeed()
    }
    let byteCount = try writer.finish()
    discard()
    return byteCount
  }
}
