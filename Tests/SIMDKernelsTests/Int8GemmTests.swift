import KernelABI
import SIMDKernels
import TestSupport
import Testing

/// The 8-bit micro-kernels by themselves, where convolutions do not take them: all bytes, sums that wrap around, pixels in
/// any order and twice, panels in two chunks.
@Suite struct Int8GemmTests {
  @Test(
    "Products of every tier are their contract's, and nothing else is written",
    arguments: [(1, 1), (1, 2), (2, 9), (3, 4), (5, 1)])
  func contract(_ blocks: Int, _ taps: Int) {
    for tier in Kernels.availableTiers {
      let int8 = Kernels(threadCount: 1, cap: tier).table.int8
      for gemm in [int8.wideGemm, int8.narrowGemm] {
        for (tiles, isFinished) in [(1, false), (1, true), (3, true)] {
          let trial = Trial(int8, gemm, tiles: tiles, blocks: blocks, taps: taps)
          #expect(
            trial.run(isFinished: isFinished) == trial.expected(isFinished: isFinished),
            "\(tier.rawValue), \(gemm.mr)x\(gemm.nr), \(tiles) tiles, finished: \(isFinished)")
        }
      }
    }
  }
}

private struct Trial {
  let int8: Int8Kernels, gemm: Int8Gemm
  let tiles: Int, blocks: Int, taps: Int
  /// Pixels of a block of the input, two of them around the image for taps.
  let places: Int
  let input: [UInt8], panel: [Int8], initial: [Int32], scales: [Float], bias: [Float]
  /// In bytes, and the same pixels in floats of the output.
  let inputPixels: [Int32], outputPixels: [Int32], tapOffsets: [Int32]
  let slope: Float = 0.2

  init(_ int8: Int8Kernels, _ gemm: Int8Gemm, tiles: Int, blocks: Int, taps: Int) {
    var random = SeededRandom(UInt64(31 + blocks))
    let pixels = tiles * gemm.mr, places = pixels + 2
    self.int8 = int8
    self.gemm = gemm
    self.tiles = tiles
    self.blocks = blocks
    self.taps = taps
    self.places = places
    input = (0..<blocks * places * 16).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    panel = (0..<blocks * taps * 16 * gemm.nr).map { _ in Int8(truncatingIfNeeded: random.next()) }
    // Near both ends of 32 bits.
    let ends: [Int32] = [.max, .min, 0]
    initial = (0..<gemm.nr).map { ends[$0 % 3] ^ Int32($0) }
    scales = random.floats(gemm.nr)
    bias = random.floats(gemm.nr)
    // Backwards; the last two of a tile of several are one, as where it is filled up.
    let first = gemm.mr == 1 ? 0 : 1
    inputPixels = (0..<pixels).map { Int32(max(first, pixels - 1 - $0) * 16) }
    outputPixels = inputPixels
    tapOffsets = (0..<taps).map { Int32($0 % 3 * 16) }
  }

  /// From the contract's formula, in integers that wrap around.
  func expected(isFinished: Bool) -> [UInt32] {
    var result = Array(repeating: Float(7.7e7).bitPattern, count: places * gemm.nr)
    for pixel in 0..<tiles * gemm.mr {
      for o in 0..<gemm.nr {
        var sum = initial[o]
        for block in 0..<blocks {
          for tap in 0..<taps {
            for c in 0..<16 {
              let at: Int = block * places * 16 + Int(inputPixels[pixel]) + Int(tapOffsets[tap]) + c
              let code = int8.inputOffset == 0 ? Int32(Int8(bitPattern: input[at])) : Int32(input[at])
              let group: Int = ((block * taps + tap) * (16 / int8.depth) + c / int8.depth) * gemm.nr + o
              sum &+= code &* Int32(panel[group * int8.depth + c % int8.depth])
            }
          }
        }
        let product = Float(sum) * scales[o]
        let y = product + bias[o]
        let finished = y > 0 ? y : y * slope
        let place: Int = o / 16 * places * 16 + Int(outputPixels[pixel]) + o % 16
        result[place] = isFinished ? finished.bitPattern : UInt32(bitPattern: sum)
      }
    }
    return result
  }

  /// The last block of channels as a chunk of its own, where there are more.
  func run(isFinished: Bool) -> [UInt32] {
    let output = GuardedBuffer(places * gemm.nr), scales = GuardedBuffer(scales), bias = GuardedBuffer(bias)
    let (input, panel, initial) = (Copy(input), Copy(panel), Copy(initial))
    let (tapOffsets, inputPixels, outputPixels) = (Copy(tapOffsets), Copy(inputPixels), Copy(outputPixels))
    var arguments = Int8GemmArguments(
      input: input.base, inputBlockStride: places * 16, blocks: blocks, taps: taps, tapOffsets: tapOffsets.base,
      inputPixels: inputPixels.base, outputPixels: outputPixels.base, tiles: tiles, panel: panel.base,
      output: output.base, outputBlockStride: places * 16, initial: initial.base, scales: nil, bias: bias.base,
      slope: slope)
    if blocks > 1 {
      arguments.blocks = blocks - 1
      gemm.run(&arguments)
      arguments.initial = nil
      arguments.input += (blocks - 1) * places * 16
      arguments.panel += (blocks - 1) * taps * 16 * gemm.nr
      arguments.blocks = 1
    }
    if isFinished { arguments.scales = UnsafePointer(scales.base) }
    gemm.run(&arguments)
    #expect(output.isGuarded, "wrote outside of its memory")
    withExtendedLifetime((input, panel, initial, tapOffsets, inputPixels, outputPixels, scales, bias)) {}
    return output.bits
  }
}

/// An array's elements at an address that stays.
private final class Copy<Element> {
  private let memory: UnsafeMutableBufferPointer<Element>
  var base: UnsafePointer<Element> { UnsafePointer(memory.baseAddress!) }

  init(_ elements: [Element]) {
    memory = .allocate(capacity: elements.count)
    _ = memory.initialize(from: elements)
  }

  deinit { memory.deallocate() }
}
