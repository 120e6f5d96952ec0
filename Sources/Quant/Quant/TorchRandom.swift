import Glibc

/// The numbers of `torch.manual_seed(seed); torch.randn(count)` on a CPU, up to the last bit of a logarithm or cosine:
/// a seed means the same image here and in PyTorch.
///
/// Mersenne Twister: Matsumoto and Nishimura, ACM TOMACS 8 (1998). Normals: Box and Muller, sixteen at a time as
/// PyTorch makes them; it makes fewer than sixteen in another way, which is not followed here.
package struct TorchRandom: Sendable {
  private var state: [UInt32]
  private var position = 624

  /// - Parameter seed: any seed of PyTorch's: it takes 64 bits (of a negative number, 2⁶⁴ more), and its generator on a
  ///   CPU starts from the lower 32.
  package init(seed: some BinaryInteger) {
    state = [UInt32(truncatingIfNeeded: seed)]
    for index in 1..<624 {
      let previous = state[index - 1]
      state.append(1_812_433_253 &* (previous ^ (previous >> 30)) &+ UInt32(index))
    }
  }

  private mutating func next() -> UInt32 {
    if position == 624 {
      for index in 0..<624 {
        let y = (state[index] & 0x8000_0000) | (state[(index + 1) % 624] & 0x7FFF_FFFF)
        state[index] = state[(index + 397) % 624] ^ (y >> 1) ^ (y & 1 == 0 ? 0 : 0x9908_B0DF)
      }
      position = 0
    }
    var y = state[position]
    position += 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9D2C_5680
    y ^= (y << 15) & 0xEFC6_0000
    return y ^ (y >> 18)
  }

  private mutating func uniform() -> Float { Float(next() & 0xFF_FFFF) * 0x1p-24 }

  /// A number in 0..<limit, as `torch.randint` takes it.
  package mutating func integer(below limit: Int) -> Int { Int(next()) % limit }

  /// Standard normal numbers.
  package mutating func normals(_ count: Int) -> [Float] {
    var values = (0..<max(count, 16)).map { _ in uniform() }
    func transform(_ start: Int) {
      for index in start..<start + 8 {
        let radius = (-2 * log(1 - values[index])).squareRoot()
        let angle = 2 * Float.pi * values[index + 8]
        values[index] = radius * cos(angle)
        values[index + 8] = radius * sin(angle)
      }
    }
    for start in stride(from: 0, through: values.count - 16, by: 16) { transform(start) }
    if values.count % 16 != 0 {
      // The last sixteen are drawn anew, over the tail of the block before.
      for index in values.count - 16..<values.count { values[index] = uniform() }
      transform(values.count - 16)
    }
    return Array(values.prefix(count))
  }
}
