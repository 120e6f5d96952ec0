import CIdinv
import Glibc
import IdinvLite

// MARK: From C

/// A caller's structure of options, of which the caller knows the first `size` bytes; what it does not know is 0.
///
/// - Parameter name: for errors.
func known<Value>(_ pointer: UnsafePointer<Value>?, zero: Value, _ name: String) throws -> Value {
  guard let pointer else { return zero }
  let size = UnsafeRawPointer(pointer).load(as: Int.self)
  guard (MemoryLayout<Int>.size...4096).contains(size) else {
    throw IdinvError(.invalidArgument, "\(name): expected the structure's size in its first member, found \(size)")
  }
  var value = zero
  let rest = withUnsafeMutableBytes(of: &value) { bytes in
    let given = UnsafeRawBufferPointer(start: UnsafeRawPointer(pointer), count: size)
    bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: given.prefix(bytes.count)))
    return given.dropFirst(bytes.count)
  }
  guard rest.allSatisfy({ $0 == 0 }) else {
    throw IdinvError(.invalidArgument, "\(name): expected options of version \(idinvLiteVersion), found newer ones")
  }
  return value
}

/// The value that a number of an enumeration stands for.
func choice<Value>(_ number: Int32, of values: [Value], _ name: String) throws -> Value {
  guard values.indices.contains(Int(number)) else {
    throw IdinvError(.invalidArgument, "\(name): expected 0 to \(values.count - 1), found \(number)")
  }
  return values[Int(number)]
}

func required<Value>(_ pointer: Value?, _ name: String) throws -> Value {
  guard let pointer else { throw IdinvError(.invalidArgument, "\(name): expected a pointer, found NULL") }
  return pointer
}

func text(_ pointer: UnsafePointer<CChar>?, _ name: String) throws -> String {
  let pointer = try required(pointer, name)
  guard let text = String(validatingCString: pointer) else {
    throw IdinvError(.invalidArgument, "\(name): expected text in UTF-8")
  }
  return text
}

/// An array of `rows · columns` elements, copied.
func array<Element>(
  _ pointer: UnsafePointer<Element>?, rows: Int, columns: Int = 1, _ name: String
) throws -> [Element] {
  let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
  guard rows >= 0, columns > 0, !overflow, count <= Int.max / max(1, MemoryLayout<Element>.stride) else {
    throw IdinvError(.invalidArgument, "\(name): expected an array that fits into memory, found \(rows) × \(columns)")
  }
  if count == 0 { return [] }
  return Array(UnsafeBufferPointer(start: try required(pointer, name), count: count))
}

/// Codes [count, L, D] of a model.
func codes(_ pointer: UnsafePointer<Float>?, _ count: Int, of model: Model, _ name: String) throws -> Codes {
  let info = model.info
  guard info.layerCount > 0 else {
    throw IdinvError(.unavailable, "\(info.path): expected a model with a generator or an encoder", path: info.path)
  }
  return try Codes(
    array(pointer, rows: count, columns: info.layerCount * info.dimension, name), layerCount: info.layerCount,
    dimension: info.dimension)
}

func images(_ pointer: UnsafePointer<idinv_image>?, _ count: Int) throws -> [Image] {
  try array(pointer, rows: count, "images").enumerated().map { try image($1, "image \($0)") }
}

func image(_ image: idinv_image, _ name: String) throws -> Image {
  let (width, height) = (Int(image.width), Int(image.height))
  let row = 3 * width
  let stride = image.stride == 0 ? row : image.stride
  guard width > 0, height > 0, stride >= row, stride <= 1 << 30, width * height <= 100_000_000 else {
    throw IdinvError(
      .invalidArgument,
      "\(name): expected 1 to 100000000 pixels and a stride of \(max(row, 0)) or more, found \(width)×\(height) and \(stride)"
    )
  }
  let start = try required(image.pixels, name)
  var pixels: [UInt8] = []
  pixels.reserveCapacity(row * height)
  for index in 0..<height { pixels += UnsafeBufferPointer(start: start + index * stride, count: row) }
  return try Image(width: width, height: height, pixels: pixels)
}

/// Layers that a caller lists; nil for NULL.
func layerList(_ pointer: UnsafePointer<Int32>?, _ count: Int) throws -> [Int]? {
  guard let pointer else { return nil }
  return try array(pointer, rows: count, "layers").map { Int($0) }
}

// MARK: To C

/// Memory that the caller frees.
func allocated<Element>(_ values: some Collection<Element>) throws -> UnsafeMutablePointer<Element> {
  let byteCount = max(1, values.count * MemoryLayout<Element>.stride)
  guard let memory = malloc(byteCount) else {
    throw IdinvError(.unavailable, "memory: cannot allocate \(byteCount) bytes for the result")
  }
  let elements = memory.bindMemory(to: Element.self, capacity: values.count)
  var place = elements
  for value in values {
    place.initialize(to: value)
    place += 1
  }
  return elements
}

/// A text that the caller frees.
func allocated(_ text: String) throws -> UnsafeMutablePointer<CChar> {
  try allocated(text.utf8CString)
}
