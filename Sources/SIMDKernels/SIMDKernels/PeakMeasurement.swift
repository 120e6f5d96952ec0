extension Kernels {
  /// Operations per second at which this machine runs the matrix kernel in force on all threads, with everything in the
  /// first-level cache: what a share of the peak is a share of.
  ///
  /// Best of `repetitions`, about a millisecond each: other programs only ever slow it down.
  package func measurePeak(_ arithmetic: ProductArithmetic = .f32, repetitions: Int = 40) -> Double {
    let operands = (0..<threadCount).map { _ in makeOperands(arithmetic) }
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

  /// - Precondition: the tier has products of 16 bits where those are asked for.
  private func makeOperands(_ arithmetic: ProductArithmetic) -> any PeakProduct {
    switch arithmetic {
    case .f32: PeakOperands(table.wideGemm)
    case .words: ReducedPeakOperands(table.reduced!)
    case .bytes: Int8PeakOperands(table.int8)
    }
  }

  /// The peak of each arithmetic that the tier has fast products for.
  package func measurePeaks() -> [ProductArithmetic: Double] {
    var peaks = [ProductArithmetic.f32: measurePeak()]
    if table.reduced != nil { peaks[.words] = measurePeak(.words) }
    if table.int8.isFast { peaks[.bytes] = measurePeak(.bytes) }
    return peaks
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
