import Glibc

/// Operations on codes, styles and their gradients: a few thousand floats, so plain loops on one thread.
extension Kernels {
  /// y = scale · x + shift, column by column; `scale` and `shift` are padded to whole blocks of 16. May run in place.
  package func columnAffine(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, scale: UnsafePointer<Float>,
    shift: UnsafePointer<Float>?, shape: DenseShape
  ) {
    for row in 0..<shape.rows {
      let base = row &* shape.rowStride
      for column in 0..<shape.rowStride {
        output[base &+ column] = input[base &+ column] * scale[column] + (shift?[column] ?? 0)
      }
    }
  }

  /// Repeats each row as often as it fits into an output row. No overlap.
  package func tileColumns(
    output: UnsafeMutablePointer<Float>, outputShape: DenseShape, input: UnsafePointer<Float>,
    inputShape: DenseShape
  ) {
    for row in 0..<outputShape.rows {
      let (source, target) = (input + row &* inputShape.rowStride, output + row &* outputShape.rowStride)
      for column in 0..<outputShape.columns { target[column] = source[column % inputShape.columns] }
      for column in outputShape.columns..<outputShape.rowStride { target[column] = 0 }
    }
  }

  /// Rows side by side, in the order of the inputs. No overlap.
  package func concatenateColumns(
    output: UnsafeMutablePointer<Float>, outputShape: DenseShape, inputs: UnsafeBufferPointer<UnsafePointer<Float>>,
    inputShapes: [DenseShape]
  ) {
    for row in 0..<outputShape.rows {
      var target = output + row &* outputShape.rowStride
      for (input, shape) in zip(inputs, inputShapes) {
        target.update(from: input + row &* shape.rowStride, count: shape.columns)
        target += shape.columns
      }
      clear(target, outputShape.rowStride &- outputShape.columns)
    }
  }

  /// y = 1 / (1 + e⁻ˣ); padding stays zero. May run in place.
  package func sigmoid(output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, shape: DenseShape) {
    for row in 0..<shape.rows {
      let base = row &* shape.rowStride
      for column in 0..<shape.columns { output[base &+ column] = 1 / (1 + exp(-input[base &+ column])) }
      clear(output + (base &+ shape.columns), shape.rowStride &- shape.columns)
    }
  }

  /// gx = gy · y · (1 − y), with y the forward *output*. May run in place.
  package func sigmoidBackward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, output: UnsafePointer<Float>,
    shape: DenseShape
  ) {
    for i in 0..<shape.elementCount { gradInput[i] = gradOutput[i] * output[i] * (1 - output[i]) }
  }

  /// gx = r·(g − x·r²·mean(g·x)) with r = 1/√(mean(x²) + ε), row by row: the gradient of `pixelNorm`.
  package func pixelNormBackward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, input: UnsafePointer<Float>,
    shape: DenseShape, epsilon: Float
  ) {
    for row in 0..<shape.rows {
      let base = row &* shape.rowStride
      var squares = 0.0
      var products = 0.0
      for column in 0..<shape.columns {
        let (x, g) = (Double(input[base &+ column]), Double(gradOutput[base &+ column]))
        squares += x * x
        products += g * x
      }
      let scale = 1 / (squares / Double(shape.columns) + Double(epsilon)).squareRoot()
      let slope = scale * scale * products / Double(shape.columns)
      for column in 0..<shape.rowStride {
        let (x, g) = (Double(input[base &+ column]), Double(gradOutput[base &+ column]))
        gradInput[base &+ column] = Float(scale * (g - x * slope))
      }
    }
  }

  /// gradStyle row = [Σ g·x̂ of the C channels, Σ g], from `sums` rows [Σ g padded, Σ g·x̂ padded].
  package func styleGradient(
    gradStyle: UnsafeMutablePointer<Float>, shape: DenseShape, sums: UnsafePointer<Float>, sumsShape: DenseShape,
    channels: Int
  ) {
    let padded = sumsShape.columns / 2
    for row in 0..<shape.rows {
      let (source, target) = (sums + row &* sumsShape.rowStride, gradStyle + row &* shape.rowStride)
      for channel in 0..<channels {
        target[channel] = source[padded &+ channel]
        target[channels &+ channel] = source[channel]
      }
      for column in shape.columns..<shape.rowStride { target[column] = 0 }
    }
  }
}
