import Files

extension ModelFile {
  /// A file's contents once every rule of `docs/FORMAT.md` holds.
  struct Contents {
    var metadata: ModelMetadata
    /// In the file's order, without scales and pads.
    var tensors: [WeightTensor]
    var checksums: [(name: String, range: Range<Int>, expected: UInt32)]
  }

  /// Checks everything that can be checked without reading the weights. Nothing else in this module believes a byte
  /// of the file that has not passed here.
  static func validate(_ mapping: MappedFile) throws(ModelFileError) -> Contents {
    let header = try header(of: mapping)
    let (metadata, checksums) = try ModelMetadata.decode(header.metadata)
    var entries: [String: SafetensorsHeader.Entry] = [:]
    var checked: [(name: String, range: Range<Int>, expected: UInt32)] = []
    for entry in header.entries {
      if entry.name.hasPrefix(padPrefix) {
        try checkPad(entry, mapping)
        continue
      }
      guard entry.range.lowerBound % alignment == 0 else {
        throw .tensor(
          name: entry.name, found: "data at byte \(entry.range.lowerBound)",
          expected: "a multiple of \(alignment) (a \(padPrefix)N tensor before it)")
      }
      guard let checksum = checksums[entry.name] else {
        throw .metadata(key: "checksums", found: "nothing for \(entry.name)", expected: "a CRC-32 of every tensor")
      }
      entries[entry.name] = entry
      checked.append((entry.name, entry.range, checksum))
    }
    var tensors: [WeightTensor] = []
    var missing: [TensorRequirement] = []
    for requirement in requiredTensors(of: metadata.specification) {
      guard let entry = entries.removeValue(forKey: requirement.name) else {
        missing.append(requirement)
        continue
      }
      try check(entry, against: requirement)
      if CurvatureSpecification.positiveTensors.contains(requirement.name) {
        _ = try readPositive(entry, requirement, mapping, "one per row")
      }
      var scales: [Float]?
      if entry.dtype == .i8 {
        let scaleName = requirement.name + scaleSuffix
        let scaleRequirement = TensorRequirement(name: scaleName, shape: [entry.shape[0]], role: .vector)
        guard let scaleEntry = entries.removeValue(forKey: scaleName) else {
          missing.append(scaleRequirement)
          continue
        }
        scales = try readPositive(scaleEntry, scaleRequirement, mapping, "one scale per row")
      }
      tensors.append(
        WeightTensor(
          name: entry.name, shape: entry.shape, dtype: entry.dtype, scales: scales, mapping: mapping,
          range: entry.range))
    }
    guard missing.isEmpty else { throw .missingTensors(missing) }
    if let unknown = entries.keys.min() {
      throw .tensor(
        name: unknown, found: "a tensor that the specification does not mention",
        expected: "only its tensors, scales of i8 tensors, and \(padPrefix)N")
    }
    tensors.sort { $0.range.lowerBound < $1.range.lowerBound }
    return Contents(metadata: metadata, tensors: tensors, checksums: checked)
  }

  private static func header(of mapping: MappedFile) throws(ModelFileError) -> SafetensorsHeader {
    let prefixByteCount = SafetensorsHeader.prefixByteCount
    do throws(SafetensorsHeader.Fault) {
      let length = try SafetensorsHeader.length(
        prefix: mapping.copy(0..<prefixByteCount), fileByteCount: mapping.bytes.count, limit: headerLimit)
      return try SafetensorsHeader(
        json: mapping.copy(prefixByteCount..<prefixByteCount + length), fileByteCount: mapping.bytes.count)
    } catch {
      switch error.place {
      case .byte(let offset):
        throw ModelFileError.header(byteOffset: offset, found: error.found, expected: error.expected)
      case .metadata(let key):
        throw ModelFileError.metadata(key: key, found: error.found, expected: error.expected)
      case .tensor(let name):
        throw ModelFileError.tensor(name: name, found: error.found, expected: error.expected)
      }
    }
  }

  private static func checkPad(
    _ entry: SafetensorsHeader.Entry, _ mapping: MappedFile
  ) throws(ModelFileError) {
    guard entry.dtype == .u8, entry.shape.count == 1, entry.range.count < alignment else {
      throw .tensor(
        name: entry.name, found: "\(entry.dtype.rawValue) \(entry.shape)",
        expected: "U8 of one dimension, shorter than \(alignment)")
    }
    guard mapping.bytes[entry.range].allSatisfy({ $0 == 0 }) else {
      throw .tensor(name: entry.name, found: "a byte that is not zero", expected: "zeros")
    }
  }

  private static func check(
    _ entry: SafetensorsHeader.Entry, against requirement: TensorRequirement
  ) throws(ModelFileError) {
    guard entry.shape == requirement.shape else {
      throw .tensor(
        name: entry.name, found: "shape \(entry.shape)", expected: "\(requirement.shape), from the specification")
    }
    guard DType.modelFileTypes.contains(entry.dtype), entry.dtype != .i8 || entry.shape.count >= 2 else {
      throw .tensor(
        name: entry.name, found: "dtype \(entry.dtype.rawValue)",
        expected: entry.shape.count >= 2 ? "F32, F16 or I8" : "F32 or F16 (I8 needs two dimensions)")
    }
  }

  /// Numbers that are divided by.
  private static func readPositive(
    _ entry: SafetensorsHeader.Entry, _ requirement: TensorRequirement, _ mapping: MappedFile, _ what: String
  ) throws(ModelFileError) -> [Float] {
    guard entry.dtype == .f32, entry.shape == requirement.shape else {
      throw .tensor(
        name: entry.name, found: "\(entry.dtype.rawValue) \(entry.shape)",
        expected: "F32 \(requirement.shape), \(what)")
    }
    let scales = [Float](mapping.bytes[entry.range].bindMemory(to: Float.self))
    for (row, scale) in scales.enumerated() where !(scale.isFinite && scale > 0) {
      throw .tensor(name: entry.name, found: "\(scale) in row \(row)", expected: "finite positive numbers")
    }
    return scales
  }
}
