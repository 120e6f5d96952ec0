import Quant

/// A `.safetensors` file of any origin: names, shapes, and data read when asked for.
struct SafetensorsFile {
  let header: SafetensorsHeader
  private let file: ByteFile

  static let format = "safetensors file"
  /// The bound that the reference implementation has.
  static let headerLimit = 100_000_000

  /// - Throws: `.malformed`, `.tensor`, `.file`.
  init(_ file: ByteFile) throws(CheckpointError) {
    self.file = file
    let prefixByteCount = SafetensorsHeader.prefixByteCount
    do throws(SafetensorsHeader.Fault) {
      let prefix = (try? file.read(0..<min(prefixByteCount, file.byteCount), format: Self.format)) ?? []
      let length = try SafetensorsHeader.length(
        prefix: prefix, fileByteCount: file.byteCount, limit: Self.headerLimit)
      let json = (try? file.read(prefixByteCount..<prefixByteCount + length, format: Self.format)) ?? []
      header = try SafetensorsHeader(json: json, fileByteCount: file.byteCount, isForeign: true)
    } catch {
      switch error.place {
      case .byte(let offset):
        throw CheckpointError.malformed(
          format: Self.format, byteOffset: offset, found: error.found, expected: error.expected)
      case .metadata(let key):
        throw CheckpointError.malformed(
          format: Self.format, byteOffset: prefixByteCount, found: "\(error.found) for metadata '\(key)'",
          expected: error.expected)
      case .tensor(let name):
        throw CheckpointError.tensor(name: name, found: error.found, expected: error.expected)
      }
    }
  }

  func floats(_ entry: SafetensorsHeader.Entry) throws(CheckpointError) -> [Float] {
    let extent = try ByteExtent(file, entry.range, format: Self.format)
    return try FloatDecoding.decode(
      extent, elements: 0..<entry.range.count / entry.dtype.byteCount, as: entry.dtype)
  }
}
