import Quant

/// A pickle's result as plain values.
extension PickleMachine {
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
    case .storedBytes(let extent): return .bytes(try extent.readAll())
    case .global(let global): return .string(global.name)
    case .node(let index):
      switch nodes[index] {
      case .list(let items), .tuple(let items): return .list(try list(items, depth, &left))
      case .dictionary(let members):
        return .dictionary(try pairs(members, depth, &left))
      case .tensor(let tensor): return .tensor(tensor)
      case .array(let array): return .array(array)
      case .objectArray(let shape, let items):
        if shape.isEmpty { return try tree(items[0], depth: depth + 1, left: &left) }
        return .list(try list(items, depth, &left))
      case .instance(let instance): return try value(instance, depth, &left)
      case .unreadable(let kind): return .unreadable(kind)
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

  private func pairs(
    _ members: [(key: PickleObject, value: PickleObject)], _ depth: Int, _ left: inout Int
  ) throws(CheckpointError) -> [(key: PickledValue, value: PickledValue)] {
    var values: [(key: PickledValue, value: PickledValue)] = []
    for member in members {
      values.append(
        (
          try tree(member.key, depth: depth + 1, left: &left),
          try tree(member.value, depth: depth + 1, left: &left)
        ))
    }
    return values
  }

  /// What was written down of an instance; of a persistent module its own class and state.
  private func value(
    _ instance: PickleInstance, _ depth: Int, _ left: inout Int
  ) throws(CheckpointError) -> PickledValue {
    if !instance.items.isEmpty, instance.members.isEmpty { return .list(try list(instance.items, depth, &left)) }
    return .object(className: instance.className, members: try pairs(instance.members, depth, &left))
  }
}
