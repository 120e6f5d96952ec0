import Files
import Quant

/// Named tensors of a file that some other program wrote: `.pth` (both forms, also unpacked), `.safetensors`, `.npy`, `.npz`,
/// `.pkl`.
///
/// Opening reads names and shapes; a tensor's data is read each time it is asked for, so that a file larger than the
/// memory can be converted tensor by tensor. Nothing in the file is ever run.
package final class Checkpoint {
  package enum Format: String, Codable, Sendable {
    case torchZip = "torch zip"
    case torchLegacy = "torch legacy"
    case torchFolder = "torch folder"
    case pickle
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
  /// Texts, truth values and numbers by name: what a network was built with.
  package let settings: [String: String]
  /// Classes of the objects in the file, by the objects' names.
  package let classes: [String: String]
  /// Tensors and arrays of kinds that are not read, by name: which kind.
  package let unreadable: [String: String]
  private let tensors: [String: Tensor]

  private enum Tensor {
    case torch(TorchTensor)
    case safetensors(SafetensorsFile, SafetensorsHeader.Entry)
    case numpy(ZipArchive, ZipArchive.Entry, NumpyHeader)
    case array(NumpyArray)
  }

  /// - Throws: `.unsupported` where the names are too long.
  init(
    path: String, format: Format, byteCount: Int, contents: [(String, PickledValue)]
  ) throws(CheckpointError) {
    self.path = path
    self.format = format
    self.byteCount = byteCount
    var flat = FlatValues(path: path)
    for (name, value) in contents { try flat.add(name, value) }
    names = flat.names
    otherNames = flat.others
    texts = flat.texts
    settings = flat.settings
    classes = flat.classes
    unreadable = flat.unreadable
    tensors = flat.tensors.mapValues { value in
      switch value {
      case .tensor(let tensor): .torch(tensor)
      case .array(let array): .array(array)
      }
    }
  }

  init(_ file: SafetensorsFile, path: String, byteCount: Int) {
    self.path = path
    format = .safetensors
    self.byteCount = byteCount
    names = file.header.entries.map(\.name)
    otherNames = []
    settings = [:]
    classes = [:]
    unreadable = Dictionary(
      uniqueKeysWithValues: file.header.otherEntries.map { ($0.name, "a tensor of type \($0.typeName)") })
    texts = file.header.metadata.compactMapValues { try? JSONText.decode([String].self, from: $0.utf8) }
    tensors = Dictionary(
      uniqueKeysWithValues: file.header.entries.map { ($0.name, .safetensors(file, $0)) })
  }

  init(_ archive: ZipArchive, path: String, byteCount: Int) throws(CheckpointError) {
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
    settings = [:]
    classes = [:]
    unreadable = [:]
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
  /// - Throws: `.noSuchTensor`, `.malformed` where the data is cut or damaged, `.file`.
  package func floats(_ name: String) throws(CheckpointError) -> [Float] {
    switch try tensor(name) {
    case .torch(let tensor): try tensor.floats()
    case .safetensors(let file, let entry): try file.floats(entry)
    case .numpy(let archive, let entry, let header): try NumpyFile.floats(try archive.extent(entry), header)
    case .array(let array): array.floats
    }
  }
}
