/// The elements `source[Σ index·stride]` of an array of `shape`, in C order (last index fastest).
///
/// - Precondition: every such place lies in `source`; callers check that before they read it.
func gathered(_ source: [Float], shape: [Int], strides: [Int]) -> [Float] {
  let count = shape.reduce(1, *)
  var values = [Float](repeating: 0, count: count)
  var index = [Int](repeating: 0, count: shape.count)
  var position = 0
  for element in 0..<count {
    values[element] = source[position]
    // The odometer: the last index turns fastest.
    var axis = shape.count - 1
    while axis >= 0 {
      index[axis] += 1
      position += strides[axis]
      if index[axis] < shape[axis] { break }
      position -= strides[axis] * shape[axis]
      index[axis] = 0
      axis -= 1
    }
  }
  return values
}
