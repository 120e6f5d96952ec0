extension Kernels {
  /// Planar `[N][C][H][W]` → blocked, halo and padding zero.
  package func fromPlanar(
    blocked: UnsafeMutablePointer<Float>, planar: UnsafePointer<Float>, shape: BlockedShape
  ) {
    unflatten(blocked: blocked, dense: planar, denseRowStride: shape.channels &* shape.pixelCount, shape: shape)
  }

  /// Blocked → planar `[N][C][H][W]`.
  package func toPlanar(
    planar: UnsafeMutablePointer<Float>, blocked: UnsafePointer<Float>, shape: BlockedShape
  ) {
    flatten(dense: planar, denseRowStride: shape.channels &* shape.pixelCount, blocked: blocked, shape: shape)
  }

  /// Blocked → one dense row per image, in [C, H, W] order; what follows up to the stride is written as zero.
  package func flatten(
    dense: UnsafeMutablePointer<Float>, denseRowStride: Int, blocked: UnsafePointer<Float>, shape: BlockedShape
  ) {
    let plane = shape.pixelCount
    forEachPlaneRows(shape, plane: nil) { part in
      let target = dense + (part.image &* denseRowStride &+ part.block &* 16 &* plane)
      for y in part.rows {
        table.layout.planarRow(
          target + y &* shape.width, blocked + shape.rowOffset(plane: part.plane, y: y), plane,
          shape.channels(inBlock: part.block), shape.width)
      }
    }
    let used = shape.channels &* plane
    for image in 0..<shape.batch { clear(dense + (image &* denseRowStride &+ used), denseRowStride &- used) }
  }

  /// One dense row per image, in [C, H, W] order → blocked, halo and padding zero.
  package func unflatten(
    blocked: UnsafeMutablePointer<Float>, dense: UnsafePointer<Float>, denseRowStride: Int, shape: BlockedShape
  ) {
    let plane = shape.pixelCount
    forEachPlaneRows(shape, plane: nil) { part in
      let source = dense + (part.image &* denseRowStride &+ part.block &* 16 &* plane)
      for y in part.rows {
        table.layout.blockRow(
          blocked + shape.rowOffset(plane: part.plane, y: y), source + y &* shape.width, plane,
          shape.channels(inBlock: part.block), shape.width)
      }
      shape.clearHalo(blocked, plane: part.plane, rows: part.rows)
    }
  }

  /// output = columns [start, start + outputShape.columns) of input. No overlap.
  package func sliceColumns(
    output: UnsafeMutablePointer<Float>, outputShape: DenseShape, input: UnsafePointer<Float>,
    inputShape: DenseShape, start: Int
  ) {
    precondition(start >= 0 && start + outputShape.columns <= inputShape.columns, "columns out of range")
    for row in 0..<outputShape.rows {
      let target = output + row &* outputShape.rowStride
      target.update(from: input + (row &* inputShape.rowStride &+ start), count: outputShape.columns)
      clear(target + outputShape.columns, outputShape.rowStride &- outputShape.columns)
    }
  }

  /// output = zeros, with input as columns [start, start + inputShape.columns): the adjoint of `sliceColumns`.
  package func embedColumns(
    output: UnsafeMutablePointer<Float>, outputShape: DenseShape, input: UnsafePointer<Float>,
    inputShape: DenseShape, start: Int
  ) {
    precondition(start >= 0 && start + inputShape.columns <= outputShape.columns, "columns out of range")
    for row in 0..<outputShape.rows {
      let target = output + row &* outputShape.rowStride
      clear(target, outputShape.rowStride)
      (target + start).update(from: input + row &* inputShape.rowStride, count: inputShape.columns)
    }
  }
}
