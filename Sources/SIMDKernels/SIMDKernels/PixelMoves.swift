// Operators that move whole pixels of sixteen channels, and read or write each once. `plane` is the only one to do, on the
// thread at hand; nil stands for all, in parallel (see `Kernels.forEachPlane`).

extension Kernels {
  /// y[c][2i + p][2j + q] = x[(2p + q)·C₁₆ + c][i][j], C₁₆ the output's channels rounded up to 16: four phases side by side.
  /// No overlap.
  ///
  /// - Parameter plane: of the output.
  package func pixelShuffle(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape,
    inputShape: BlockedShape, plane: Int? = nil
  ) {
    precondition(outputShape.height == 2 * inputShape.height && outputShape.width == 2 * inputShape.width)
    precondition(inputShape.blocks == 4 * outputShape.blocks && inputShape.batch == outputShape.batch)
    forEachPlaneRows(outputShape, plane: plane) { part in
      let source = part.image &* inputShape.blocks &+ part.block
      for y in part.rows {
        let even = source &+ y % 2 &* 2 &* outputShape.blocks
        let left = input + inputShape.rowOffset(plane: even, y: y / 2)
        let right = input + inputShape.rowOffset(plane: even &+ outputShape.blocks, y: y / 2)
        let target = output + outputShape.rowOffset(plane: part.plane, y: y)
        for x in 0..<inputShape.width {
          (target + x &* 32).update(from: left + x &* 16, count: 16)
          (target + (x &* 32 &+ 16)).update(from: right + x &* 16, count: 16)
        }
      }
      outputShape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// The inverse of `pixelShuffle`. No overlap.
  ///
  /// - Parameters:
  ///   - inputShape: of the large image.
  ///   - plane: of the large image; its four phases are written.
  package func pixelUnshuffle(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape,
    inputShape: BlockedShape, plane: Int? = nil
  ) {
    precondition(inputShape.height == 2 * outputShape.height && inputShape.width == 2 * outputShape.width)
    precondition(outputShape.blocks == 4 * inputShape.blocks && inputShape.batch == outputShape.batch)
    forEachPlane(inputShape, plane: plane) { plane in
      let target = plane / inputShape.blocks &* outputShape.blocks &+ plane % inputShape.blocks
      for phase in 0..<4 {
        let to = target &+ phase &* inputShape.blocks
        for y in 0..<outputShape.height {
          let source = input + (inputShape.rowOffset(plane: plane, y: 2 &* y &+ phase / 2) &+ phase % 2 &* 16)
          let row = output + outputShape.rowOffset(plane: to, y: y)
          for x in 0..<outputShape.width { (row + x &* 16).update(from: source + x &* 32, count: 16) }
        }
        outputShape.clearHalo(output, plane: to, rows: 0..<outputShape.height)
      }
    }
  }

  /// y[i][j] = x[s·i][s·j]: what a stride of `s` keeps. No overlap.
  package func subsample(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape,
    inputShape: BlockedShape, stride: Int, plane: Int? = nil
  ) {
    forEachPlaneRows(outputShape, plane: plane) { part in
      for y in part.rows {
        let source = input + inputShape.rowOffset(plane: part.plane, y: stride &* y)
        let target = output + outputShape.rowOffset(plane: part.plane, y: y)
        for x in 0..<outputShape.width {
          (target + x &* 16).update(from: source + x &* stride &* 16, count: 16)
        }
      }
      outputShape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// The adjoint of `subsample`: zeros between the gradients. No overlap.
  package func subsampleBackward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, outputShape: BlockedShape,
    inputShape: BlockedShape, stride: Int, plane: Int? = nil
  ) {
    forEachPlaneRows(inputShape, plane: plane) { part in
      for y in part.rows {
        let target = gradInput + inputShape.rowOffset(plane: part.plane, y: y)
        clear(target, inputShape.width &* 16)
        guard y % stride == 0, y / stride < outputShape.height else { continue }
        let source = gradOutput + outputShape.rowOffset(plane: part.plane, y: y / stride)
        for x in 0..<outputShape.width {
          (target + x &* stride &* 16).update(from: source + x &* 16, count: 16)
        }
      }
      inputShape.clearHalo(gradInput, plane: part.plane, rows: part.rows)
    }
  }
}
