/// Plain data out of a pickle: what a Python program stored, without any Python.
package indirect enum PickledValue {
  case none
  case bool(Bool)
  case integer(Int)
  case real(Double)
  case string(String)
  case bytes([UInt8])
  /// A list or a tuple.
  case list([PickledValue])
  /// In the order of insertion.
  case dictionary([(key: PickledValue, value: PickledValue)])
  case array(NumpyArray)
  /// A tensor whose data is still in the file.
  case tensor(TorchTensor)
  /// An instance of a class, as it was written: its attributes.
  case object(className: String, members: [(key: PickledValue, value: PickledValue)])
  /// An array or tensor of a kind that is not read: which.
  case unreadable(String)

  /// Stands before the class names of NVIDIA's persistent modules, which come with the file.
  static let persistentPrefix = "persistent "

  /// The value of a dictionary's string key; the last one where a key was set twice.
  package subscript(key: String) -> PickledValue? {
    switch self {
    case .dictionary(let members), .object(_, let members): return members.last { $0.key.string == key }?.value
    default: return nil
    }
  }

  package var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  package var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  package var array: NumpyArray? {
    if case .array(let value) = self { value } else { nil }
  }

  package var list: [PickledValue]? {
    if case .list(let value) = self { value } else { nil }
  }

  /// A list, or an array, of whole numbers.
  package var integers: [Int]? {
    switch self {
    case .list(let values):
      let integers = values.compactMap(\.integer)
      return integers.count == values.count ? integers : nil
    case .array(let array):
      let integers = array.floats.compactMap { Int(exactly: $0) }
      return integers.count == array.floats.count ? integers : nil
    default: return nil
    }
  }
}
