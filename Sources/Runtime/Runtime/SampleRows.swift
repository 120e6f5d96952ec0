import Quant
import SIMDKernels

/// The rows of a matrix as samples, one by one or all at once, used where they lie.
package final class SampleRows: Sendable {
  package let matrix: FloatMatrix
  package let kernels: Kernels
  /// The columns that count; the others are taken for zero.
  package let runs: [Range<Int>]
  private let rows: MatrixRows

  /// - Parameter runs: columns that count, ascending and apart; nil for all.
  package init(_ matrix: FloatMatrix, runs: [Range<Int>]? = nil, kernels: Kernels) {
    self.matrix = matrix
    self.kernels = kernels
    let runs = runs ?? [0..<matrix.columnCount]
    precondition(runs.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= matrix.columnCount })
    self.runs = runs
    // The matrix keeps its memory, and with it this address, alive.
    rows = matrix.withUnsafeBytes { MatrixRows(base: $0.baseAddress!, columns: matrix.columnCount, runs: runs) }
  }

  package var count: Int { matrix.rowCount }
  package var dimension: Int { matrix.columnCount }

  /// x_row · v.
  package func dot(_ row: Int, _ vector: [Float]) -> Float {
    check(row, vector.count)
    return kernels.dot(rows, row: row, vector)
  }

  /// ‖x_row‖².
  package func squaredNorm(_ row: Int) -> Float {
    check(row, dimension)
    return kernels.squaredNorm(rows, row: row)
  }

  /// v += factor · x_row.
  package func add(_ row: Int, times factor: Float, to vector: inout [Float]) {
    check(row, vector.count)
    kernels.accumulate(&vector, rows, row: row, factor: factor)
  }

  /// x_r · v for the given rows, in their order.
  package func dots(_ chosen: [Int], _ vector: [Float]) -> [Float] {
    for row in chosen { check(row, vector.count) }
    return [Float](unsafeUninitializedCapacity: chosen.count) { output, initialized in
      if let base = output.baseAddress {
        chosen.withUnsafeBufferPointer { kernels.dots(output: base, rows, rows: $0, vector) }
      }
      initialized = chosen.count
    }
  }

  private func check(_ row: Int, _ length: Int) {
    precondition(row >= 0 && row < count && length == dimension, "a row of the matrix, and a vector of its length")
  }
}
