import Quant

/// What the allowed globals make: tensors, arrays, ordered dictionaries, and instances that stay as they were written.
extension PickleMachine {
  /// The REDUCE opcode.
  mutating func call(
    _ global: PickleGlobal, _ arguments: [PickleObject]
  ) throws(CheckpointError) -> PickleObject {
    func wrong(_ expected: String) -> CheckpointError {
      fault(
        "\(arguments.count) arguments of \(global.name) (\(arguments.map(\.kind).joined(separator: ", ")))", expected)
    }
    switch global {
    case .orderedDictionary: return try dictionary(arguments.first)
    case .rebuildTensor, .rebuildTensorVersion2:
      guard let tensor = try tensor(arguments) else { throw wrong("a storage, an offset, sizes and strides") }
      return tensor
    case .rebuildParameter:
      guard let data = arguments.first else { throw wrong("a tensor") }
      return data
    case .torchSize:
      guard let sizes = arguments.first else { throw wrong("a tuple") }
      return make(.tuple(try items(sizes)))
    case .codecsEncode:
      guard arguments.count == 2, let text = arguments[0].text, arguments[1].text == "latin1",
        text.unicodeScalars.allSatisfy({ $0.value < 256 })
      else { throw wrong("text and 'latin1'") }
      return .bytes(text.unicodeScalars.map { UInt8($0.value) })
    case .rebuildFromType:
      guard arguments.count >= 3, case .global(let maker) = arguments[0], maker != .rebuildFromType else {
        throw wrong("a function, a type and the function's arguments")
      }
      return try call(maker, try items(arguments[2]))
    case .loadFromBytes: return try storage(arguments)
    case .persistentObject: return try persistentObject(arguments)
    case .reconstructor:
      guard arguments.count == 3 else { throw wrong("a class, its base and a state") }
      return try instance(arguments[0], [])
    case .inert(let name): return try inert(name, arguments)
    case .rebuildOpaque(let kind): return make(.unreadable(kind))
    case .torchStorage, .opaqueStorage, .numpyArray: throw wrong("no call of it")
    case .numpyReconstruct, .numpyDType, .numpyScalar, .numpyFromBuffer, .rebuildFromNumpy:
      guard let made = try numpyObject(global, arguments) else { throw wrong(Self.numpyArguments(global)) }
      return made
    }
  }

  private mutating func dictionary(_ list: PickleObject?) throws(CheckpointError) -> PickleObject {
    guard let list else { return make(.dictionary([])) }
    var members: [(key: PickleObject, value: PickleObject)] = []
    for item in try items(list) {
      let pair = try items(item)
      try charge(pair.count)
      members += try pairs(pair)
    }
    return make(.dictionary(members))
  }

  /// Nil where the arguments are others than a storage, an offset, sizes and strides.
  private mutating func tensor(_ arguments: [PickleObject]) throws(CheckpointError) -> PickleObject? {
    guard arguments.count >= 4, case .node(let index) = arguments[0],
      case .storage(let storage) = nodes[index], case .integer(let offset) = arguments[1]
    else { return nil }
    if let opaque = storage.id.opaque { return make(.unreadable(opaque.kind)) }
    let shape = try integers(arguments[2])
    let strides = try integers(arguments[3])
    do {
      return make(.tensor(try TorchTensor(storage: storage, offset: offset, shape: shape, strides: strides)))
    } catch {
      throw fault(error.found, error.expected)
    }
  }

  /// What NumPy's globals make; nil where the arguments are others than `numpyArguments`.
  private mutating func numpyObject(
    _ global: PickleGlobal, _ arguments: [PickleObject]
  ) throws(CheckpointError) -> PickleObject? {
    switch global {
    case .numpyReconstruct:
      guard case .global(.numpyArray) = arguments.first else { return nil }
      return make(.emptyArray)
    case .numpyDType:
      guard let text = arguments.first?.text, let dtype = NumpyDType(text) else { return nil }
      return make(.dtype(dtype))
    case .numpyScalar:
      guard arguments.count == 2, case .node(let index) = arguments[0], case .dtype(let dtype) = nodes[index] else {
        return nil
      }
      return try scalar(dtype, arguments[1])
    case .numpyFromBuffer:
      guard arguments.count == 4, let bytes = try data(arguments[0]), case .node(let index) = arguments[1],
        case .dtype(let dtype) = nodes[index], let order = arguments[3].text
      else { return nil }
      return make(.array(try array(bytes, dtype, shape: try integers(arguments[2]), isFortran: order == "F")))
    default:
      guard let array = arguments.first, case .node(let index) = array, case .array = nodes[index] else { return nil }
      return array
    }
  }

  private static func numpyArguments(_ global: PickleGlobal) -> String {
    switch global {
    case .numpyReconstruct: "numpy.ndarray"
    case .numpyDType: "the name of a number type, such as f4, or O"
    case .numpyScalar: "a type and its bytes"
    case .numpyFromBuffer: "bytes, a number type, a shape and an order"
    default: "a NumPy array"
    }
  }

  /// One number or text of NumPy's; nil where the bytes are not of the type.
  private func scalar(_ dtype: NumpyDType, _ object: PickleObject) throws(CheckpointError) -> PickleObject? {
    guard let bytes = try data(object) else { return nil }
    guard let element = dtype.element else {
      // UTF-32 in the machine's order, padded with zeros.
      guard dtype.kind == "U", bytes.count % 4 == 0 else { return .string("a NumPy scalar") }
      var scalars = String.UnicodeScalarView()
      for at in stride(from: 0, to: bytes.count, by: 4) where word32(bytes, at) != 0 {
        let code = dtype.isBigEndian ? word32(bytes, at).byteSwapped : word32(bytes, at)
        scalars.append(Unicode.Scalar(code) ?? "?")
      }
      return .string(String(scalars))
    }
    guard bytes.count == element.byteCount else { return nil }
    switch dtype.kind {
    case "b": return .bool(bytes[0] != 0)
    case "i", "u":
      let ordered = dtype.isBigEndian ? bytes : bytes.reversed()
      let isNegative = dtype.kind == "i" && ordered[0] >= 0x80
      let value = ordered.reduce(isNegative ? UInt64.max : 0) { $0 << 8 | UInt64($1) }
      return .integer(Int(truncatingIfNeeded: value))
    default:
      var values: [Float] = [0]
      FloatDecoding.decode(bytes, as: element, bigEndian: dtype.isBigEndian, into: &values, at: 0)
      if element == .f64 {
        let ordered = dtype.isBigEndian ? Array(bytes.reversed()) : bytes
        return .real(Double(bitPattern: word64(ordered, 0)))
      }
      return .real(Double(values[0]))
    }
  }

  /// The BUILD opcode: state for an object made before.
  mutating func build(_ object: PickleObject, _ state: PickleObject) throws(CheckpointError) {
    guard case .node(let index) = object else { throw fault("a state for \(object.kind)", "an array or dictionary") }
    switch nodes[index] {
    // A state dictionary's `_metadata` attribute: module versions, of no use here.
    case .dictionary: return
    case .dtype(let dtype):
      let fields = try items(state)
      guard fields.count >= 2, let order = fields[1].text else {
        throw fault("a dtype's state of \(fields.count) fields", "a version and a byte order")
      }
      nodes[index] = .dtype(NumpyDType(kind: dtype.kind, size: dtype.size, isBigEndian: order == ">"))
    case .emptyArray:
      let fields = try items(state)
      guard fields.count == 5, case .node(let typeIndex) = fields[2], case .dtype(let dtype) = nodes[typeIndex],
        case .bool(let isFortran) = fields[3]
      else { throw fault("an array's state of \(fields.count) fields", "version, shape, dtype, order, data") }
      let shape = try integers(fields[1])
      guard let count = elementCount(of: shape) else { throw fault("shape \(shape)", "one within 63 bits") }
      guard dtype.element != nil || dtype.isObject else {
        nodes[index] = .unreadable("an array of type \(dtype.kind)\(dtype.size)")
        return
      }
      guard dtype.element != nil else {
        let objects = try items(fields[4])
        guard objects.count == count else { throw fault("\(objects.count) objects", "\(count), shape \(shape)") }
        nodes[index] = .objectArray(shape: shape, objects)
        return
      }
      guard let bytes = try data(fields[4]) else { throw fault("an array without bytes", "its data") }
      nodes[index] = .array(try array(bytes, dtype, shape: shape, isFortran: isFortran))
    case .instance(var instance):
      try addState(state, to: &instance)
      if instance.className == InertGlobals.tensorFlowNetwork {
        try checkSource(of: instance.className, in: instance.members, key: "build_module_src")
      }
      nodes[index] = .instance(instance)
    // A deque's length, a tensor's attributes.
    case .list, .tensor, .array, .unreadable: return
    default: throw fault("a state for what has none", "an array or dictionary")
    }
  }

  private mutating func array(
    _ bytes: [UInt8], _ dtype: NumpyDType, shape: [Int], isFortran: Bool
  ) throws(CheckpointError) -> NumpyArray {
    guard let element = dtype.element, let count = elementCount(of: shape),
      bytes.count / element.byteCount == count, bytes.count % element.byteCount == 0
    else { throw fault("array data of another length", "numbers for shape \(shape)") }
    try charge(count)
    var values = [Float](repeating: 0, count: count)
    FloatDecoding.decode(bytes, as: element, bigEndian: dtype.isBigEndian, into: &values, at: 0)
    return NumpyArray(shape: shape, floats: isFortran ? NumpyArray.rowMajor(values, shape: shape) : values)
  }

  /// The BINPERSID opcode: a storage.
  mutating func persistent(_ fields: [PickleObject]) throws(CheckpointError) -> PickleObject {
    guard let storages else { throw fault("a persistent id", "a pickle without any") }
    guard fields.count >= 5, fields[0].text == "storage", let (dtype, opaque) = storageType(fields[1]),
      let key = fields[2].text, case .integer(let count) = fields[4], count >= 0
    else { throw fault("a persistent id of \(fields.count) fields", "a storage's type, key, place and size") }
    var view: TorchStorageID.View?
    if fields.count > 5, case .node = fields[5] {
      let parts = try items(fields[5])
      guard parts.count == 3, case .integer(let offset) = parts[1], case .integer(let size) = parts[2],
        offset >= 0, size >= 0, offset <= count, size <= count - offset
      else { throw fault("a view outside of its storage", "a range of its \(count) elements") }
      view = .init(offset: offset, count: size)
    }
    let id = TorchStorageID(key: key, dtype: dtype, count: count, view: view, opaque: opaque)
    return make(.storage(try storages(id)))
  }

  private func storageType(_ object: PickleObject) -> (dtype: DType, opaque: OpaqueType?)? {
    switch object {
    case .global(.torchStorage(let dtype)): (dtype, nil)
    case .global(.opaqueStorage(let type)): (.u8, type)
    default: nil
    }
  }

  private func integers(_ object: PickleObject) throws(CheckpointError) -> [Int] {
    var integers: [Int] = []
    for item in try items(object) {
      guard case .integer(let integer) = item, integers.count < 64 else {
        throw fault(item.kind, "at most 64 integers")
      }
      integers.append(integer)
    }
    return integers
  }

  func data(_ object: PickleObject) throws(CheckpointError) -> [UInt8]? {
    switch object {
    case .bytes(let bytes), .byteString(let bytes): return bytes
    case .storedBytes(let extent): return try extent.readAll()
    default: return nil
    }
  }
}
