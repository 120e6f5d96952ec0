import Quant

/// What the allowed globals make: tensors, arrays, ordered dictionaries.
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
    case .orderedDictionary:
      guard let list = arguments.first else { return make(.dictionary([])) }
      var members: [(key: PickleObject, value: PickleObject)] = []
      for item in try items(list) {
        let pair = try items(item)
        try charge(pair.count)
        members += try pairs(pair)
      }
      return make(.dictionary(members))
    case .rebuildTensor, .rebuildTensorVersion2:
      guard arguments.count >= 4, case .node(let index) = arguments[0],
        case .storage(let storage) = nodes[index], case .integer(let offset) = arguments[1]
      else { throw wrong("a storage, an offset, sizes and strides") }
      let shape = try integers(arguments[2])
      let strides = try integers(arguments[3])
      do {
        return make(.tensor(try TorchTensor(storage: storage, offset: offset, shape: shape, strides: strides)))
      } catch {
        throw fault(error.found, error.expected)
      }
    case .rebuildParameter:
      guard let data = arguments.first else { throw wrong("a tensor") }
      return data
    case .torchSize:
      guard let sizes = arguments.first else { throw wrong("a tuple") }
      return make(.tuple(try items(sizes)))
    case .numpyReconstruct:
      guard case .global(.numpyArray) = arguments.first else { throw wrong("numpy.ndarray") }
      return make(.emptyArray)
    case .numpyDType:
      guard let text = arguments.first?.text, let dtype = NumpyDType(text) else {
        throw wrong("the name of a number type, such as f4, or O")
      }
      return make(.dtype(dtype))
    case .numpyScalar:
      guard arguments.count == 2, case .node(let index) = arguments[0], case .dtype(let dtype) = nodes[index],
        let element = dtype.element, let bytes = data(arguments[1]), bytes.count == element.byteCount
      else { throw wrong("a number type and its bytes") }
      var values: [Float] = [0]
      FloatDecoding.decode(bytes, as: element, bigEndian: dtype.isBigEndian, into: &values, at: 0)
      if let integer = Int(exactly: values[0]) { return .integer(integer) }
      return .real(Double(values[0]))
    case .numpyFromBuffer:
      guard arguments.count == 4, let bytes = data(arguments[0]), case .node(let index) = arguments[1],
        case .dtype(let dtype) = nodes[index], let order = arguments[3].text
      else { throw wrong("bytes, a number type, a shape and an order") }
      return make(.array(try array(bytes, dtype, shape: try integers(arguments[2]), isFortran: order == "F")))
    case .codecsEncode:
      guard arguments.count == 2, let text = arguments[0].text, arguments[1].text == "latin1",
        text.unicodeScalars.allSatisfy({ $0.value < 256 })
      else { throw wrong("text and 'latin1'") }
      return .bytes(text.unicodeScalars.map { UInt8($0.value) })
    case .torchStorage, .numpyArray: throw wrong("no call of it")
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
      guard dtype.element != nil else {
        let objects = try items(fields[4])
        guard objects.count == count else { throw fault("\(objects.count) objects", "\(count), shape \(shape)") }
        nodes[index] = .objectArray(shape: shape, objects)
        return
      }
      guard let bytes = data(fields[4]) else { throw fault("an array without bytes", "its data") }
      nodes[index] = .array(try array(bytes, dtype, shape: shape, isFortran: isFortran))
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
    guard fields.count >= 5, fields[0].text == "storage", case .global(.torchStorage(let dtype)) = fields[1],
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
    return make(.storage(try storages(TorchStorageID(key: key, dtype: dtype, count: count, view: view))))
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

  private func data(_ object: PickleObject) -> [UInt8]? {
    switch object {
    case .bytes(let bytes), .byteString(let bytes): bytes
    default: nil
    }
  }

  // MARK: Result

  /// The machine's result as a tree of values.
  ///
  /// - Throws: `.malformed` where it nests too deeply, contains itself, or is too large.
  func tree(_ object: PickleObject) throws(CheckpointError) -> PickledValue {
    var left = limits.values
    return try tree(object, depth: 0, left: &left)
  }

  private func tree(
    _ object: PickleObject, depth: Int, left: inout Int
  ) throws(CheckpointError) -> PickledValue {
    left -= 1
    guard depth < limits.depth, left >= 0 else {
      throw fault(
        "values nested in more than \(limits.depth) levels, or more than \(limits.values) of them", "plain data")
    }
    switch object {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .integer(let value): return .integer(value)
    case .long(let bytes): return .bytes(bytes)
    case .real(let value): return .real(value)
    case .string(let value): return .string(value)
    case .byteString: return .string(object.text ?? "")
    case .bytes(let value): return .bytes(value)
    case .global(let global): return .string(global.name)
    case .node(let index):
      switch nodes[index] {
      case .list(let items), .tuple(let items): return .list(try list(items, depth, &left))
      case .dictionary(let members):
        var values: [(key: PickledValue, value: PickledValue)] = []
        for member in members {
          values.append(
            (
              try tree(member.key, depth: depth + 1, left: &left),
              try tree(member.value, depth: depth + 1, left: &left)
            ))
        }
        return .dictionary(values)
      case .tensor(let tensor): return .tensor(tensor)
      case .array(let array): return .array(array)
      case .objectArray(let shape, let items):
        if shape.isEmpty { return try tree(items[0], depth: depth + 1, left: &left) }
        return .list(try list(items, depth, &left))
      case .storage: return .string("a torch storage")
      case .dtype(let dtype): return .string("dtype \(dtype.kind)\(dtype.size)")
      case .emptyArray: throw fault("an array without data", "its state")
      }
    }
  }

  private func list(
    _ items: [PickleObject], _ depth: Int, _ left: inout Int
  ) throws(CheckpointError) -> [PickledValue] {
    var values: [PickledValue] = []
    for item in items { values.append(try tree(item, depth: depth + 1, left: &left)) }
    return values
  }
}
