import Quant

/// A pickle machine that knows data only: a list of opcodes and a list of globals, everything else refused by name.
///
/// Python's own machine imports and calls whatever a file asks for. This one builds lists, dictionaries, tensors and
/// arrays. Protocols 0 to 5, in the opcodes that torch and NumPy write. Source: CPython's `Lib/pickletools.py`.
struct PickleMachine {
  struct Limits {
    /// One-byte opcodes may make objects of some 64 bytes.
    var operations = 4_000_000
    var stack = 1_000_000
    /// Nesting of the resulting value.
    var depth = 64
    /// Values in the result; shared containers count each time they occur.
    var values = 2_000_000
  }

  var cursor: ByteCursor
  let limits: Limits
  /// Torch's persistent ids are storages; NumPy's pickles have none.
  let storages: ((TorchStorageID) throws(CheckpointError) -> TorchStorage)?
  /// Whether this is a pickle within another, which holds no further one.
  let isNested: Bool
  var nodes: [PickleNode] = []
  /// Where the opcode in hand is in the file.
  private(set) var place = 0
  /// Members and numbers that calls may still make of objects that the memo may hold many times: a file has at least a
  /// byte for each.
  private var unmade: Int
  private var stack: [PickleObject] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleObject] = [:]

  init(
    _ cursor: ByteCursor, limits: Limits = Limits(),
    isNested: Bool = false, storages: ((TorchStorageID) throws(CheckpointError) -> TorchStorage)? = nil
  ) {
    self.cursor = cursor
    self.limits = limits
    self.storages = storages
    self.isNested = isNested
    unmade = cursor.byteCount
  }

  /// Runs up to the STOP opcode; the cursor is behind it then.
  ///
  /// - Throws: `.malformed`, `.refusedGlobal`, `.file`.
  mutating func run() throws(CheckpointError) -> PickleObject {
    var operations = 0
    while true {
      place = cursor.place
      operations += 1
      guard operations <= limits.operations, stack.count <= limits.stack else {
        throw fault("more than \(limits.operations) operations or \(limits.stack) values", "a smaller pickle")
      }
      let opcode = try cursor.byte()
      if opcode == UInt8(ascii: ".") { return try pop() }
      if try value(opcode) { continue }
      if try frame(opcode) { continue }
      if try container(opcode) { continue }
      let name = (0x20..<0x7f).contains(opcode) ? "'\(Character(UnicodeScalar(opcode)))'" : "\(opcode)"
      throw fault("opcode \(name)", "an opcode of plain data")
    }
  }

  /// Accounts for what a call makes, before it does.
  mutating func charge(_ count: Int) throws(CheckpointError) {
    unmade -= count
    guard unmade >= 0 else { throw fault("calls that make more values than the file has bytes", "plain data") }
  }

  func fault(_ found: String, _ expected: String) -> CheckpointError {
    .malformed(format: "pickle", byteOffset: place, found: found, expected: expected)
  }

  // MARK: Stack

  mutating func pop() throws(CheckpointError) -> PickleObject {
    guard stack.count > (marks.last ?? 0), let top = stack.popLast() else {
      throw fault("an empty stack", "a value")
    }
    return top
  }

  private func top() throws(CheckpointError) -> PickleObject {
    guard stack.count > (marks.last ?? 0), let top = stack.last else { throw fault("an empty stack", "a value") }
    return top
  }

  /// Everything above the last mark.
  private mutating func popToMark() throws(CheckpointError) -> [PickleObject] {
    guard let mark = marks.popLast(), mark <= stack.count else { throw fault("no mark", "a mark on the stack") }
    let items = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return items
  }

  mutating func make(_ node: PickleNode) -> PickleObject {
    nodes.append(node)
    return .node(nodes.count - 1)
  }

  // MARK: Opcodes

  /// Numbers, strings, globals. False where the opcode is none of them.
  private mutating func value(_ opcode: UInt8) throws(CheckpointError) -> Bool {
    switch opcode {
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88: stack.append(.bool(true))
    case 0x89: stack.append(.bool(false))
    case UInt8(ascii: "I"):
      let text = try line()
      if text == "00" || text == "01" {
        stack.append(.bool(text == "01"))
      } else {
        stack.append(try integer(text))
      }
    case UInt8(ascii: "L"):
      let text = try line()
      stack.append(try integer(text.hasSuffix("L") ? String(text.dropLast()) : text))
    case UInt8(ascii: "J"):
      stack.append(.integer(Int(Int32(truncatingIfNeeded: try length(4)))))
    case UInt8(ascii: "K"): stack.append(.integer(try length(1)))
    case UInt8(ascii: "M"): stack.append(.integer(try length(2)))
    case 0x8a: stack.append(long(try bytes(1)))
    case 0x8b: stack.append(long(try bytes(4)))
    case UInt8(ascii: "F"):
      let text = try line()
      guard let number = Double(text) else { throw fault("\"\(text)\"", "a number") }
      stack.append(.real(number))
    case UInt8(ascii: "G"):
      let bits = try cursor.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      stack.append(.real(Double(bitPattern: bits)))
    case UInt8(ascii: "V"): stack.append(.string(try unescaped(try line())))
    case UInt8(ascii: "S"): stack.append(.string(try quoted(try line())))
    case UInt8(ascii: "X"): stack.append(.string(try text(4)))
    case 0x8c: stack.append(.string(try text(1)))
    case 0x8d: stack.append(.string(try text(8)))
    case UInt8(ascii: "U"): stack.append(.byteString(try bytes(1)))
    case UInt8(ascii: "T"): stack.append(.byteString(try bytes(4)))
    case UInt8(ascii: "C"): stack.append(.bytes(try bytes(1)))
    case UInt8(ascii: "B"): stack.append(try manyBytes(4))
    case 0x8e, 0x96: stack.append(try manyBytes(8))
    case UInt8(ascii: "c"):
      let module = try line()
      stack.append(.global(try global(module, try line())))
    case 0x93:
      guard let name = try pop().text, let module = try pop().text else {
        throw fault("a global without a name", "two strings")
      }
      stack.append(.global(try global(module, name)))
    default: return false
    }
    return true
  }

  /// Protocol, frames, memo, marks and plain stack operations.
  private mutating func frame(_ opcode: UInt8) throws(CheckpointError) -> Bool {
    switch opcode {
    case 0x80:
      let version = try cursor.byte()
      guard version <= 5 else { throw fault("pickle protocol \(version)", "at most 5") }
    case 0x95: _ = try cursor.bytes(8)
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "0"):
      if marks.last == stack.count { marks.removeLast() } else { _ = try pop() }
    case UInt8(ascii: "1"): _ = try popToMark()
    case UInt8(ascii: "2"): stack.append(try top())
    case UInt8(ascii: "p"): memo[try index(try line())] = try top()
    case UInt8(ascii: "q"): memo[try length(1)] = try top()
    case UInt8(ascii: "r"): memo[try length(4)] = try top()
    case 0x94: memo[memo.count] = try top()
    case UInt8(ascii: "g"): stack.append(try recall(try index(try line())))
    case UInt8(ascii: "h"): stack.append(try recall(try length(1)))
    case UInt8(ascii: "j"): stack.append(try recall(try length(4)))
    default: return false
    }
    return true
  }

  /// Lists, tuples, dictionaries, and what globals make of them.
  private mutating func container(_ opcode: UInt8) throws(CheckpointError) -> Bool {
    switch opcode {
    // A set is a list of its elements.
    case UInt8(ascii: "]"), 0x8f: stack.append(make(.list([])))
    case 0x91: stack.append(make(.list(try popToMark())))
    case UInt8(ascii: "l"): stack.append(make(.list(try popToMark())))
    case UInt8(ascii: ")"): stack.append(make(.tuple([])))
    case UInt8(ascii: "t"): stack.append(make(.tuple(try popToMark())))
    case 0x85, 0x86, 0x87:
      var items: [PickleObject] = []
      for _ in 0...(opcode - 0x85) { items.append(try pop()) }
      stack.append(make(.tuple(items.reversed())))
    case UInt8(ascii: "}"): stack.append(make(.dictionary([])))
    case UInt8(ascii: "d"):
      let items = try popToMark()
      stack.append(make(.dictionary(try pairs(items))))
    case UInt8(ascii: "a"):
      let item = try pop()
      try append([item])
    case UInt8(ascii: "e"), 0x90: try append(try popToMark())
    case UInt8(ascii: "s"):
      let value = try pop()
      try set([try pop(), value])
    case UInt8(ascii: "u"): try set(try popToMark())
    case UInt8(ascii: "R"):
      let arguments = try pop()
      guard case .global(let global) = try pop() else { throw fault("a call of what is no function", "a global") }
      stack.append(try call(global, try items(arguments)))
    case 0x81:
      let arguments = try pop()
      stack.append(try instance(try pop(), try items(arguments)))
    case 0x92:
      let settings = try pop()
      let arguments = try pop()
      stack.append(try instance(try pop(), try items(arguments) + [settings]))
    case UInt8(ascii: "b"):
      let state = try pop()
      try build(try top(), state)
    case UInt8(ascii: "Q"):
      let identifier = try items(try pop())
      stack.append(try persistent(identifier))
    default: return false
    }
    return true
  }

  private mutating func append(_ items: [PickleObject]) throws(CheckpointError) {
    guard case .node(let index) = try top() else { throw fault("an append to what is no list", "a list") }
    // Leaves the only reference to the elements in the local value, so that appending does not copy them.
    switch nodes[index] {
    case .list(var list):
      nodes[index] = .list([])
      list.append(contentsOf: items)
      nodes[index] = .list(list)
    case .instance(var instance):
      nodes[index] = .list([])
      instance.items.append(contentsOf: items)
      nodes[index] = .instance(instance)
    default: throw fault("an append to what is no list", "a list")
    }
  }

  private mutating func set(_ items: [PickleObject]) throws(CheckpointError) {
    guard case .node(let index) = try top() else { throw fault("an entry of what is no dictionary", "a dictionary") }
    let entries = try pairs(items)
    switch nodes[index] {
    case .dictionary(var members):
      nodes[index] = .dictionary([])
      members.append(contentsOf: entries)
      nodes[index] = .dictionary(members)
    case .instance(var instance):
      nodes[index] = .list([])
      instance.members.append(contentsOf: entries)
      nodes[index] = .instance(instance)
    default: throw fault("an entry of what is no dictionary", "a dictionary")
    }
  }

  func pairs(
    _ items: [PickleObject]
  ) throws(CheckpointError) -> [(key: PickleObject, value: PickleObject)] {
    guard items.count % 2 == 0 else { throw fault("a key without a value", "pairs") }
    return stride(from: 0, to: items.count, by: 2).map { (items[$0], items[$0 + 1]) }
  }

  /// Elements of a list or tuple.
  func items(_ object: PickleObject) throws(CheckpointError) -> [PickleObject] {
    if case .node(let index) = object {
      switch nodes[index] {
      case .list(let items), .tuple(let items): return items
      default: break
      }
    }
    throw fault(object.kind, "a tuple")
  }

  private func recall(_ index: Int) throws(CheckpointError) -> PickleObject {
    guard let object = memo[index] else { throw fault("memo entry \(index), which is not set", "an earlier one") }
    return object
  }

  private func global(_ module: String, _ name: String) throws(CheckpointError) -> PickleGlobal {
    guard let global = PickleGlobal(module: module, name: name) else {
      throw .refusedGlobal(name: "\(module.prefix(100)).\(name.prefix(100))", byteOffset: place)
    }
    return global
  }

  // MARK: Arguments

  private mutating func length(_ byteCount: Int) throws(CheckpointError) -> Int {
    guard let length = try cursor.integer(byteCount: byteCount) else {
      throw fault("a length beyond 63 bits", "the length of what follows")
    }
    return length
  }

  private mutating func bytes(_ lengthByteCount: Int) throws(CheckpointError) -> [UInt8] {
    try cursor.bytes(try length(lengthByteCount))
  }

  /// Bytes that are left in the file where they are many.
  private mutating func manyBytes(_ lengthByteCount: Int) throws(CheckpointError) -> PickleObject {
    let count = try length(lengthByteCount)
    return count < 1 << 16 ? .bytes(try cursor.bytes(count)) : .storedBytes(try cursor.extent(count))
  }

  private mutating func text(_ lengthByteCount: Int) throws(CheckpointError) -> String {
    // Lone surrogates, which Python lets through, become replacement characters.
    String(decoding: try bytes(lengthByteCount), as: UTF8.self)
  }

  private mutating func line() throws(CheckpointError) -> String {
    var text: [UInt8] = []
    while true {
      let byte = try cursor.byte()
      if byte == 0x0a { return String(decoding: text, as: UTF8.self) }
      text.append(byte)
      guard text.count <= 1 << 20 else { throw fault("a line of more than 1 MiB", "a line's end") }
    }
  }

  private func index(_ text: String) throws(CheckpointError) -> Int {
    guard let index = Int(text), index >= 0 else { throw fault("\"\(text.prefix(40))\"", "a memo index") }
    return index
  }

  private func integer(_ text: String) throws(CheckpointError) -> PickleObject {
    guard let value = Int(text) else { throw fault("\"\(text.prefix(40))\"", "an integer of 64 bits") }
    return .integer(value)
  }

  private func long(_ bytes: [UInt8]) -> PickleObject {
    guard bytes.count <= 8 else { return .long(bytes) }
    var value: UInt64 = bytes.last.map { $0 >= 0x80 ? .max : 0 } ?? 0
    for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
    return .integer(Int(Int64(bitPattern: value)))
  }

  /// Python's `repr` of a byte string, as protocol 0 writes it; escapes other than `\\` and quotes do not occur in names.
  private func quoted(_ text: String) throws(CheckpointError) -> String {
    guard text.count >= 2, let quote = text.first, quote == "'" || quote == "\"", text.last == quote else {
      throw fault("a string without quotes", "a quoted string")
    }
    guard !text.contains("\\") else { throw fault("a string with escapes", "plain text") }
    return String(text.dropFirst().dropLast())
  }

  private func unescaped(_ text: String) throws(CheckpointError) -> String {
    guard !text.contains("\\") else { throw fault("a string with escapes", "plain text") }
    return text
  }
}
