import TestSupport
import Testing

@testable import SIMDKernels

@Suite struct AdjacentRowTests {
  @Test("Products of adjacent rows have the bits that tables of offsets give, from zeros and added to sums")
  func sameBits() {
    for tier in Kernels.availableTiers {
      let gemm = Kernels(threadCount: 1, cap: tier).table.wideGemm
      let blocks = 3, tiles = 2, rows = tiles * gemm.mr, stride = rows * 16
      var random = SeededRandom(5)
      let input = random.floats(blocks * stride), panel = random.floats(blocks * 16 * gemm.nr)
      let sums = random.floats(gemm.nr / 16 * stride), zeros = [Float](repeating: 0, count: gemm.nr)
      let offsets = (0..<rows).map { Int32($0 * 16) }
      func products(hasAdjacentRows: Bool, adds: Bool) -> [Float] {
        var output = sums
        output.withUnsafeMutableBufferPointer { output in
          withPointers(input, panel, zeros, offsets) { input, panel, zeros, offsets in
            var arguments = TapGemmArguments(
              input: input, inputBlockStride: stride, blocks: blocks, taps: 1, channels: 16, tapOffsets: offsets,
              inputPixels: offsets, outputPixels: offsets, tiles: tiles, panel: panel, output: output.baseAddress!,
              outputBlockStride: stride, initial: adds ? nil : zeros, slope: 1, prefetch: UnsafeRawPointer(panel),
              prefetchLines: 0)
            arguments.hasAdjacentRows = hasAdjacentRows
            gemm.run(&arguments)
          }
        }
        return output
      }
      for adds in [false, true] {
        #expect(products(hasAdjacentRows: true, adds: adds) == products(hasAdjacentRows: false, adds: adds))
      }
    }
  }
}

/// Calls `body` while the arrays stay where they are.
private func withPointers(
  _ a: [Float], _ b: [Float], _ c: [Float], _ offsets: [Int32],
  _ body: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Int32>) -> Void
) {
  body(a, b, c, offsets)
}
