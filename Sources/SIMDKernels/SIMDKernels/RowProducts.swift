/// Borrowed rows of floats, back to back, of which some columns count.
package struct MatrixRows: @unchecked Sendable {
  package var base: UnsafeRawPointer
  /// Floats from one row to the next.
  package var columns: Int
  /// The columns that count, ascending, apart from each other.
  package var runs: [Range<Int>]

  /// Points into memory that outlives every use (a mapped file).
  package init(base: UnsafeRawPointer, columns: Int, runs: [Range<Int>]) {
    self.base = base
    self.columns = columns
    self.runs = runs
  }

  @inline(__always)
  fileprivate func address(_ row: Int, _ column: Int) -> UnsafeRawPointer { base + (row &* columns &+ column) &* 4 }
}

// Rows in any order against one vector: what a solver needs that visits samples one by one.
extension Kernels {
  /// Σ M[row][i]·x[i] over the columns that count. Sums as `DenseKernels.Dot` does.
  package func dot(_ matrix: MatrixRows, row: Int, _ x: UnsafePointer<Float>) -> Float {
    var total: Float = 0
    for run in matrix.runs {
      var sum: Float = 0
      table.dense.dotF32(&sum, matrix.address(row, run.lowerBound), 0, 1, x + run.lowerBound, run.count)
      total += sum
    }
    return total
  }

  /// Σ M[row][i]² over the columns that count.
  package func squaredNorm(_ matrix: MatrixRows, row: Int) -> Float {
    var total: Float = 0
    for run in matrix.runs {
      let start = matrix.address(row, run.lowerBound)
      var sum: Float = 0
      table.dense.dotF32(&sum, start, 0, 1, start.assumingMemoryBound(to: Float.self), run.count)
      total += sum
    }
    return total
  }

  /// y[i] += factor·M[row][i] for the columns that count.
  package func accumulate(_ y: UnsafeMutablePointer<Float>, _ matrix: MatrixRows, row: Int, factor: Float) {
    var factor = factor
    for run in matrix.runs {
      table.dense.accumulateF32(y + run.lowerBound, matrix.address(row, run.lowerBound), 0, 1, &factor, run.count)
    }
  }

  /// output[k] = Σ M[rows[k]][i]·x[i], on all threads.
  package func dots(
    output: UnsafeMutablePointer<Float>, _ matrix: MatrixRows, rows: UnsafeBufferPointer<Int>, _ x: UnsafePointer<Float>
  ) {
    let perTask = max(1, 16384 / max(1, matrix.columns))
    parallelFor((rows.count &+ perTask &- 1) / perTask, cost: rows.count &* matrix.columns) { task, _ in
      for k in task &* perTask..<min(rows.count, (task &+ 1) &* perTask) {
        output[k] = dot(matrix, row: rows[k], x)
      }
    }
  }
}
