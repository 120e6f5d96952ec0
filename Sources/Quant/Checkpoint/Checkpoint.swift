import Foundation
import Quant

/// Named tensors of a file that some other program wrote: `.pth` (both forms), `.safetensors`, `.npy`, `.npz`.
///
/// Opening reads names and shapes; a tensor's data is read each time it is asked for, so that a file larger than the
/// memory can be converted tensor by tensor. Nothing in the file is ever run.
package final class Checkpoint {
  package enum Format: String, Codable, Sendable {
    case torchZip = "torch zip"
    case torchLegacy = "torch legacy"
    case safetensors
    case npy
    case npz
  }

  package let path: String
  package let format: Format
  package let byteCount: Int
  /// Names of all tensors, in the file's order. Nested dictionaries are flattened with dots.
  package let names: [String]
  /// Names of values that are no tensors: epoch counters, settings.
  package let otherNames: [String]
  /// Lists of texts by name: the names of outputs. In `.safetensors`, which has none, metadata that is a JSON list of them.
  package let texts: [String: [String]]
  private let tensors: [String: Tensor]

  private enum Tensor {
    case torch(TorchTensor)
    case safetensors(SafetensorsFile, SafetensorsHeader.Entry)
    case numpy(ZipArchive, ZipArchive.Entry, NumpyHeader)
    case array(NumpyArray)
  }

  /// Names of all values together; those of the largest networks have some 100 KB. Keys that are shared by many values
  /// make long names out of short files.
  private static let nameByteLimit = 64 << 20

  /// - Throws: `.unsupported` where the names are too long.
  fileprivate init(
    path: String, format: Format, byteCount: Int, contents: [(String, PickledValue)]
  ) throws(CheckpointError) {
    self.path = path
    self.format = format
    self.byteCount = byteCount
    var names: [String] = []
    var others: [String] = []
    var texts: [String: [String]] = [:]
    var tensors: [String: Tensor] = [:]
    func add(_ name: String, _ tensor: Tensor) {
      if tensors.updateValue(tensor, forKey: name) == nil { names.append(name) }
    }
    var nameByteCount = 0
    func flatten(_ name: String, _ value: PickledValue) throws(CheckpointError) {
      nameByteCount += name.utf8.count
      guard nameByteCount <= Self.nameByteLimit else {
        throw .unsupported(
          path: path, found: "names of more than \(Self.nameByteLimit) bytes", expected: "a network's state_dict()")
      }
      func joined(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }
      switch value {
      case .tensor(let tensor): add(name, .torch(tensor))
      case .array(let array): add(name, .array(array))
      case .dictionary(let members):
        for member in members {
          try flatten(joined(member.key.string ?? member.key.integer.map(String.init) ?? "?"), member.value)
        }
      case .list(let values) where !values.isEmpty && values.allSatisfy({ $0.string != nil }):
        others.append(name)
        texts[name] = values.compactMap(\.string)
      case .list(let values):
        for (index, value) in values.enumerated() { try flatten(joined("\(index)"), value) }
      default: others.append(name)
      }
    }
    for (name, value) in contents { try flatten(name, value) }
    self.names = names
    otherNames = others
    self.texts = texts
    self.tensors = tensors
  }

  fileprivate init(_ file: SafetensorsFile, path: String, byteCount: Int) {
    self.path = path
    format = .safetensors
    self.byteCount = byteCount
    names = file.header.entries.map(\.name)
    otherNames = []
    texts = file.header.metadata.compactMapValues { try? JSONDecoder().decode([String].self, from: Data($0.utf8)) }
    tensors = Dictionary(
      uniqueKeysWithValues: file.header.entries.map { ($0.name, .safetensors(file, $0)) })
  }

  fileprivate init(_ archive: ZipArchive, path: String, byteCount: Int) throws(CheckpointError) {
    self.path = path
    format = .npz
    self.byteCount = byteCount
    var names: [String] = []
    var others: [String] = []
    var tensors: [String: Tensor] = [:]
    for entry in archive.entries where entry.name.hasSuffix(".npy") {
      let name = String(entry.name.dropLast(4))
      // Unpacked for its header, and again when it is asked for: not all of them at once.
      let header = try NumpyHeader(try archive.extent(entry))
      if header.dtype.element != nil {
        names.append(name)
        tensors[name] = .numpy(archive, entry, header)
      } else {
        others.append(name)
      }
    }
    self.names = names
    otherNames = others
    texts = [:]
    self.tensors = tensors
  }

  private func tensor(_ name: String) throws(CheckpointError) -> Tensor {
    guard let tensor = tensors[name] else { throw .noSuchTensor(name: name) }
    return tensor
  }

  package func contains(_ name: String) -> Bool { tensors[name] != nil }

  /// - Throws: `.noSuchTensor`.
  package func shape(_ name: String) throws(CheckpointError) -> [Int] {
    switch try tensor(name) {
    case .torch(let tensor): tensor.shape
    case .safetensors(_, let entry): entry.shape
    case .numpy(_, _, let header): header.shape
    case .array(let array): array.shape
    }
  }

  /// - Throws: `.noSuchTensor`.
  package func dtype(_ name: String) throws(CheckpointError) -> DType {
    switch try tensor(name) {
    case .torch(let tensor): tensor.dtype
    case .safetensors(_, let entry): entry.dtype
    case .numpy(_, _, let header): header.dtype.element ?? .f32
    case .array: .f32
    }
  }

  /// A tensor's values in C order, in single precision, whatever its type.
  ///
  /// - Throws: `.noSuchTensor`, `.malformed` where the data is cut or damaged, `.cannotRead`.
  package func floats(_ name: String) throws(CheckpointError) -> [Float] {
    switch try tensor(name) {
    case .torch(let tensor): try tensor.floats()
    case .safetensors(let file, let entry): try file.floats(entry)
    case .numpy(let archive, let entry, let header): try NumpyFile.floats(try archive.extent(entry), header)
    case .array(let array): array.floats
    }
  }
}

/// Opens checkpoints of every kind; the file's first bytes decide, not its name.
package enum CheckpointReader {
  /// - Throws: `.cannotOpen`, `.unsupported` where the file is of no known kind (with a word on what it seems to be),
  ///   `.malformed`, `.refusedGlobal`, `.tensor`, `.cannotRead`.
  package static func open(_ path: String) throws(CheckpointError) -> Checkpoint {
    let file = try ByteFile(path: path)
    let start = try file.read(0..<min(512, file.byteCount), format: "file")
    if start.starts(with: [0x50, 0x4b, 0x03, 0x04]) || start.starts(with: [0x50, 0x4b, 0x05, 0x06]) {
      let archive = try ZipArchive(file)
      let isNumpy = !archive.entries.isEmpty && archive.entries.allSatisfy { $0.name.hasSuffix(".npy") }
      if isNumpy { return try Checkpoint(archive, path: path, byteCount: file.byteCount) }
      return try Checkpoint(
        path: path, format: .torchZip, byteCount: file.byteCount,
        contents: [("", try TorchFile.read(zip: archive, path: path))])
    }
    if start.starts(with: TorchFile.legacyPrefix) {
      return try Checkpoint(
        path: path, format: .torchLegacy, byteCount: file.byteCount,
        contents: [("", try TorchFile.read(legacy: file))])
    }
    if start.starts(with: NumpyHeader.magic) {
      let value = try NumpyFile.read(path)
      let name = if case .array = value { "array" } else { "" }
      return try Checkpoint(path: path, format: .npy, byteCount: file.byteCount, contents: [(name, value)])
    }
    if start.count > 8, start[8] == UInt8(ascii: "{") {
      return Checkpoint(try SafetensorsFile(file), path: path, byteCount: file.byteCount)
    }
    throw .unsupported(
      path: path, found: guess(start), expected: "a .pth of torch.save, .safetensors, .npz or .npy")
  }

  /// What an unknown file seems to be: the mistakes that users make most.
  private static func guess(_ start: [UInt8]) -> String {
    let text = String(decoding: start.prefix(64), as: UTF8.self).lowercased()
    if start.isEmpty { return "an empty file" }
    if text.contains("<html") || text.contains("<!doctype") { return "a web page (the download failed?)" }
    if text.hasPrefix("version https://git-lfs") { return "a Git LFS pointer (run git lfs pull)" }
    // The header of the archive's first file ends with it.
    if start.dropFirst(257).starts(with: [UInt8]("ustar".utf8)) {
      return "a tar archive (torch.save's oldest form? load and save it again with a newer torch)"
    }
    if start.starts(with: [0x1f, 0x8b]) { return "a gzip archive (unpack it first)" }
    if start[0] == 0x80, start.count > 1, start[1] <= 5 {
      return "a Python pickle that torch.save did not write (TensorFlow networks come so)"
    }
    if start.starts(with: [0x89, 0x48, 0x44, 0x46]) { return "an HDF5 file" }
    return "unknown bytes \(start.prefix(8).map { String($0, radix: 16) }.joined(separator: " "))"
  }
}
