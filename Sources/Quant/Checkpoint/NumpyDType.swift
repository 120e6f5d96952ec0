import Quant

/// A NumPy element type: kind, size in bytes, byte order.
struct NumpyDType: Equatable {
  /// `f`, `i`, `u`, `b`, `O` for Python objects, or the kind of what is no number: `U`, `S`, `V`, `M`, `m`, `c`.
  var kind: Character
  var size: Int
  var isBigEndian: Bool

  init(kind: Character, size: Int, isBigEndian: Bool) {
    self.kind = kind
    self.size = size
    self.isBigEndian = isBigEndian
  }

  /// From a descriptor such as `<f4`, `>i8`, `|b1`, `f2`, `|O`, `O8`; nil where it is no number and no object.
  init?(_ text: String) {
    var text = Substring(text)
    isBigEndian = text.first == ">"
    if let order = text.first, "<>|=".contains(order) { text.removeFirst() }
    guard let kind = text.popFirst() else { return nil }
    self.kind = kind
    if kind == "O" {
      size = 0
      return
    }
    if "USVMmc".contains(kind) {
      size = Int(text.prefix { $0.isNumber }) ?? 0
      return
    }
    guard let size = Int(text), "fiub?".contains(kind) else { return nil }
    self.size = size
    guard element != nil else { return nil }
  }

  /// Whether arrays of it hold pickled Python objects.
  var isObject: Bool { kind == "O" }

  /// Nil for what is no real number.
  var element: DType? {
    switch (kind, size) {
    case ("f", 2): .f16
    case ("f", 4): .f32
    case ("f", 8): .f64
    case ("i", 1): .i8
    case ("i", 2): .i16
    case ("i", 4): .i32
    case ("i", 8): .i64
    case ("u", 1): .u8
    case ("u", 2): .u16
    case ("u", 4): .u32
    case ("u", 8): .u64
    case ("b", 1): .bool
    default: nil
    }
  }
}
