import Files

/// Everything that can be wrong with an `.idinv` file, read or written (`docs/FORMAT.md`).
///
/// Each case says what is wrong, where (path, byte offset, metadata key, specification field or tensor name), and
/// what was expected.
package enum ModelFileError: Error, Equatable, Sendable {
  /// The file cannot be opened, read or written. Nothing half-written is left behind.
  case file(FileError)
  /// The file is of another kind: a picture, a checkpoint.
  case foreign(found: String, isConvertible: Bool)
  /// The header's length or JSON text breaks the format at a byte of the file.
  case header(byteOffset: Int, found: String, expected: String)
  /// A metadata entry is missing or has a wrong value.
  case metadata(key: String, found: String, expected: String)
  /// The format or quantization version is not one that this program reads.
  case unsupportedVersion(key: String, found: String, supported: String)
  /// The specification describes no network that can exist.
  case specification(field: String, found: String, expected: String)
  /// A tensor's type, shape, place, scale or values break the format.
  case tensor(name: String, found: String, expected: String)
  /// The specification demands tensors that the file, or its writer, lacks.
  case missingTensors([TensorRequirement])
  /// A tensor's bytes do not have the CRC-32 that the header states: the file is damaged.
  case checksum(name: String, found: UInt32, expected: UInt32)
}

extension ModelFileError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let error): error.description
    case .foreign(let found, let isConvertible):
      "is \(found); expected a model file (.idinv)"
        + (isConvertible ? ", which 'idinv-lite convert' makes of it" : "")
    case .header(let offset, let found, let expected):
      "not a valid model file: at byte \(offset), found \(found), expected \(expected)"
    case .metadata(let key, let found, let expected):
      "model file metadata '\(key)': found \(found), expected \(expected)"
    case .unsupportedVersion(let key, let found, let supported):
      "model file metadata '\(key)': version \(found) is not supported, expected \(supported); convert the checkpoint anew or update the program"
    case .specification(let field, let found, let expected):
      "model specification '\(field)': found \(found), expected \(expected)"
    case .tensor(let name, let found, let expected):
      "tensor '\(name)': found \(found), expected \(expected)"
    case .missingTensors(let tensors):
      "\(tensors.count) tensor\(tensors.count == 1 ? "" : "s") missing: "
        + tensors.map { "\($0.name) \($0.shape)" }.joined(separator: ", ")
    case .checksum(let name, let found, let expected):
      "tensor '\(name)': its data has CRC-32 \(hexadecimal(found)), expected \(hexadecimal(expected)): the file is damaged"
    }
  }
}

extension ModelFileError {
  /// Runs `body`, whose errors become `.file`.
  package static func files<Value>(_ body: () throws(FileError) -> Value) throws(ModelFileError) -> Value {
    do throws(FileError) { return try body() } catch { throw .file(error) }
  }
}

/// Eight lowercase hexadecimal digits.
package func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 8 - digits.count) + digits
}
