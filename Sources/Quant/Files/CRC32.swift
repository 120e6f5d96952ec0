import CZlib

/// The CRC-32 of zlib, PNG and ZIP, over data given in pieces.
package struct CRC32: Sendable {
  package private(set) var value: UInt32 = 0

  package init() {}

  package mutating func update<Element: BitwiseCopyable>(_ elements: [Element]) {
    elements.withUnsafeBytes { update($0) }
  }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return }
    var start = 0
    while start < bytes.count {
      let count = min(bytes.count - start, 1 << 30)
      value = UInt32(truncatingIfNeeded: crc32(UInt(value), base + start, uInt(count)))
      start += count
    }
  }
}
