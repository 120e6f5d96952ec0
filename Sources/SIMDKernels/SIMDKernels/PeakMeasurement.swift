extension Kernels {
  /// Floating-point operations per second at which this machine runs the f32 matrix kernel in force on all threads, with
  /// everything in the first-level cache: what a share of the peak is a share of.
  ///
  /// Best of `repetitions`, about a millisecond each: other programs only ever slow it down.
  package func measurePeak(repetitions: Int = 40) -> Double {
    let operands = (0..<threadCount).map { _ in PeakOperands(table.wideGemm) }
    let clock = ContinuousClock()
    func seconds(_ body: () -> Void) -> Double { clock.measure(body) / .seconds(1) }
    operands[0].run()
    let once = (0..<4).map { _ in seconds { operands[0].run() } }.min()!
    // Four tasks per thread, so that a thread that starts late does not keep the others waiting.
    let calls = max(1, Int(0.25e-3 / max(once, 1e-7))), tasks = 4 * threadCount
    let best = (0..<max(1, repetitions)).map { _ in
      seconds { parallelFor(tasks) { _, worker in for _ in 0..<calls { operands[worker].run() } } }
    }.min()!
    return Double(calls * tasks * operands[0].work) / best
  }

  /// Bytes per second at which all threads together read memory that no cache holds.
  ///
  /// Best of `repetitions`. - Parameter byteCount: what is read; several times the caches.
  package func measureMemoryBandwidth(byteCount: Int = 96 << 20, repetitions: Int = 4) -> Double {
    // Rows of 256 KB, four to a task, as a dense layer reads its weights.
    let columns = 1 << 16, rows = max(4, byteCount / (columns * 4) / 4 * 4)
    let matrix = try! AlignedFloats(count: rows * columns), vector = AlignedFloats(few: columns)
    let sums = AlignedFloats(few: rows)
    for i in 0..<columns { vector.base[i] = 1 }
    // Pages that were never written to are one and the same.
    parallelFor(rows) { row, _ in for i in 0..<columns { matrix.base[row &* columns &+ i] = 1 } }
    let clock = ContinuousClock()
    let best = (0..<max(1, repetitions)).map { _ in
      clock.measure {
        parallelFor(rows / 4) { task, _ in
          table.dense.dotF32(
            sums.base + 4 &* task, UnsafeRawPointer(matrix.base + 4 &* task &* columns), columns &* 4, 4, vector.base,
            columns)
        }
      } / .seconds(1)
    }.min()!
    return Double(rows * columns * 4) / best
  }
}

/// A product of one thread: a few pixels, again and again, by one panel of 16 KB.
struct PeakOperands: Sendable {
  private static let panelByteCount = 16 << 10, tiles = 16
  private let gemm: TapGemm
  private let blocks: Int
  private let input: AlignedFloats, panel: AlignedFloats, initial: AlignedFloats
  let output: AlignedFloats
  private let pixels: [Int32]

  init(_ gemm: TapGemm) {
    self.gemm = gemm
    blocks = max(1, Self.panelByteCount / (16 * gemm.nr * 4))
    input = AlignedFloats(few: blocks * gemm.mr * 16)
    panel = AlignedFloats(few: blocks * 16 * gemm.nr)
    output = AlignedFloats(few: gemm.mr * gemm.nr)
    initial = AlignedFloats(few: gemm.nr)
    for i in 0..<input.count { input.base[i] = 1 }
    for i in 0..<panel.count { panel.base[i] = 0.5 }
    pixels = (0..<Self.tiles).flatMap { _ in (0..<gemm.mr).map { Int32($0 * 16) } }
  }

  /// Floating-point operations of one `run`.
  var work: Int { 2 * Self.tiles * gemm.mr * gemm.nr * blocks * 16 }

  func run() {
    let tap: Int32 = 0
    withUnsafePointer(to: tap) { tap in
      pixels.withUnsafeBufferPointer { pixels in
        var arguments = TapGemmArguments(
          input: input.base, inputBlockStride: gemm.mr &* 16, blocks: blocks, taps: 1, channels: 16, tapOffsets: tap,
          inputPixels: pixels.baseAddress!, outputPixels: pixels.baseAddress!, tiles: Self.tiles, panel: panel.base,
          output: output.base, outputBlockStride: gemm.mr &* 16, initial: initial.base, slope: 1,
          prefetch: UnsafeRawPointer(panel.base), prefetchLines: 0)
        gemm.run(&arguments)
      }
    }
  }
}
