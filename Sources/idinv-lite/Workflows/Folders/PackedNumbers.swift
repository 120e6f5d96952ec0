import Foundation

/// Numbers as a file of text holds them exactly and briefly: little-endian bytes, in base64.
package struct PackedFloats: Codable, Equatable {
  package var values: [Float]

  package init(_ values: [Float]) { self.values = values }

  package init(from decoder: any Decoder) throws {
    values = try decoder.singleValueContainer().decode(Data.self).floats
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Data(floats: values))
  }
}

extension Data {
  /// Little-endian single precision.
  package init(floats: [Float]) {
    self.init(capacity: floats.count * 4)
    for value in floats {
      let bits = value.bitPattern
      append(contentsOf: [
        UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8),
        UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 24),
      ])
    }
  }

  package var floats: [Float] {
    let bytes = [UInt8](self)
    return stride(from: 0, to: bytes.count - bytes.count % 4, by: 4).map { index in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << (8 * UInt32($1)) })
    }
  }
}
