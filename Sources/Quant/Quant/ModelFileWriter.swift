import Files
import Glibc

/// Writes an `.idinv` file tensor by tensor, in any order, quantizing on the way.
///
/// Specification and policy fix all sizes beforehand, so that the header goes first and each tensor straight to its
/// place: a few rows are in memory at a time, besides the values that the caller holds. The checksums' digits have a fixed
/// width and are filled in last. The file gets its name in `finish()`; before that, or after any error, no trace remains.
package final class ModelFileWriter {
  package private(set) var metadata: ModelMetadata
  package let policy: QuantizationPolicy
  private let file: AtomicFile
  private let dataStart: Int
  private let entries: [SafetensorsHeader.Entry]
  private var places: [String: SafetensorsHeader.Entry] = [:]
  private var waiting: [String: TensorRequirement] = [:]
  private var checksums: [String: UInt32] = [:]

  /// Elements converted at a time.
  private static let pieceCount = 1 << 20

  /// Lays the file out and creates it under a temporary name in the folder of `path`.
  ///
  /// - Parameter hasRoomForFindings: whether `finish(measuring:)` is to follow.
  /// - Throws: `.specification`, `.metadata`, `.file`.
  package init(
    path: String, metadata: ModelMetadata, policy: QuantizationPolicy? = nil, hasRoomForFindings: Bool = false
  ) throws(ModelFileError) {
    try metadata.specification.validate()
    let policy = policy ?? QuantizationPolicy(precision: metadata.precision)
    self.metadata = metadata
    self.policy = policy
    let requirements = requiredTensors(of: metadata.specification)
    entries = Self.layout(requirements, policy)
    for requirement in requirements { waiting[requirement.name] = requirement }
    for entry in entries {
      places[entry.name] = entry
      if !entry.name.hasPrefix(ModelFile.padPrefix) { checksums[entry.name] = 0 }
    }
    var longest = metadata
    if hasRoomForFindings {
      longest.specification = longest.specification.stating(.longest(for: metadata.specification))
    }
    let header = SafetensorsHeader.encode(metadata: try longest.encoded(checksums: checksums), entries: entries)
    guard header.count - SafetensorsHeader.prefixByteCount <= ModelFile.headerLimit else {
      throw .header(
        byteOffset: 0, found: "a header of \(header.count) bytes", expected: "at most \(ModelFile.headerLimit)")
    }
    dataStart = header.count
    file = try ModelFileError.files { () throws(FileError) in try AtomicFile(path: path) }
  }

  /// Size of the finished file.
  package var byteCount: Int { dataStart + (entries.last?.range.upperBound ?? 0) }

  /// Offsets of all tensors from the start of the data, scales behind their tensor, pads where a tensor would not be aligned.
  private static func layout(
    _ requirements: [TensorRequirement], _ policy: QuantizationPolicy
  ) -> [SafetensorsHeader.Entry] {
    var entries: [SafetensorsHeader.Entry] = []
    var end = 0
    var pads = 0
    func add(_ name: String, _ dtype: DType, _ shape: [Int]) {
      let byteCount = shape.reduce(dtype.byteCount, *)
      entries.append(.init(name: name, dtype: dtype, shape: shape, range: end..<end + byteCount))
      end += byteCount
    }
    func addAligned(_ name: String, _ dtype: DType, _ shape: [Int]) {
      if end % ModelFile.alignment != 0 {
        add("\(ModelFile.padPrefix)\(pads)", .u8, [ModelFile.alignment - end % ModelFile.alignment])
        pads += 1
      }
      add(name, dtype, shape)
    }
    for requirement in requirements {
      let dtype = policy.dtype(for: requirement)
      addAligned(requirement.name, dtype, requirement.shape)
      if dtype == .i8 {
        addAligned(requirement.name + ModelFile.scaleSuffix, .f32, [requirement.shape[0]])
      }
    }
    return entries
  }

  /// Converts and writes one tensor's values, in C order.
  ///
  /// - Throws: `.tensor` where the specification has no such tensor, it was written before, the number of values is
  ///   wrong, a value is not finite or does not fit f16; `.file`.
  package func write(_ name: String, _ values: [Float]) throws(ModelFileError) {
    guard let requirement = waiting[name], let entry = places[name] else {
      throw .tensor(
        name: name, found: places[name] == nil ? "a tensor to write" : "the tensor a second time",
        expected: "each tensor of the specification once")
    }
    guard values.count == requirement.elementCount else {
      throw .tensor(
        name: name, found: "\(values.count) values", expected: "\(requirement.elementCount), shape \(entry.shape)")
    }
    let rowLength = max(1, values.count / max(1, entry.shape.first ?? 1))
    // Whole rows, since int8 scales are per row.
    let step = max(1, Self.pieceCount / rowLength) * rowLength
    var checksum = CRC32()
    var scales: [Float] = []
    for start in stride(from: 0, to: values.count, by: step) {
      let piece = values[start..<min(start + step, values.count)]
      try check(piece, name, entry.dtype)
      let offset = dataStart + entry.range.lowerBound + start * entry.dtype.byteCount
      switch entry.dtype {
      case .i8:
        let quantized = Int8Tensor(quantizing: [Float](piece), rowCount: piece.count / rowLength)
        scales += quantized.scales
        try append(quantized.codes, at: offset, &checksum)
      case .f16:
        try append(piece.map { Half($0).bitPattern }, at: offset, &checksum)
      default:
        try append([Float](piece), at: offset, &checksum)
      }
    }
    checksums[name] = checksum.value
    if entry.dtype == .i8, let place = places[name + ModelFile.scaleSuffix] {
      var checksum = CRC32()
      try append(scales, at: dataStart + place.range.lowerBound, &checksum)
      checksums[place.name] = checksum.value
    }
    waiting[name] = nil
  }

  /// Writes one tensor as another file stores it, byte for byte, with its scales.
  ///
  /// - Throws: `.tensor` where the specification has no such tensor, it was written before, or this file is to store it
  ///   in another shape or type; `.file`.
  package func copy(_ tensor: WeightTensor) throws(ModelFileError) {
    guard waiting[tensor.name] != nil, let entry = places[tensor.name] else {
      throw .tensor(
        name: tensor.name, found: places[tensor.name] == nil ? "a tensor to write" : "the tensor a second time",
        expected: "each tensor of the specification once")
    }
    guard entry.shape == tensor.shape, entry.dtype == tensor.dtype else {
      throw .tensor(
        name: tensor.name, found: "\(tensor.dtype.rawValue) \(tensor.shape)",
        expected: "\(entry.dtype.rawValue) \(entry.shape)")
    }
    var checksum = CRC32()
    for start in stride(from: 0, to: tensor.byteCount, by: Self.pieceCount) {
      let piece = tensor.withUnsafeBytes { Array($0[start..<min(start + Self.pieceCount, tensor.byteCount)]) }
      try append(piece, at: dataStart + entry.range.lowerBound + start, &checksum)
    }
    checksums[tensor.name] = checksum.value
    if let scales = tensor.scales, let place = places[tensor.name + ModelFile.scaleSuffix] {
      var checksum = CRC32()
      try append(scales, at: dataStart + place.range.lowerBound, &checksum)
      checksums[place.name] = checksum.value
    }
    waiting[tensor.name] = nil
  }

  private func append<Element: BitwiseCopyable>(
    _ elements: [Element], at offset: Int, _ checksum: inout CRC32
  ) throws(ModelFileError) {
    checksum.update(elements)
    try ModelFileError.files { () throws(FileError) in try file.write(elements, at: offset) }
  }

  private func check(_ values: ArraySlice<Float>, _ name: String, _ dtype: DType) throws(ModelFileError) {
    var greatest: Float = 0
    var sum: Float = 0
    for value in values {
      greatest = max(greatest, abs(value))
      // Zero unless the value is an infinity or a NaN, which then stays.
      sum += value * 0
    }
    guard sum == 0 else {
      throw .tensor(name: name, found: "a value that is not finite", expected: "finite weights")
    }
    guard dtype != .f16 || greatest <= Half.greatestFiniteMagnitude else {
      throw .tensor(
        name: name, found: "a weight of magnitude \(greatest)",
        expected: "at most \(Half.greatestFiniteMagnitude) in f16; write this file with f32 weights")
    }
  }

  /// Writes the header and gives the file its name. Returns the file's size.
  ///
  /// - Throws: `.missingTensors` with every tensor not written; `.file`.
  @discardableResult
  package func finish() throws(ModelFileError) -> Int {
    try writeHeader()
    return try commit()
  }

  /// Puts into the header what was found; there is room for it.
  func state(_ findings: ModelFindings) { metadata.specification = metadata.specification.stating(findings) }

  /// Where the bytes are until the file gets its name.
  var temporaryPath: String { file.temporaryPath }
  var path: String { file.path }

  /// Removes the unfinished file.
  func discard() { file.discard() }

  func writeHeader() throws(ModelFileError) {
    guard waiting.isEmpty else {
      file.discard()
      throw .missingTensors(requiredTensors(of: metadata.specification).filter { waiting[$0.name] != nil })
    }
    var unused = CRC32()
    for entry in entries where entry.name.hasPrefix(ModelFile.padPrefix) {
      try append([UInt8](repeating: 0, count: entry.range.count), at: dataStart + entry.range.lowerBound, &unused)
    }
    let header = SafetensorsHeader.encode(
      metadata: try metadata.encoded(checksums: checksums), entries: entries, byteCount: dataStart)
    guard header.count == dataStart else {
      throw .header(byteOffset: 0, found: "a header of \(header.count) bytes", expected: "\(dataStart), as laid out")
    }
    try append(header, at: 0, &unused)
  }

  func commit() throws(ModelFileError) -> Int {
    try ModelFileError.files { () throws(FileError) in try file.commit() }
    return byteCount
  }
}
