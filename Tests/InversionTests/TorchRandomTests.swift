import Quant
import Testing

/// `torch.manual_seed(3); torch.randn(1, count)` with PyTorch 2.13 on a CPU.
@Suite struct TorchRandomTests {
  private func close(_ a: Float, _ b: Float) -> Bool { abs(a - b) <= 1e-6 }

  @Test func aMultipleOfSixteen() {
    var random = TorchRandom(seed: 3)
    let values = random.normals(64)
    #expect(close(values[0], -0.07664429396390915) && close(values[1], 0.35988152027130127))
    #expect(close(values[62], 1.3544285297393799) && close(values[63], 1.3777583837509155))
  }

  @Test func aRestIsDrawnAnew() {
    var random = TorchRandom(seed: 3)
    let values = random.normals(40)
    #expect(close(values[0], -0.07664429396390915) && close(values[3], 0.07152773439884186))
    #expect(close(values[37], -0.3491773307323456) && close(values[39], -0.6894744634628296))
  }

  @Test("seeds are PyTorch's, all 64 bits: the generator starts from the lower 32")
  func wideSeeds() {
    func first(_ seed: some BinaryInteger) -> Float {
      var random = TorchRandom(seed: seed)
      return random.normals(16)[0]
    }
    #expect(first(3 + (1 << 32)) == first(3) && first(UInt64.max) == first(UInt32.max))
    #expect(first(-1) == first(UInt64.max) && first(Int64.min + 3) == first(3))
    #expect(first(1) != first(3))
  }
}
