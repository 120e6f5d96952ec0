// `plane` is the only one to do, on the thread at hand; nil stands for all, in parallel (see `Kernels.forEachPlane`).

extension Kernels {
  /// Depthwise [1,2,1]⊗[1,2,1]/16 with zero padding: StyleGAN's blur, and its own adjoint. No overlap.
  ///
  /// - Parameter inputShape: halo 1; `outputShape` may have either.
  package func blur3x3(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape,
    inputShape: BlockedShape, plane: Int? = nil
  ) {
    precondition(inputShape.halo == 1, "the blur reads a halo")
    forEachPlaneRows(outputShape, plane: plane) { part in
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
    inputShape: BlockedShape, plane: Int? = nil
  ) {
    precondition(inputShape.halo == 1, "up-sampling reads a halo")
    precondition(outputShape.height == 2 * inputShape.height && outputShape.width == 2 * inputShape.width)
    forEachPlaneRows(outputShape, plane: plane) { part in
      for y in part.rows {
        let near = input + inputShape.rowOffset(plane: part.plane, y: y / 2)
        let far = y % 2 == 0 ? near - inputShape.rowStride : near + inputShape.rowStride
        table.resampling.upsample(
          output + outputShape.rowOffset(plane: part.plane, y: y), near, far, inputShape.width)
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
