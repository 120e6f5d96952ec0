import Quant

/// A value on the pickle machine's stack. Containers are numbers of nodes in the machine's flat list: no nesting of
/// Swift objects, hence no deep recursion when hostile nesting is freed, and no leak by cycles.
enum PickleObject {
  case none
  case bool(Bool)
  case integer(Int)
  /// An integer beyond 64 bits: two's complement, little-endian.
  case long([UInt8])
  case real(Double)
  case string(String)
  case bytes([UInt8])
  /// Many bytes, which are still in the file.
  case storedBytes(ByteExtent)
  /// Python 2's `str`: text as a name, bytes as an array's data.
  case byteString([UInt8])
  case global(PickleGlobal)
  case node(Int)

  /// Text, where the value is any; Python 2's bytes are read as Latin-1.
  var text: String? {
    switch self {
    case .string(let text): return text
    case .byteString(let bytes):
      var scalars = String.UnicodeScalarView()
      scalars.append(contentsOf: bytes.map { Unicode.Scalar($0) })
      return String(scalars)
    default: return nil
    }
  }

  /// For messages.
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a bool"
    case .integer, .long: "an integer"
    case .real: "a float"
    case .string: "a string"
    case .bytes, .storedBytes, .byteString: "bytes"
    case .global(let global): "the global \(global.name)"
    case .node: "a container"
    }
  }
}

enum PickleNode {
  case list([PickleObject])
  case tuple([PickleObject])
  case dictionary([(key: PickleObject, value: PickleObject)])
  case storage(TorchStorage)
  case tensor(TorchTensor)
  case dtype(NumpyDType)
  /// A NumPy array between its creation and its state.
  case emptyArray
  case array(NumpyArray)
  /// A NumPy array of Python objects.
  case objectArray(shape: [Int], [PickleObject])
  /// An instance of a class that is kept as it was written.
  case instance(PickleInstance)
  /// An array or tensor that is no numbers, or none of a kind that is read: which.
  case unreadable(String)
}

/// An instance of a class that a checkpoint may hold beside its weights: what was written down of it, never made.
struct PickleInstance {
  var className: String
  var arguments: [PickleObject] = []
  /// Attributes, and entries of a mapping.
  var members: [(key: PickleObject, value: PickleObject)] = []
  /// Elements of a sequence.
  var items: [PickleObject] = []
}

/// The Python names that pickles of tensors, arrays, plain containers and the things beside them use. Nothing else is ever
/// looked up.
enum PickleGlobal: Equatable {
  case orderedDictionary
  case rebuildTensor
  case rebuildTensorVersion2
  case rebuildParameter
  /// A tensor of a class of its own, made by a function of this list.
  case rebuildFromType
  /// A tensor of a device that has no storages, as a NumPy array.
  case rebuildFromNumpy
  case torchSize
  case torchStorage(DType)
  /// A storage of numbers that are not read.
  case opaqueStorage(OpaqueType)
  /// A function that makes a tensor that is not read, and what it is.
  case rebuildOpaque(String)
  /// A storage in a pickle that torch.save did not write: a file of its own within.
  case loadFromBytes
  /// A module of NVIDIA's, with its source; only its state is read.
  case persistentObject
  case numpyReconstruct
  case numpyArray
  case numpyDType
  case numpyScalar
  case numpyFromBuffer
  case codecsEncode
  /// `copyreg._reconstructor`: an instance of a class of this list.
  case reconstructor
  /// A class or constant that says nothing about weights, by its name (`InertGlobals`).
  case inert(String)

  init?(module: String, name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch._utils", "_rebuild_tensor"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensorVersion2
    case ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"):
      self = .rebuildParameter
    case ("torch._tensor", "_rebuild_from_type_v2"): self = .rebuildFromType
    case ("torch._utils", "_rebuild_device_tensor_from_numpy"): self = .rebuildFromNumpy
    case ("torch", "Size"): self = .torchSize
    case ("torch.storage", "_load_from_bytes"): self = .loadFromBytes
    case ("torch_utils.persistence", "_reconstruct_persistent_obj"): self = .persistentObject
    case ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"):
      self = .numpyReconstruct
    case ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"): self = .numpyScalar
    // Protocol 5 writes arrays so.
    case ("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer"): self = .numpyFromBuffer
    case ("numpy", "ndarray"): self = .numpyArray
    case ("numpy", "dtype"): self = .numpyDType
    case ("_codecs", "encode"): self = .codecsEncode
    case ("copyreg", "_reconstructor"), ("copy_reg", "_reconstructor"): self = .reconstructor
    default:
      if module == "torch" || module == "torch.cuda", let dtype = Self.storages[name] {
        self = .torchStorage(dtype)
      } else if ["torch", "torch.cuda", "torch.storage"].contains(module), let type = OpaqueType.storages[name] {
        self = .opaqueStorage(type)
      } else if module == "torch._utils", let kind = OpaqueType.makers[name] {
        self = .rebuildOpaque(kind)
      } else if InertGlobals.contains(module: module, name: name) {
        self = .inert("\(module).\(name)")
      } else {
        return nil
      }
    }
  }

  private static let storages: [String: DType] = [
    "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16, "DoubleStorage": .f64,
    "LongStorage": .i64, "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8,
    "BoolStorage": .bool,
  ]

  var name: String {
    switch self {
    case .orderedDictionary: "collections.OrderedDict"
    case .rebuildTensor: "torch._utils._rebuild_tensor"
    case .rebuildTensorVersion2: "torch._utils._rebuild_tensor_v2"
    case .rebuildParameter: "torch._utils._rebuild_parameter"
    case .rebuildFromType: "torch._tensor._rebuild_from_type_v2"
    case .rebuildFromNumpy: "torch._utils._rebuild_device_tensor_from_numpy"
    case .loadFromBytes: "torch.storage._load_from_bytes"
    case .persistentObject: "torch_utils.persistence._reconstruct_persistent_obj"
    case .reconstructor: "copyreg._reconstructor"
    case .inert(let name): name
    case .torchSize: "torch.Size"
    case .torchStorage(let dtype): "torch storage of \(dtype.rawValue)"
    case .opaqueStorage(let type): "torch storage of \(type.kind)"
    case .rebuildOpaque(let kind): "torch._utils function for \(kind)"
    case .numpyReconstruct: "numpy.core.multiarray._reconstruct"
    case .numpyArray: "numpy.ndarray"
    case .numpyDType: "numpy.dtype"
    case .numpyScalar: "numpy.core.multiarray.scalar"
    case .numpyFromBuffer: "numpy.core.numeric._frombuffer"
    case .codecsEncode: "_codecs.encode"
    }
  }
}
