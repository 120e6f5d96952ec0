// Windows of an image as channels, so that a convolution of any size and stride is one of 1×1, and the adjoints of windows.

/// Square windows of a convolution with zero padding.
package struct PatchWindows: Hashable, Sendable {
  /// Side of a window, pixels from one to the next, and zeros on each side of the image.
  package var kernel: Int, stride: Int, padding: Int

  package init(kernel: Int, stride: Int, padding: Int) {
    precondition(kernel > 0 && stride > 0 && padding >= 0)
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  /// Windows along a side; 0 or less where none fits.
  package func count(_ side: Int) -> Int {
    side + 2 * padding < kernel ? 0 : (side + 2 * padding - kernel) / stride + 1
  }

  package var area: Int { kernel * kernel }

  /// Outputs whose tap `tap` lies within a side of `side` inputs.
  func outputs(_ tap: Int, inputs side: Int, outputs count: Int) -> Range<Int> {
    let offset = padding &- tap
    if offset < 1 &- side { return 0..<0 }
    let first = (tap < padding ? offset &+ stride &- 1 : 0) / stride
    let end = min(count, (side &- 1 &+ offset) / stride &+ 1)
    return first < end ? first..<end : 0..<0
  }
}

extension Kernels {
  /// y[(c·k + dy)·k + dx][i][j] = x[c][s·i + dy − p][s·j + dx − p], and 0 outside of the image. No overlap.
  ///
  /// - Parameter outputShape: k²·C channels.
  package func gatherPatches(
    _ windows: PatchWindows, output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>,
    outputShape: BlockedShape, inputShape: BlockedShape, plane: Int? = nil
  ) {
    precondition(outputShape.channels == windows.area * inputShape.channels && outputShape.batch == inputShape.batch)
    forEachPlaneRows(outputShape, plane: plane) { part in
      for y in part.rows {
        let target = output + outputShape.rowOffset(plane: part.plane, y: y)
        clear(target, outputShape.width &* 16)
        for lane in 0..<outputShape.channels(inBlock: part.block) {
          let (channel, tap) = (part.block &* 16 &+ lane).quotientAndRemainder(dividingBy: windows.area)
          let (dy, dx) = tap.quotientAndRemainder(dividingBy: windows.kernel)
          let row = windows.stride &* y &+ dy &- windows.padding
          guard row >= 0, row < inputShape.height else { continue }
          let source =
            input
            + (inputShape.rowOffset(plane: part.image &* inputShape.blocks &+ channel / 16, y: row) &+ channel % 16)
          for x in windows.outputs(dx, inputs: inputShape.width, outputs: outputShape.width) {
            target[x &* 16 &+ lane] = source[(windows.stride &* x &+ dx &- windows.padding) &* 16]
          }
        }
      }
      outputShape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// The adjoint of `gatherPatches`. No overlap.
  package func gatherPatchesBackward(
    _ windows: PatchWindows, gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>,
    outputShape: BlockedShape, inputShape: BlockedShape
  ) {
    forEachPlaneRows(inputShape, plane: nil) { part in
      for y in part.rows {
        let target = gradInput + inputShape.rowOffset(plane: part.plane, y: y)
        clear(target, inputShape.width &* 16)
        for dy in 0..<windows.kernel {
          let place = y &+ windows.padding &- dy
          guard place >= 0, place % windows.stride == 0, place / windows.stride < outputShape.height else { continue }
          for lane in 0..<inputShape.channels(inBlock: part.block) {
            let first = ((part.block &* 16 &+ lane) &* windows.kernel &+ dy) &* windows.kernel
            for dx in 0..<windows.kernel {
              let channel = first &+ dx
              let source =
                gradOutput
                + (outputShape.rowOffset(
                  plane: part.image &* outputShape.blocks &+ channel / 16, y: place / windows.stride) &+ channel % 16)
              for x in windows.outputs(dx, inputs: inputShape.width, outputs: outputShape.width) {
                target[(windows.stride &* x &+ dx &- windows.padding) &* 16 &+ lane] += source[x &* 16]
              }
            }
          }
        }
      }
      inputShape.clearHalo(gradInput, plane: part.plane, rows: part.rows)
    }
  }

  /// gx = Σ gy over the windows in which a pixel is the first maximum, in row-major order. No overlap.
  ///
  /// - Parameter windows: the first may begin in the halo; the last may be clipped.
  package func maxPoolBackward(
    _ windows: PoolingWindows, gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>,
    input: UnsafePointer<Float>, outputShape: BlockedShape, inputShape: BlockedShape
  ) {
    /// The part of a window that lies in the image.
    func window(_ start: Int, _ end: Int) -> Range<Int> {
      let first = max(0, start)
      return first..<max(first, min(end, start &+ windows.kernel))
    }
    // Windows overlap, so that a plane is one task.
    forEachPlane(inputShape, plane: nil) { plane in
      clear(gradInput + plane &* inputShape.blockStride, inputShape.blockStride)
      for y in 0..<outputShape.height {
        let rows = window(windows.row &+ y &* windows.step, windows.rowEnd)
        for x in 0..<outputShape.width {
          let columns = window(windows.column &+ x &* windows.step, windows.columnEnd)
          if rows.isEmpty || columns.isEmpty { continue }
          let gradient = gradOutput + (outputShape.rowOffset(plane: plane, y: y) &+ x &* 16)
          for lane in 0..<16 {
            var best = -Float.infinity
            var place = inputShape.rowOffset(plane: plane, y: rows.lowerBound) &+ columns.lowerBound &* 16
            for row in rows {
              let offset = inputShape.rowOffset(plane: plane, y: row)
              for column in columns where input[offset &+ column &* 16 &+ lane] > best {
                place = offset &+ column &* 16
                best = input[place &+ lane]
              }
            }
            gradInput[place &+ lane] += gradient[lane]
          }
        }
      }
    }
  }
}
