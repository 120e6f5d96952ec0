// `plane` or `band` is all to do, on the thread at hand; nil stands for all, in parallel (see `Kernels.forEachPlane`).

/// Square windows of a maximum pooling, over a part of the input.
package struct PoolingWindows: Hashable, Sendable {
  /// Side of a window, and pixels from one to the next.
  package var kernel: Int, step: Int
  /// The region: its first row and column, and those after its last.
  package var row: Int, column: Int, rowEnd: Int, columnEnd: Int

  package init(kernel: Int, step: Int, row: Int, column: Int, rowEnd: Int, columnEnd: Int) {
    self.kernel = kernel
    self.step = step
    self.row = row
    self.column = column
    self.rowEnd = rowEnd
    self.columnEnd = columnEnd
  }
}

extension Kernels {
  /// Depthwise [1,2,1]⊗[1,2,1]/16 with zero padding: StyleGAN's blur, and its own adjoint. No overlap.
  ///
  /// - Parameter inputShape: halo 1; `outputShape` may have either.
  package func blur3x3(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape,
    inputShape: BlockedShape, band: PlaneBand? = nil
  ) {
    precondition(inputShape.halo == 1, "the blur reads a halo")
    forEachPlaneRows(outputShape, band: band) { part in
      for y in part.rows {
        table.resampling.blur(
          output + outputShape.rowOffset(plane: part.plane, y: y),
          input + (part.plane &* inputShape.blockStride &+ y &* inputShape.rowStride), inputShape.rowStride,
          outputShape.width)
      }
      outputShape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// y = mean of 2×2 pixels, stride 2; an odd last row or column is dropped. No overlap.
  package func averagePool2x2(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape,
    inputShape: BlockedShape, plane: Int? = nil
  ) {
    pool(table.resampling.averagePool, output, input, outputShape, inputShape, plane)
  }

  /// y = maximum of 2×2 pixels, stride 2; an odd last row or column is dropped. No overlap.
  package func maxPool2x2(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape,
    inputShape: BlockedShape, plane: Int? = nil
  ) {
    pool(table.resampling.maxPool, output, input, outputShape, inputShape, plane)
  }

  /// gx = gy/4 at each of the 2×2 pixels. `inputShape` is the pooled tensor's, of gradInput. No overlap.
  package func averagePool2x2Backward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, outputShape: BlockedShape,
    inputShape: BlockedShape, plane: Int? = nil
  ) {
    poolBackward(gradInput, outputShape, inputShape, plane) { plane, y, target in
      table.resampling.averagePoolBackward(
        target, inputShape.rowStride, gradOutput + outputShape.rowOffset(plane: plane, y: y), outputShape.width)
    }
  }

  /// gx = gy at the first maximum, in row-major order, of the 2×2 pixels, and 0 at the others. No overlap.
  package func maxPool2x2Backward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, input: UnsafePointer<Float>,
    outputShape: BlockedShape, inputShape: BlockedShape, plane: Int? = nil
  ) {
    poolBackward(gradInput, outputShape, inputShape, plane) { plane, y, target in
      table.resampling.maxPoolBackward(
        target, inputShape.rowStride, gradOutput + outputShape.rowOffset(plane: plane, y: y),
        input + inputShape.rowOffset(plane: plane, y: 2 &* y), inputShape.rowStride, outputShape.width)
    }
  }

  /// y = FIR([1,3,3,1]⊗[1,3,3,1] / 16) of x with zeros between its pixels: StyleGAN2's up-sampling of its RGB images
  /// (Karras et al., CVPR 2020). What lies outside of the image is zero. No overlap.
  ///
  /// - Parameter inputShape: halo 1; the output is twice as high and wide.
  package func upsampleFIR2x(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape,
    inputShape: BlockedShape, band: PlaneBand? = nil
  ) {
    precondition(inputShape.halo == 1, "up-sampling reads a halo")
    precondition(outputShape.height == 2 * inputShape.height && outputShape.width == 2 * inputShape.width)
    forEachPlaneRows(outputShape, band: band) { part in
      for y in part.rows {
        let near = input + inputShape.rowOffset(plane: part.plane, y: y / 2)
        let far = y % 2 == 0 ? near - inputShape.rowStride : near + inputShape.rowStride
        table.resampling.upsample(
          output + outputShape.rowOffset(plane: part.plane, y: y), near, far, inputShape.width)
      }
      outputShape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// y = [1,3,3,1]⊗[1,3,3,1]/16 of x with `padding` zeros on each side: with 1, what follows a transposed convolution of StyleGAN2;
  /// with 2, its adjoint. No overlap.
  ///
  /// - Parameter inputShape: halo 1; the output is 2·`padding` − 3 higher and wider.
  package func filterFIR(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape,
    inputShape: BlockedShape, padding: Int, band: PlaneBand? = nil
  ) {
    precondition(inputShape.halo == 1 && 1...2 ~= padding, "the filter reads a halo")
    let growth = 2 * padding - 3
    precondition(
      outputShape.height == inputShape.height + growth && outputShape.width == inputShape.width + growth,
      "the filter's output is \(growth) higher and wider")
    forEachPlaneRows(outputShape, band: band) { part in
      // Rows outside of the image are as zero as its halo.
      func row(_ y: Int) -> UnsafePointer<Float> {
        input + inputShape.rowOffset(plane: part.plane, y: max(-1, min(inputShape.height, y)))
      }
      for y in part.rows {
        let first = y &- padding
        table.resampling.filter(
          output + outputShape.rowOffset(plane: part.plane, y: y), row(first), row(first &+ 1), row(first &+ 2),
          row(first &+ 3), inputShape.width, padding)
      }
      outputShape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// y = maximum of the windows of a region of the input, clipped at its end; 0 where a window lies beyond it. No overlap.
  package func maxPool(
    _ windows: PoolingWindows, output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>,
    outputShape: BlockedShape, inputShape: BlockedShape
  ) {
    let rowEnd = min(windows.rowEnd, inputShape.height), columnEnd = min(windows.columnEnd, inputShape.width)
    func count(_ start: Int, _ end: Int) -> Int {
      end <= start ? 0 : (max(0, end &- start &- windows.kernel) &+ windows.step &- 1) / windows.step &+ 1
    }
    let width = min(outputShape.width, count(windows.column, columnEnd))
    let height = min(outputShape.height, count(windows.row, rowEnd))
    // Of these, windows that are whole: the last one may be clipped.
    let whole =
      width > 0 && windows.column &+ (width &- 1) &* windows.step &+ windows.kernel > columnEnd ? width &- 1 : width
    forEachPlaneRows(outputShape, plane: nil) { part in
      for y in part.rows {
        let target = output + outputShape.rowOffset(plane: part.plane, y: y)
        clear(target, outputShape.width &* 16)
        guard y < height else { continue }
        let first = windows.row &+ y &* windows.step
        let rows = min(windows.kernel, rowEnd &- first)
        let source = input + (inputShape.rowOffset(plane: part.plane, y: first) &+ windows.column &* 16)
        table.resampling.windowMax(
          target, source, inputShape.rowStride, rows, windows.kernel, windows.step, whole)
        if whole < width {
          let last = whole &* windows.step
          table.resampling.windowMax(
            target + whole &* 16, source + last &* 16, inputShape.rowStride, rows,
            columnEnd &- windows.column &- last, windows.step, 1)
        }
      }
      outputShape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// The adjoint of `upsampleFIR2x`. No overlap.
  ///
  /// - Parameter outputShape: halo 1, of gradOutput.
  package func upsampleFIR2xBackward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, outputShape: BlockedShape,
    inputShape: BlockedShape, plane: Int? = nil
  ) {
    precondition(outputShape.halo == 1, "the gradient's halo is read")
    precondition(outputShape.height == 2 * inputShape.height && outputShape.width == 2 * inputShape.width)
    forEachPlaneRows(inputShape, plane: plane) { part in
      for y in part.rows {
        table.resampling.upsampleBackward(
          gradInput + inputShape.rowOffset(plane: part.plane, y: y),
          gradOutput + (part.plane &* outputShape.blockStride &+ 2 &* y &* outputShape.rowStride),
          outputShape.rowStride, inputShape.width)
      }
      inputShape.clearHalo(gradInput, plane: part.plane, rows: part.rows)
    }
  }

  @inline(__always)
  private func pool(
    _ kernel: (UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int, Int) -> Void,
    _ output: UnsafeMutablePointer<Float>, _ input: UnsafePointer<Float>, _ outputShape: BlockedShape,
    _ inputShape: BlockedShape, _ plane: Int?
  ) {
    precondition(outputShape.height == inputShape.height / 2 && outputShape.width == inputShape.width / 2)
    forEachPlaneRows(outputShape, plane: plane) { part in
      for y in part.rows {
        kernel(
          output + outputShape.rowOffset(plane: part.plane, y: y),
          input + inputShape.rowOffset(plane: part.plane, y: 2 &* y), inputShape.rowStride, outputShape.width)
      }
      outputShape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// Calls `body(plane, y, rows 2y and 2y + 1 of gradInput)`; writes zeros where no output looked, and to the halo.
  @inline(__always)
  private func poolBackward(
    _ gradInput: UnsafeMutablePointer<Float>, _ outputShape: BlockedShape, _ inputShape: BlockedShape, _ plane: Int?,
    _ body: (_ plane: Int, _ y: Int, _ target: UnsafeMutablePointer<Float>) -> Void
  ) {
    precondition(outputShape.height == inputShape.height / 2 && outputShape.width == inputShape.width / 2)
    forEachPlaneRows(outputShape, plane: plane) { part in
      for y in part.rows {
        let target = gradInput + inputShape.rowOffset(plane: part.plane, y: 2 &* y)
        body(part.plane, y, target)
        if inputShape.width % 2 == 1 {
          let last = (inputShape.width &- 1) &* 16
          clear(target + last, 16)
          clear(target + (inputShape.rowStride &+ last), 16)
        }
      }
      var rows = part.rows.lowerBound &* 2..<part.rows.upperBound &* 2
      if part.rows.upperBound == outputShape.height && inputShape.height % 2 == 1 {
        clear(gradInput + inputShape.rowOffset(plane: part.plane, y: rows.upperBound), inputShape.width &* 16)
        rows = rows.lowerBound..<rows.upperBound &+ 1
      }
      inputShape.clearHalo(gradInput, plane: part.plane, rows: rows)
    }
  }
}
