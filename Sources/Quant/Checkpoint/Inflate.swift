import CZlib

/// Unpacks raw deflate data (RFC 1951) by zlib.
///
/// The one place in the readers where pointers appear: zlib's interface is made of them. They point into two arrays
/// whose sizes zlib is told, and do not leave the closure.
enum Inflate {
  /// - Returns: exactly `count` bytes, or nil where the data is damaged or unpacks to another number of bytes.
  static func inflate(_ packed: [UInt8], count: Int) -> [UInt8]? {
    guard packed.count <= UInt32.max, count < UInt32.max else { return nil }
    var packed = packed
    // One byte more than expected, so that longer data shows.
    var unpacked = [UInt8](repeating: 0, count: count + 1)
    var produced = -1
    packed.withUnsafeMutableBufferPointer { input in
      unpacked.withUnsafeMutableBufferPointer { output in
        var stream = z_stream()
        guard
          inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return }
        defer { inflateEnd(&stream) }
        stream.next_in = input.baseAddress
        stream.avail_in = uInt(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = uInt(output.count)
        if CZlib.inflate(&stream, Z_FINISH) == Z_STREAM_END { produced = Int(stream.total_out) }
      }
    }
    guard produced == count else { return nil }
    unpacked.removeLast()
    return unpacked
  }
}
