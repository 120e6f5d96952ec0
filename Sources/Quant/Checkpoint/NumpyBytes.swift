/// `.npy` files in memory, for what comes and goes over a network.
extension NumpyArray {
  /// An array of a file's bytes.
  ///
  /// - Throws: as `read`.
  package init(bytes: [UInt8]) throws(CheckpointError) {
    guard case .array(let array) = try NumpyFile.value(ByteExtent(bytes, format: NumpyHeader.format)) else {
      throw .unsupported(path: "", found: "pickled Python objects", expected: "an array of numbers")
    }
    self = array
  }

  /// The bytes of a file: what `write` writes.
  package var bytes: [UInt8] {
    var bytes = NumpyArray.header(shape: shape)
    bytes.reserveCapacity(bytes.count + 4 * floats.count)
    for value in floats {
      let bits = value.bitPattern
      for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift))) }
    }
    return bytes
  }
}
