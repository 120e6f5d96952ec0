import Foundation
import Testing

/// Checkpoints of random weights that follow from a list of shapes and a seed, so that none need be stored.
///
/// Each tensor's numbers are `numpy.random.PCG64(SeedSequence([seed, crc32(name)]))`, made uniform and scaled by a rule.
struct DrawnCheckpoint: Decodable {
  private var tensors: [Tensor]

  /// `[name, shape, dtype, rule, scale]`.
  private struct Tensor: Decodable {
    var name: String, shape: [Int], rule: String, scale: Double

    init(from decoder: any Decoder) throws {
      var values = try decoder.unkeyedContainer()
      name = try values.decode(String.self)
      shape = try values.decode([Int].self)
      _ = try values.decode(String.self)
      rule = try values.decode(String.self)
      scale = try values.decode(Double.self)
    }

    func draw(seed: UInt32) -> [Float] {
      let count = shape.reduce(1, *), fanIn = shape.dropFirst().reduce(1, *)
      let (offset, half): (Double, Double)
      switch rule {
      case "fir":
        let line = [1.0, 3, 3, 1]
        return line.flatMap { row in line.map { Float(row * $0 / 64 * scale) } }
      case "count": return [Float(scale)]
      case "he": (offset, half) = (0, 3.0.squareRoot() * scale / Double(fanIn).squareRoot())
      case "unit": (offset, half) = (0, 3.0.squareRoot() * scale)
      case "around": (offset, half) = (scale, scale / 4)
      case "var": (offset, half) = (1, 0.5)
      default: (offset, half) = (0.1, 0.3)  // strength
      }
      var random = PCG64(seed: seed, key: crc32(name))
      return (0..<count).map { _ in
        Float(offset + half * (2 * (Double(random.next() >> 11) * 0x1p-53) - 1))
      }
    }
  }

  init(shapes path: String) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  /// Writes all tensors as `.safetensors`.
  func write(seed: UInt32, to path: String) throws {
    var header: [String: Any] = [:], data = Data()
    for tensor in tensors {
      let values = tensor.draw(seed: seed)
      header[tensor.name] = [
        "dtype": "F32", "shape": tensor.shape, "data_offsets": [data.count, data.count + values.count * 4],
      ]
      values.withUnsafeBytes { data.append(contentsOf: $0) }
    }
    let json = try JSONSerialization.data(withJSONObject: header)
    var file = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
    file.append(json)
    file.append(data)
    try file.write(to: URL(fileURLWithPath: path))
  }
}

private func crc32(_ text: String) -> UInt32 {
  var crc: UInt32 = 0xFFFF_FFFF
  for byte in text.utf8 {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  return ~crc
}

/// NumPy's PCG64 (O'Neill's XSL-RR 128/64), seeded by its `SeedSequence([seed, key])`.
private struct PCG64 {
  private var state: UInt128
  private let increment: UInt128
  private static let multiplier: UInt128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645

  init(seed: UInt32, key: UInt32) {
    let words = Self.seedWords([seed, key, 0, 0])
    increment = UInt128(words[2]) << 65 | UInt128(words[3]) << 1 | 1
    state = 0
    step()
    state &+= UInt128(words[0]) << 64 | UInt128(words[1])
    step()
  }

  private mutating func step() { state = state &* Self.multiplier &+ increment }

  mutating func next() -> UInt64 {
    step()
    let folded = UInt64(truncatingIfNeeded: state >> 64) ^ UInt64(truncatingIfNeeded: state)
    let turn = UInt64(truncatingIfNeeded: state >> 122)
    return folded >> turn | folded << ((64 - turn) & 63)
  }

  private static func seedWords(_ entropy: [UInt32]) -> [UInt64] {
    var constant: UInt32 = 0x43B0_D7E5
    func hashed(_ value: UInt32) -> UInt32 {
      var value = value ^ constant
      constant = constant &* 0x931E_8875
      value = value &* constant
      return value ^ value >> 16
    }
    var pool = entropy.map(hashed)
    for source in 0..<4 {
      for target in 0..<4 where source != target {
        let mixed = 0xCA01_F9DD &* pool[target] &- 0x4973_F715 &* hashed(pool[source])
        pool[target] = mixed ^ mixed >> 16
      }
    }
    constant = 0x8B51_F9DD
    let words = (0..<8).map { index -> UInt32 in
      var value = pool[index % 4] ^ constant
      constant = constant &* 0x58F3_8DED
      value = value &* constant
      return value ^ value >> 16
    }
    return (0..<4).map { UInt64(words[2 * $0]) | UInt64(words[2 * $0 + 1]) << 32 }
  }
}
