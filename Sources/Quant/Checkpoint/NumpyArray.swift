import Glibc
import Quant

/// An array of numbers in single precision, C order; what `.npy` files hold.
package struct NumpyArray: Equatable, Sendable {
  package var shape: [Int]
  package var floats: [Float]

  /// - Precondition: `floats` has as many elements as `shape` says.
  package init(shape: [Int], floats: [Float]) {
    precondition(elementCount(of: shape) == floats.count, "a shape of as many elements")
    self.shape = shape
    self.floats = floats
  }

  /// Reads a `.npy` file of numbers: versions 1 to 3, f2 f4 f8 i1…i8 u1…u8 bool, both byte orders, C and Fortran order.
  /// Doubles are rounded to single precision, integers beyond 2²⁴ too.
  ///
  /// - Throws: `.malformed`, `.unsupported` for an array of Python objects (`NumpyFile.read` takes those), `.file`,
  ///   `.file`.
  package static func read(_ path: String) throws(CheckpointError) -> NumpyArray {
    guard case .array(let array) = try NumpyFile.read(path) else {
      throw .unsupported(path: path, found: "pickled Python objects", expected: "an array of numbers")
    }
    return array
  }

  /// Writes a `.npy` file, little-endian `f4` in C order, version 1 (or 2 for a very long shape); as `numpy.save` does, the data
  /// begins at a multiple of 64 bytes. The file appears under its name only once it is complete.
  ///
  /// - Throws: `.file`.
  package func write(to path: String) throws(CheckpointError) {
    let file = try NumpyWriter(path: path, shape: shape)
    try file.append(floats)
    try file.commit()
  }

  /// Magic, version and the dictionary of little-endian `f4` in C order, up to where the data begins.
  static func header(shape: [Int]) -> [UInt8] {
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = [UInt8]("{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }".utf8)
    let isLong = text.count > 0xffff - 64
    let start = isLong ? 12 : 10
    while (start + text.count + 1) % 64 != 0 { text.append(0x20) }
    text.append(0x0a)
    var header = NumpyHeader.magic + [isLong ? 2 : 1, 0]
    for index in 0..<(isLong ? 4 : 2) { header.append(UInt8(truncatingIfNeeded: text.count >> (8 * index))) }
    return header + text
  }

  /// Values in C order from values in Fortran order (first index fastest).
  static func rowMajor(_ values: [Float], shape: [Int]) -> [Float] {
    guard shape.count > 1, !values.isEmpty else { return values }
    var strides: [Int] = []
    var stride = 1
    for extent in shape {
      strides.append(stride)
      stride *= extent
    }
    return gathered(values, shape: shape, strides: strides)
  }
}

/// `.npy` files of numbers or of pickled Python objects, and `.npz` archives of them.
package enum NumpyFile {
  /// Reads a `.npy` file: `.array`, or what an object array holds (for `numpy.save` of a dictionary, that dictionary).
  ///
  /// Pickles are read as plain data, never run (`CheckpointError.refusedGlobal`).
  ///
  /// - Throws: `.malformed`, `.refusedGlobal`, `.file`.
  package static func read(_ path: String) throws(CheckpointError) -> PickledValue {
    let file = try ByteFile(path: path)
    return try value(try ByteExtent(file, 0..<file.byteCount, format: NumpyHeader.format))
  }

  /// Reads a `.npz` archive: its members by name, without `.npy`.
  ///
  /// - Throws: as `read`.
  package static func readArchive(_ path: String) throws(CheckpointError) -> [String: PickledValue] {
    let archive = try ZipArchive(try ByteFile(path: path))
    var values: [String: PickledValue] = [:]
    for entry in archive.entries where entry.name.hasSuffix(".npy") {
      values[String(entry.name.dropLast(4))] = try value(try archive.extent(entry))
    }
    return values
  }

  static func value(_ extent: ByteExtent) throws(CheckpointError) -> PickledValue {
    let header = try NumpyHeader(extent)
    guard header.dtype.element != nil else {
      guard header.dtype.isObject else {
        throw .malformed(
          format: NumpyHeader.format, byteOffset: extent.place(of: 10), found: "another element type",
          expected: "a number type or objects, such as '<f4' or '|O'")
      }
      var machine = PickleMachine(ByteCursor(extent, from: header.byteCount))
      let object = try machine.run()
      return try machine.tree(object)
    }
    return .array(NumpyArray(shape: header.shape, floats: try floats(extent, header)))
  }

  /// The numbers of an extent that holds a whole `.npy` file.
  static func floats(_ extent: ByteExtent, _ header: NumpyHeader) throws(CheckpointError) -> [Float] {
    guard let element = header.dtype.element, let count = elementCount(of: header.shape) else { return [] }
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: element.byteCount)
    let available = extent.count - header.byteCount
    guard !overflow, byteCount == available else {
      throw .malformed(
        format: NumpyHeader.format, byteOffset: extent.place(of: header.byteCount), found: "\(available) bytes of data",
        expected: "shape \(header.shape) in \(element.rawValue), no more and no less")
    }
    var values = [Float](repeating: 0, count: count)
    var check = CRC32Check(extent)
    check.update(try extent.read(0..<header.byteCount))
    let piece = 1 << 20
    for start in stride(from: 0, to: count, by: piece) {
      let end = min(start + piece, count)
      let bytes = try extent.read(
        header.byteCount + start * element.byteCount..<header.byteCount + end * element.byteCount)
      check.update(bytes)
      FloatDecoding.decode(bytes, as: element, bigEndian: header.dtype.isBigEndian, into: &values, at: start)
    }
    try check.finish()
    return header.isFortranOrder ? NumpyArray.rowMajor(values, shape: header.shape) : values
  }
}
