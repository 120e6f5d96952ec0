/// Borrowed weights of a dense layer, row-major `[O][I]`, rows back to back without padding or alignment.
package struct DenseWeights: @unchecked Sendable {
  /// How an element is stored.
  package enum Element: @unchecked Sendable {
    case f32
    /// IEEE half, as bits.
    case f16
    /// Value times the row's scale; `scales` holds O floats.
    case int8(scales: UnsafePointer<Float>)
  }
  package var base: UnsafeRawPointer
  package var element: Element
  package var outputs: Int, inputs: Int

  /// Points into memory that outlives every use (a mapped file).
  package init(base: UnsafeRawPointer, element: Element, outputs: Int, inputs: Int) {
    self.base = base
    self.element = element
    self.outputs = outputs
    self.inputs = inputs
  }
}

extension DenseWeights {
  /// Bytes between rows.
  package var rowByteStride: Int {
    switch element {
    case .f32: inputs &* 4
    case .f16: inputs &* 2
    case .int8: inputs
    }
  }

  fileprivate var scales: UnsafePointer<Float>? {
    if case .int8(let scales) = element { scales } else { nil }
  }
}

extension Kernels {
  /// output[r][o] = activation(Σ W[o][i]·input[r][i] + bias[o]). No overlap.
  ///
  /// int8: the scale multiplies the finished sum. Columns from O to the output's stride, at most up to the next multiple
  /// of 16, are written as zero.
  /// - Parameter bias: `[O]`.
  package func dense(
    output: UnsafeMutablePointer<Float>, outputRowStride: Int, input: UnsafePointer<Float>, inputRowStride: Int,
    rows: Int, weights: DenseWeights, bias: UnsafePointer<Float>?, activation: Activation
  ) {
    let outputs = weights.outputs, stride = weights.rowByteStride, slope = activation.slope
    let dot =
      switch weights.element {
      case .f32: table.dense.dotF32
      case .f16: table.dense.dotF16
      case .int8: table.dense.dotI8
      }
    // About 64 KB of weights per task; four outputs a call, whose weights are in the cache for the second and further rows. Bytes
    // of the next four outputs are asked for ahead: half a megabyte is the task's own then, unless threads would go without.
    let most =
      weights.scales == nil ? 65536 / max(1, stride) : min(524_288 / max(1, stride), outputs / (4 &* threadCount))
    let perTask = max(4, most & ~3)
    parallelFor((outputs &+ perTask &- 1) / perTask, cost: outputs &* weights.inputs) { task, _ in
      var o = task &* perTask
      let end = min(outputs, o &+ perTask)
      while o < end {
        let count = min(4, end &- o)
        for row in 0..<rows {
          let target = output + (row &* outputRowStride &+ o)
          dot(target, weights.base + o &* stride, stride, count, input + row &* inputRowStride, weights.inputs)
          for k in 0..<count {
            var value = target[k]
            if let scales = weights.scales { value *= scales[o &+ k] }
            if let bias { value += bias[o &+ k] }
            target[k] = value > 0 ? value : value * slope
          }
        }
        o &+= 4
      }
    }
    let padding = min(outputRowStride, (outputs &+ 15) & ~15) &- outputs
    for row in 0..<rows { clear(output + (row &* outputRowStride &+ outputs), padding) }
  }

  /// gradInput[r][i] = Σ W[o][i]·gradOutput[r][o], o ascending. No overlap.
  ///
  /// int8: the scale multiplies the gradient first. Padding is written as in `dense`.
  ///
  /// - Parameter accumulates: add to what `gradInput` holds: a matrix may come in parts, rows in order, with the bits of
  ///   the whole.
  package func denseBackwardData(
    gradInput: UnsafeMutablePointer<Float>, gradInputRowStride: Int, gradOutput: UnsafePointer<Float>,
    gradOutputRowStride: Int, rows: Int, weights: DenseWeights, accumulates: Bool = false
  ) {
    let inputs = weights.inputs, outputs = weights.outputs, stride = weights.rowByteStride
    let accumulate =
      switch weights.element {
      case .f32: table.dense.accumulateF32
      case .f16: table.dense.accumulateF16
      case .int8: table.dense.accumulateI8
      }
    let elementBytes = stride / max(1, inputs)
    // Eight tasks; at most 8 KB of a gradient, which stay in the first-level cache, for 2 KB of each row, and no less than four
    // lines.
    let chunk = max(64, min(max(1024, 2048 / max(1, elementBytes)), (inputs / 8 &+ 15) & ~15))
    parallelFor((inputs &+ chunk &- 1) / chunk, cost: outputs &* inputs) { task, _ in
      let first = task &* chunk, count = min(chunk, inputs &- first)
      if !accumulates {
        for row in 0..<rows { clear(gradInput + (row &* gradInputRowStride &+ first), count) }
      }
      // Blocks of 64 rows of weights stay in the cache while all gradients use them.
      var o = 0
      while o < outputs {
        let block = min(64, outputs &- o)
        for row in 0..<rows {
          let target = gradInput + (row &* gradInputRowStride &+ first)
          let gradient = gradOutput + (row &* gradOutputRowStride &+ o)
          let source = weights.base + (o &* stride &+ first &* elementBytes)
          if let scales = weights.scales {
            var scaled = SIMD64<Float>(repeating: 0)
            withUnsafeMutableBytes(of: &scaled) {
              let scaled = $0.baseAddress!.assumingMemoryBound(to: Float.self)
              for k in 0..<block { scaled[k] = gradient[k] * scales[o &+ k] }
              accumulate(target, source, stride, block, scaled, count)
            }
          } else {
            accumulate(target, source, stride, block, gradient, count)
          }
        }
        o &+= 64
      }
    }
    let padding = min(gradInputRowStride, (inputs &+ 15) & ~15) &- inputs
    for row in 0..<rows { clear(gradInput + (row &* gradInputRowStride &+ inputs), padding) }
  }

  /// y = x / √(mean(x²) + ε), row by row. May run in place.
  package func pixelNorm(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, shape: DenseShape, epsilon: Float
  ) {
    for row in 0..<shape.rows {
      let offset = row &* shape.rowStride
      let x = input + offset
      var sum: Float = 0
      table.dense.dotF32(&sum, x, 0, 1, x, shape.columns)
      let factor = 1 / (sum / Float(shape.columns) + epsilon).squareRoot()
      table.elementwise.scale(output + offset, x, factor, shape.rowStride / 16)
    }
  }
}
