import Quant

/// The values of a pickle by names: dictionaries, lists and modules are taken apart, their keys joined by dots.
struct FlatValues {
  enum Tensor {
    case tensor(TorchTensor)
    case array(NumpyArray)
  }

  private let path: String
  /// Of tensors, in the file's order.
  private(set) var names: [String] = []
  private(set) var tensors: [String: Tensor] = [:]
  /// Of what is no tensor.
  private(set) var others: [String] = []
  private(set) var texts: [String: [String]] = [:]
  private(set) var settings: [String: String] = [:]
  private(set) var classes: [String: String] = [:]
  private(set) var unreadable: [String: String] = [:]
  private var nameByteCount = 0

  /// Names of all values together; those of the largest networks have some 100 KB. Keys that are shared by many values
  /// make long names out of short files.
  private static let nameByteLimit = 64 << 20

  init(path: String) { self.path = path }

  /// - Throws: `.unsupported` where the names are too long.
  mutating func add(_ name: String, _ value: PickledValue) throws(CheckpointError) {
    nameByteCount += name.utf8.count
    guard nameByteCount <= Self.nameByteLimit else {
      throw .unsupported(
        path: path, found: "names of more than \(Self.nameByteLimit) bytes", expected: "a network's state_dict()")
    }
    switch value {
    case .tensor(let tensor): set(name, .tensor(tensor))
    case .array(let array): set(name, .array(array))
    case .unreadable(let kind):
      others.append(name)
      unreadable[name] = kind
    case .dictionary(let members): try add(name, members)
    case .object(let className, let members): try add(name, object: className, members)
    case .list(let values) where !values.isEmpty && values.allSatisfy({ $0.string != nil }):
      others.append(name)
      texts[name] = values.compactMap(\.string)
    case .list(let values):
      for (index, value) in values.enumerated() {
        // NVIDIA's TensorFlow networks are a tuple, and know their names.
        let own = value.isTensorFlowNetwork ? value["name"]?.string : nil
        try add(Self.joined(name, own ?? "\(index)"), value)
      }
    default:
      others.append(name)
      settings[name] = value.setting
    }
  }

  private mutating func set(_ name: String, _ tensor: Tensor) {
    if tensors.updateValue(tensor, forKey: name) == nil { names.append(name) }
  }

  private static func joined(_ name: String, _ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }

  private mutating func add(
    _ name: String, _ members: [(key: PickledValue, value: PickledValue)]
  ) throws(CheckpointError) {
    for member in members {
      let key = member.key.string ?? member.key.integer.map(String.init) ?? "?"
      try add(Self.joined(name, key), member.value)
    }
  }

  /// A module's parameters, buffers and modules have no level of their own in their names, as in a state_dict().
  private mutating func add(
    _ name: String, object className: String, _ members: [(key: PickledValue, value: PickledValue)]
  ) throws(CheckpointError) {
    classes[name] = className
    if className == InertGlobals.tensorFlowNetwork { return try add(name, network: members) }
    let isModule =
      members.contains { $0.key.string == "_modules" } && members.contains { $0.key.string == "_parameters" }
    for member in members {
      let key = member.key.string ?? "?"
      if isModule, ["_parameters", "_buffers", "_modules"].contains(key), case .dictionary(let parts) = member.value {
        try add(name, parts)
      } else if isModule, key.hasPrefix("_") {
        // Hooks, arguments of the initializer.
        others.append(Self.joined(name, key))
      } else {
        try add(Self.joined(name, key), member.value)
      }
    }
  }

  /// A TensorFlow network: pairs of a variable's name and its value, and networks within it.
  private mutating func add(
    _ name: String, network members: [(key: PickledValue, value: PickledValue)]
  ) throws(CheckpointError) {
    for member in members {
      switch (member.key.string, member.value) {
      case ("variables", .list(let pairs)):
        for pair in pairs {
          guard let parts = pair.list, parts.count == 2, let variable = parts[0].string else { continue }
          try add(Self.joined(name, variable), parts[1].scalarArray ?? parts[1])
        }
      case ("components", .dictionary(let parts)):
        for part in parts {
          let own = part.value["name"]?.string ?? part.key.string ?? "?"
          guard case .object(_, let inner) = part.value else { continue }
          try add(Self.joined(name, own), component: inner)
        }
      case ("build_module_src", _): others.append(Self.joined(name, "build_module_src"))
      case (let key?, let value): try add(Self.joined(name, key), value)
      default: break
      }
    }
  }

  /// A network's variables behind its name, as TensorFlow's scopes have it: `G_synthesis/4x4/Const/const`.
  private mutating func add(
    _ name: String, component members: [(key: PickledValue, value: PickledValue)]
  ) throws(CheckpointError) {
    guard let pairs = members.last(where: { $0.key.string == "variables" })?.value.list else { return }
    for pair in pairs {
      guard let parts = pair.list, parts.count == 2, let variable = parts[0].string else { continue }
      try add("\(name)/\(variable)", parts[1].scalarArray ?? parts[1])
    }
  }
}

extension PickledValue {
  fileprivate var isTensorFlowNetwork: Bool {
    if case .object(InertGlobals.tensorFlowNetwork, _) = self { true } else { false }
  }

  /// A single number as an array without extents.
  fileprivate var scalarArray: PickledValue? {
    switch self {
    case .integer(let value): .array(NumpyArray(shape: [], floats: [Float(value)]))
    case .real(let value): .array(NumpyArray(shape: [], floats: [Float(value)]))
    default: nil
    }
  }

  /// A text, a truth value or a number as text; nil for others.
  var setting: String? {
    switch self {
    case .string(let text): text
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    default: nil
    }
  }
}
