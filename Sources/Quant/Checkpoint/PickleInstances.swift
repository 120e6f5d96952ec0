import Quant

/// Instances of classes that stay as they were written: settings, paths, sets, NVIDIA's networks.
extension PickleMachine {
  /// The NEWOBJ opcodes.
  mutating func instance(_ maker: PickleObject, _ arguments: [PickleObject]) throws(CheckpointError) -> PickleObject {
    guard case .global(let global) = maker else { throw fault("an instance of what is no class", "a class") }
    switch global {
    case .inert(let name): return try inert(name, arguments)
    case .orderedDictionary: return make(.dictionary([]))
    case .torchSize: return try call(global, arguments)
    default: throw fault("an instance of \(global.name)", "a class")
    }
  }

  /// Containers become lists and dictionaries; the rest is kept.
  mutating func inert(_ name: String, _ arguments: [PickleObject]) throws(CheckpointError) -> PickleObject {
    try charge(arguments.count)
    switch name {
    case "collections.defaultdict": return make(.dictionary([]))
    case "collections.Counter", "builtins.dict", "__builtin__.dict":
      guard let first = arguments.first, case .node(let index) = first, case .dictionary = nodes[index] else {
        return make(.dictionary([]))
      }
      return first
    case "builtins.set", "builtins.frozenset", "builtins.list", "builtins.tuple", "__builtin__.set",
      "__builtin__.frozenset", "__builtin__.list", "__builtin__.tuple", "collections.deque":
      guard let first = arguments.first, let elements = try? items(first) else { return make(.list([])) }
      try charge(elements.count)
      return make(.list(elements))
    default: return make(.instance(PickleInstance(className: name, arguments: arguments)))
    }
  }

  /// A state is the attributes, or a pair of attributes and slots, or whatever the class keeps.
  func addState(_ state: PickleObject, to instance: inout PickleInstance) throws(CheckpointError) {
    guard case .node(let index) = state else {
      instance.arguments.append(state)
      return
    }
    switch nodes[index] {
    case .dictionary(let members): instance.members += members
    case .tuple(let parts) where parts.count == 2 && instance.className != InertGlobals.tensorFlowNetwork:
      for part in parts {
        if case .node(let index) = part, case .dictionary(let members) = nodes[index] { instance.members += members }
      }
    default: instance.arguments.append(state)
    }
  }

  /// `torch_utils.persistence._reconstruct_persistent_obj(meta)`, whose meta data hold the source of a class, its name and
  /// the state of one instance. Of these the state is kept.
  ///
  /// - Throws: `.malformed`, `.refusedSource`.
  mutating func persistentObject(_ arguments: [PickleObject]) throws(CheckpointError) -> PickleObject {
    guard case .node(let index)? = arguments.first, case .dictionary(let meta) = nodes[index],
      value("type", in: meta)?.text == "class", let name = value("class_name", in: meta)?.text,
      case .node(let stateIndex)? = value("state", in: meta)
    else { throw fault("a persistent object of another form", "a dictionary of type, class_name, module_src, state") }
    try checkSource(of: name, in: meta, key: "module_src")
    guard case .dictionary(let members) = nodes[stateIndex] else {
      throw fault("a persistent object without attributes", "a dictionary")
    }
    return make(.instance(PickleInstance(className: PickledValue.persistentPrefix + name, members: members)))
  }

  /// - Throws: `.refusedSource`.
  func checkSource(
    of className: String, in members: [(key: PickleObject, value: PickleObject)], key: String
  ) throws(CheckpointError) {
    guard let source = value(key, in: members)?.text, let word = EmbeddedSource.harmfulWord(in: source) else { return }
    throw .refusedSource(className: String(className.prefix(100)), word: word, byteOffset: place)
  }

  private func value(_ key: String, in members: [(key: PickleObject, value: PickleObject)]) -> PickleObject? {
    members.last { $0.key.text == key }?.value
  }

  /// `torch.storage._load_from_bytes(bytes)`: the bytes are a legacy file that holds one storage.
  mutating func storage(_ arguments: [PickleObject]) throws(CheckpointError) -> PickleObject {
    guard !isNested else { throw fault("a file within a file within a file", "a storage") }
    let extent: ByteExtent
    switch arguments.first {
    case .bytes(let bytes), .byteString(let bytes): extent = ByteExtent(bytes, format: TorchFile.legacyFormat)
    case .storedBytes(let stored): extent = stored
    default: throw fault("a storage without bytes", "a legacy torch file")
    }
    guard let storage = try TorchFile.storage(legacy: extent) else {
      throw fault("a torch file that holds no storage", "one storage")
    }
    return make(.storage(storage))
  }
}
