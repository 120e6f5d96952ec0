import SIMDKernels
import TestSupport
import Testing

@Suite struct RowProductTests {
  @Test("Rows one by one and many at once, with columns that do not count")
  func rows() {
    for tier in Kernels.availableTiers {
      let kernels = Kernels(threadCount: 2, cap: tier)
      var random = SeededRandom(17)
      for (columns, runs) in [(16, [0..<16]), (37, [0..<37]), (37, [3..<5, 9..<30]), (70, [1..<2, 16..<33, 69..<70])] {
        let count = 40
        let values = random.floats(count * columns)
        let x = random.floats(columns)
        func product(_ a: (Int) -> Double, _ b: (Int) -> Double) -> Double {
          runs.reduce(0) { $0 + $1.reduce(0) { $0 + a($1) * b($1) } }
        }
        values.withUnsafeBytes { bytes in
          let matrix = MatrixRows(base: bytes.baseAddress!, columns: columns, runs: runs)
          let chosen = [39, 0, 7, 7, 21]
          var many = [Float](repeating: .nan, count: chosen.count)
          chosen.withUnsafeBufferPointer { kernels.dots(output: &many, matrix, rows: $0, x) }
          for (index, row) in chosen.enumerated() {
            let entry = { (column: Int) in Double(values[row * columns + column]) }
            let expected = product(entry) { Double(x[$0]) }
            #expect(abs(Double(many[index]) - expected) < 1e-4)
            #expect(kernels.dot(matrix, row: row, x) == many[index])
            #expect(abs(Double(kernels.squaredNorm(matrix, row: row)) - product(entry, entry)) < 1e-4)
            var sum = x
            kernels.accumulate(&sum, matrix, row: row, factor: -1.5)
            for column in 0..<columns {
              let isCounted = runs.contains { $0.contains(column) }
              let wanted = Double(x[column]) - (isCounted ? 1.5 * entry(column) : 0)
              #expect(abs(Double(sum[column]) - wanted) < 1e-5)
            }
          }
        }
      }
    }
  }
}
