// Mean squared error per image. Each row of pixels is summed in float, rows and chunks in Float64 and in a fixed order.

/// The same for any number of threads, so that sums are.
private let rowsPerPartial = 16

extension Kernels {
  /// Doubles that `squaredErrors` leaves in `partials`.
  package func meanSquaredErrorPartialCount(_ shape: BlockedShape) -> Int {
    shape.batch &* shape.blocks &* ((shape.height &+ rowsPerPartial &- 1) / rowsPerPartial)
  }

  /// The first half of the mean squared error, or its share of one plane: Σ (a − b)² of some rows each.
  ///
  /// - Parameter partials: room for `meanSquaredErrorPartialCount(shape)` doubles.
  package func squaredErrors(
    partials: UnsafeMutablePointer<Double>, a: UnsafePointer<Float>, b: UnsafePointer<Float>, shape: BlockedShape,
    plane: Int? = nil
  ) {
    let perPlane = (shape.height &+ rowsPerPartial &- 1) / rowsPerPartial
    func partial(_ index: Int) {
      let first = index % perPlane &* rowsPerPartial
      var sum = 0.0
      for y in first..<min(shape.height, first &+ rowsPerPartial) {
        let offset = shape.rowOffset(plane: index / perPlane, y: y)
        sum += Double(table.elementwise.squaredDifference(a + offset, b + offset, shape.width))
      }
      partials[index] = sum
    }
    if let plane {
      for index in plane &* perPlane..<(plane &+ 1) &* perPlane { partial(index) }
    } else {
      parallelFor(shape.planeCount &* perPlane, cost: shape.elementCount) { index, _ in partial(index) }
    }
  }

  /// The second half: losses[n] = mean over the C·H·W real elements of image n of (a − b)², from the sums of all planes.
  package func meanSquaredError(
    losses: UnsafeMutablePointer<Float>, partials: UnsafePointer<Double>, shape: BlockedShape
  ) {
    let perImage = shape.blocks &* ((shape.height &+ rowsPerPartial &- 1) / rowsPerPartial)
    for image in 0..<shape.batch {
      var sum = 0.0
      for i in 0..<perImage { sum += partials[image &* perImage &+ i] }
      losses[image] = Float(sum / Double(shape.channels &* shape.pixelCount))
    }
  }

  /// gradA = 2(a − b)/(C·H·W) · weight[n]; with a and b exchanged, the gradient of b. May run in place.
  package func meanSquaredErrorBackward(
    gradA: UnsafeMutablePointer<Float>, a: UnsafePointer<Float>, b: UnsafePointer<Float>,
    weight: UnsafePointer<Float>, shape: BlockedShape, plane: Int? = nil
  ) {
    let factor = 2 / Float(shape.channels &* shape.pixelCount)
    differenceBackward(
      gradA, a, b, weight, factor, rows: shape.batch, planesPerRow: shape.blocks, stride: shape.planeStride,
      plane: plane)
  }

  /// Doubles that `meanSquaredError` needs in `partials`.
  package func meanSquaredErrorPartialCount(_ shape: DenseShape) -> Int { shape.rows }

  /// losses[r] = mean over the columns of row r of (a − b)².
  ///
  /// - Parameter partials: scratch of `meanSquaredErrorPartialCount(shape)` doubles.
  package func meanSquaredError(
    losses: UnsafeMutablePointer<Float>, a: UnsafePointer<Float>, b: UnsafePointer<Float>, shape: DenseShape,
    partials: UnsafeMutablePointer<Double>
  ) {
    // 64 additions a lane in single precision.
    let run = 1024
    for row in 0..<shape.rows {
      var sum = 0.0
      var i = 0
      while i < shape.rowStride {
        let offset = row &* shape.rowStride &+ i
        sum += Double(
          table.elementwise.squaredDifference(a + offset, b + offset, min(run, shape.rowStride &- i) / 16))
        i &+= run
      }
      partials[row] = sum
      losses[row] = Float(sum / Double(shape.columns))
    }
  }

  /// gradA = 2(a − b)/columns · weight[r]; with a and b exchanged, the gradient of b. May run in place.
  package func meanSquaredErrorBackward(
    gradA: UnsafeMutablePointer<Float>, a: UnsafePointer<Float>, b: UnsafePointer<Float>,
    weight: UnsafePointer<Float>, shape: DenseShape
  ) {
    let factor = 2 / Float(shape.columns)
    differenceBackward(
      gradA, a, b, weight, factor, rows: shape.rows, planesPerRow: 1, stride: shape.rowStride, plane: nil)
  }

  /// Of rows of `planesPerRow` planes, `stride` floats each, with a weight per row; or of one plane alone.
  @inline(__always)
  private func differenceBackward(
    _ gradA: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ weight: UnsafePointer<Float>, _ factor: Float, rows: Int, planesPerRow: Int, stride: Int, plane: Int?
  ) {
    let rowStride = planesPerRow &* stride
    for row in plane.map({ $0 / planesPerRow..<$0 / planesPerRow &+ 1 }) ?? 0..<rows {
      let base = row &* rowStride
      let span = plane.map { $0 &* stride &- base..<($0 &+ 1) &* stride &- base }
      forEachRun(DenseShape(rows: planesPerRow, columns: stride), span: span) { run, vectors in
        let offset = base &+ run
        table.elementwise.scaledDifference(
          gradA + offset, a + offset, b + offset, factor * weight[row], vectors)
      }
    }
  }
}
