import FoundationEssentials

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
  /// Little-endian single precision, as every supported processor has it in memory.
  package init(floats: [Float]) { self = floats.withUnsafeBytes { Data($0) } }

  /// As many as there are whole ones.
  package var floats: [Float] {
    [Float](unsafeUninitializedCapacity: count / 4) { buffer, filled in
      filled = copyBytes(to: UnsafeMutableRawBufferPointer(buffer), count: count / 4 * 4) / 4
    }
  }
}
