import Files
import Glibc

/// An `.idinv` model file, mapped and fully validated: whoever has one may use every tensor of its specification.
///
/// The format is a profile of safetensors (`docs/FORMAT.md`). Opening reads the header and the scales, not the weights.
package final class ModelFile: Sendable {
  package let path: String
  package let metadata: ModelMetadata
  /// Size of the file.
  package let byteCount: Int
  /// The tensors that the specification demands, in the file's order. Scale tensors are not listed:
  /// `WeightTensor.scales` has them.
  package let tensorNames: [String]

  /// SHA-256 of the header, in hexadecimal: it states the checksum of every tensor, so that files with equal headers hold
  /// the same model. Names the model without a look at its weights.
  package let identity: String

  private let mapping: MappedFile
  private let tensors: [String: WeightTensor]
  private let checksums: [(name: String, range: Range<Int>, expected: UInt32)]

  /// Networks that the file holds.
  package var specification: ModelSpecification { metadata.specification }

  /// Largest JSON header that is read: hundreds of times what the largest network needs.
  package static let headerLimit = 16 << 20

  /// Suffix of the tensor that holds an i8 tensor's scales.
  package static let scaleSuffix = ".scale"
  /// Prefix of tensors that only fill space up to the next aligned one.
  package static let padPrefix = "__pad."
  /// Every tensor begins at a multiple of this many bytes.
  package static let alignment = 64

  /// Maps and validates a file.
  ///
  /// - Throws: any `ModelFileError` but `.checksum`.
  package init(path: String) throws(ModelFileError) {
    let mapping = try Self.map(path)
    let contents = try Self.validate(mapping)
    self.path = path
    self.mapping = mapping
    byteCount = mapping.bytes.count
    metadata = contents.metadata
    tensorNames = contents.tensors.map(\.name)
    tensors = Dictionary(uniqueKeysWithValues: contents.tensors.map { ($0.name, $0) })
    checksums = contents.checksums
    identity = Self.digest(ofHeaderIn: mapping)
  }

  private static func digest(ofHeaderIn mapping: MappedFile) -> String {
    // Eight bytes, little-endian, say how long it is.
    let length = mapping.bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    var hash = SHA256()
    hash.update([UInt8](mapping.bytes.prefix(8 + length)))
    return hash.hexDigest()
  }

  private static func map(_ path: String) throws(ModelFileError) -> MappedFile {
    let mapping = try ModelFileError.files { () throws(FileError) in try MappedFile(path: path) }
    let count = mapping.bytes.count
    let start = [UInt8](mapping.bytes.prefix(FileGuess.byteCount))
    // Behind the header's length, which may be any bytes, a brace begins the header.
    if start.dropFirst(SafetensorsHeader.prefixByteCount).first != UInt8(ascii: "{") {
      if let found = FileGuess.checkpoint(start) { throw .foreign(found: found, isConvertible: true) }
      if let found = FileGuess.name(start) { throw .foreign(found: found, isConvertible: false) }
    }
    guard count > SafetensorsHeader.prefixByteCount else {
      throw .header(
        byteOffset: 0, found: "a file of \(count) bytes", expected: "a header length in 8 bytes and a JSON header")
    }
    return mapping
  }

  /// Checks that the file still is what was opened.
  ///
  /// - Throws: `.file` where somebody has written to it since: what was computed with it cannot be trusted.
  package func verifyUnchanged() throws(ModelFileError) {
    try ModelFileError.files { () throws(FileError) in
      try mapping.verifyUnchanged { (try? verifyChecksums()) != nil }
    }
  }

  /// A tensor by its name in the specification.
  ///
  /// - Throws: `.tensor` where the file's specification has no such tensor.
  package func tensor(_ name: String) throws(ModelFileError) -> WeightTensor {
    guard let tensor = tensors[name] else {
      throw .tensor(name: name, found: "no such tensor", expected: "one that the file's specification demands")
    }
    return tensor
  }

  /// Gives the kernel back what is in memory of the file. Of a file that is not in the disk's cache, that is more than was
  /// read.
  package func adviseDontNeed() { mapping.advise(0..<byteCount, Int32(MADV_DONTNEED)) }

  private static let checkedAtOnce = 4 << 20

  /// Reads every byte of data and compares each tensor's CRC-32 with the header's.
  ///
  /// - Throws: `.checksum` for the first damaged tensor.
  package func verifyChecksums() throws(ModelFileError) {
    for (name, range, expected) in checksums {
      var checksum = CRC32()
      // Piece by piece: the largest tensor may be larger than the memory that there is.
      for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.checkedAtOnce) {
        let piece = start..<min(start + Self.checkedAtOnce, range.upperBound)
        checksum.update(UnsafeRawBufferPointer(rebasing: mapping.bytes[piece]))
        mapping.advise(piece, Int32(MADV_DONTNEED))
      }
      guard checksum.value == expected else {
        throw .checksum(name: name, found: checksum.value, expected: expected)
      }
    }
  }
}
