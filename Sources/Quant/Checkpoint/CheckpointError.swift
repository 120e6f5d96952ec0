import Files
import Quant

/// Everything that can be wrong with a checkpoint or an array file, or with turning checkpoints into a model file.
///
/// Each case says what is wrong, where (path, byte offset or tensor name), and what was expected.
package enum CheckpointError: Error, Equatable, Sendable {
  /// A file cannot be opened, read or written.
  case file(FileError)
  /// What a file holds does not fit into memory.
  case outOfMemory(path: String, what: String)
  /// The file is of a kind that is not read at all.
  case unsupported(path: String, found: String, expected: String)
  /// The file breaks its format at a byte.
  case malformed(format: String, byteOffset: Int, found: String, expected: String)
  /// The file is none of its format at all.
  case otherFormat(format: String, found: String)
  /// A pickle asks for a Python object that is not plain data. Nothing of it was run.
  case refusedGlobal(name: String, byteOffset: Int)
  /// A pickle carries Python source that does more than build a network. Nothing of it was run.
  case refusedSource(className: String, word: String, byteOffset: Int)
  /// The file has no tensor of this name.
  case noSuchTensor(name: String)
  /// A tensor's shape, type, place or values are wrong.
  case tensor(name: String, found: String, expected: String)
  /// The tensor has Caffe's weights with their channels turned round, and nothing says that they are meant to be.
  case reversedChannels(tensor: String)
  /// An option of the conversion does not go with the checkpoint.
  case badOption(name: String, found: String, expected: String)
  /// A checkpoint is not of the network that it was given for.
  case wrongNetwork(part: String, found: String, expected: String)
  /// Tensors that a network needs and its checkpoint lacks: all of them.
  case missingTensors(part: String, tensors: [MissingTensor])
  /// Two checkpoints do not belong to one model.
  case mismatch(what: String, found: String, expected: String)
  /// The model file cannot be written.
  case modelFile(ModelFileError)
  /// One of several files is damaged or refused: which.
  indirect case inFile(path: String, CheckpointError)
  /// A known network cannot be converted: what the file holds ("a StyleGAN2 generator (genforce's names)"), and why not.
  indirect case inNetwork(found: String, CheckpointError)
}

/// A tensor that was looked for.
package struct MissingTensor: Codable, Equatable, Sendable {
  package var name: String
  /// Nil where the shape depends on tensors that are missing too.
  package var shape: [Int]?

  package init(name: String, shape: [Int]?) {
    self.name = name
    self.shape = shape
  }
}

extension CheckpointError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let error): error.description
    case .outOfMemory(let path, let what): "\(path): \(what) do not fit into memory"
    case .unsupported(let path, let found, let expected) where found.hasPrefix("this is "):
      "\(path): \(found): expected \(expected)"
    case .unsupported(let path, let found, let expected): "\(path): found \(found), expected \(expected)"
    case .malformed(let format, let offset, let found, let expected):
      "damaged \(format): at byte \(offset), found \(found), expected \(expected)"
    case .otherFormat(let format, let found): "is no \(format): found \(found)"
    case .refusedGlobal(let name, let offset) where Self.tensorKind(name) != nil:
      "at byte \(offset) is a tensor of a kind that is not read: \(Self.tensorKind(name)!) ('\(name)'); expected dense "
        + "tensors of real numbers: in Python, convert them before saving, for example with .to_dense() or .float()"
    case .refusedGlobal(let name, let offset):
      "the pickle asks for the Python object '\(name)' at byte \(offset), which is not plain data and was not run; "
        + "expected tensors, numbers, strings, lists and dictionaries: in Python, save the network's state_dict() alone"
    case .refusedSource(let className, let word, let offset):
      "the pickle carries Python source for '\(className)' at byte \(offset) that uses '\(word)', which no network needs; "
        + "nothing of it was run, and Python's loader would run it: do not load the file there either"
    case .noSuchTensor(let name): "there is no tensor '\(name)'"
    case .tensor(let name, let found, let expected): "tensor '\(name)': found \(found), expected \(expected)"
    case .reversedChannels(let name):
      "tensor '\(name)': found Caffe's VGG16 with its channels in RGB order, expected the published order, BGR, or to be told "
        + "what the network reads"
    case .badOption(let name, let found, let expected): "\(name): expected \(expected), found \(found)"
    case .wrongNetwork(_, let found, let expected) where found.hasSuffix(Self.unread):
      "this is \(found): expected \(expected)"
    case .wrongNetwork(let part, let found, let expected):
      "this is \(found), not \(NetworkPart(rawValue: part)?.withArticle ?? part): expected \(expected)"
    case .missingTensors(let part, let tensors):
      "the \(NetworkPart(rawValue: part)?.title ?? part) lacks \(Self.list(tensors))"
    case .mismatch(let what, let found, let expected):
      "the checkpoints do not belong together: \(what) is \(found), expected \(expected)"
    case .modelFile(let error): error.description
    case .inFile(let path, let error): "\(path): \(error.description)"
    case .inNetwork(let found, .missingTensors(_, let tensors)): "this is \(found), and lacks \(Self.list(tensors))"
    case .inNetwork(let found, let error): "this is \(found): \(error.description)"
    }
  }

  /// Of a network that is one of the wanted kind.
  static let unread = ", which is not read"

  /// Whether it is about what a checkpoint holds, and not about its file, options, or other checkpoints.
  var isOfTensors: Bool {
    switch self {
    case .missingTensors, .noSuchTensor, .tensor, .unsupported, .wrongNetwork: true
    default: false
    }
  }

  /// As many names as a reader takes in; the error has all of them.
  private static let listedCount = 12

  private static func list(_ tensors: [MissingTensor]) -> String {
    let listed = tensors.prefix(listedCount).map { $0.name + ($0.shape.map { " \($0)" } ?? "") }
    let rest = tensors.count - listed.count
    return "\(tensors.count) tensor\(tensors.count == 1 ? "" : "s"): " + listed.joined(separator: ", ")
      + (rest > 0 ? " and \(rest) more" : "")
  }
}

extension CheckpointError {
  /// What kind of tensor a global of torch stands for, where that is no kind that is read.
  private static func tensorKind(_ global: String) -> String? {
    guard global.hasPrefix("torch.") else { return nil }
    let kinds = [
      ("sparse", "sparse"), ("qtensor", "quantized"), ("quint", "quantized"), ("qint", "quantized"),
      ("per_tensor_affine", "quantized"), ("per_channel", "quantized"), ("complex", "complex"),
      ("float8", "8-bit floats"), ("nested", "nested"),
      ("_rebuild_tensor_v3", "a type without a storage class of its own, such as 8-bit floats"),
      ("untypedstorage", "a type without a storage class of its own, such as 8-bit floats"),
    ]
    let lowered = global.lowercased()
    return kinds.first { lowered.contains($0.0) }?.1
  }

  /// Runs `body`, whose errors become `.file`.
  package static func files<Value>(_ body: () throws(FileError) -> Value) throws(CheckpointError) -> Value {
    do throws(FileError) { return try body() } catch { throw .file(error) }
  }

  /// The error with a file's path, where there is one to say.
  func inFile(_ path: String?) -> CheckpointError { path.map { .inFile(path: $0, self) } ?? self }

  /// The error with the file's path, where it does not say that already.
  package func located(in path: String) -> CheckpointError {
    switch self {
    case .malformed, .otherFormat, .refusedGlobal, .refusedSource: .inFile(path: path, self)
    default: self
    }
  }
}
