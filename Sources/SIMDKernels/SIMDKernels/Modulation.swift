// StyleGAN2's modulated convolution (Karras et al., CVPR 2020, eq. 1 and 3) around a convolution with fixed weights: its
// input's channels are scaled by the style, its output's by the demodulation. Factors are dense rows, one per image,
// padded with zeros. `plane` or `band` is all to do, on the thread at hand; nil stands for all, in parallel.

/// What follows a modulated convolution: y = clamp(leakyReLU(d[n][c] · x + strength[c] · noise + bias[c]), ±limit).
package struct ModulatedActivation: @unchecked Sendable {
  /// `[height · width]`, shared by channels and images.
  package var noise: UnsafePointer<Float>
  /// `[channels padded to 16]`, padding zero.
  package var noiseStrength: UnsafePointer<Float>, bias: UnsafePointer<Float>
  package var activation: Activation
  /// Infinite for no clamp.
  package var limit: Float

  /// Points into memory that outlives every use.
  package init(
    noise: UnsafePointer<Float>, noiseStrength: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    activation: Activation, limit: Float
  ) {
    self.noise = noise
    self.noiseStrength = noiseStrength
    self.bias = bias
    self.activation = activation
    self.limit = limit
  }
}

extension Kernels {
  /// y = factors[n][c] · x. May run in place.
  package func scaleChannels(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, factors: UnsafePointer<Float>,
    factorRowStride: Int, shape: BlockedShape, band: PlaneBand? = nil
  ) {
    withLanes(SIMD16(repeating: 0)) { zero in
      forEachPlaneRows(shape, band: band) { part in
        let scale = factors + (part.image &* factorRowStride &+ part.block &* 16)
        for y in part.rows {
          let offset = shape.rowOffset(plane: part.plane, y: y)
          table.normalization.modulate(output + offset, input + offset, zero, scale, zero, shape.width)
        }
        shape.clearHalo(output, plane: part.plane, rows: part.rows)
      }
    }
  }

  /// weights[n][o][c] = weights[o][c] · factors[n][c] for three channels o: what `project` takes instead of a scaled image.
  ///
  /// - Parameters:
  ///   - scaled: `[batch][3][channels padded to 16]`.
  ///   - weights: `[3][channels padded to 16]`, padding zero.
  package func scaleProjection(
    scaled: UnsafeMutablePointer<Float>, weights: UnsafePointer<Float>, factors: UnsafePointer<Float>,
    factorRowStride: Int, inputShape: BlockedShape
  ) {
    let row = inputShape.paddedChannels
    for image in 0..<inputShape.batch {
      let factors = factors + image &* factorRowStride, scaled = scaled + image &* 3 &* row
      for o in 0..<3 { for c in 0..<row { scaled[o &* row &+ c] = weights[o &* row &+ c] * factors[c] } }
    }
  }

  /// A 1×1 convolution to three channels or fewer.
  ///
  /// - Parameters:
  ///   - weights: `[3][input channels padded to 16]`, padding zero.
  ///   - weightStride: floats between the weights of two images; 0 where they are the same.
  ///   - bias: 16 floats, zeros behind those of the channels.
  ///   - base: an image of the output's shape that it is added to; may be the output.
  package func project(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, weights: UnsafePointer<Float>, weightStride: Int,
    bias: UnsafePointer<Float>, base: UnsafePointer<Float>? = nil, outputShape: BlockedShape,
    inputShape: BlockedShape, band: PlaneBand? = nil
  ) {
    precondition(outputShape.channels <= 3, "three channels or fewer")
    forEachPlaneRows(outputShape, band: band) { part in
      for y in part.rows {
        let offset = outputShape.rowOffset(plane: part.plane, y: y)
        table.modulation.project(
          output + offset, input + inputShape.rowOffset(plane: part.image &* inputShape.blocks, y: y),
          inputShape.blockStride, inputShape.blocks, weights + part.image &* weightStride, bias,
          base.map { $0 + offset },
          outputShape.width)
      }
      outputShape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// y = scale[c] · x + shift[c] on the real pixels, the same for all images; both padded with zeros. May run in place.
  package func affineChannels(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, scale: UnsafePointer<Float>,
    shift: UnsafePointer<Float>, shape: BlockedShape, band: PlaneBand? = nil
  ) {
    withLanes(SIMD16(repeating: 0)) { zero in
      forEachPlaneRows(shape, band: band) { part in
        let first = part.block &* 16
        for y in part.rows {
          let offset = shape.rowOffset(plane: part.plane, y: y)
          table.normalization.modulate(output + offset, input + offset, zero, scale + first, shift + first, shape.width)
        }
        shape.clearHalo(output, plane: part.plane, rows: part.rows)
      }
    }
  }

  /// sums[n][c] = Σ over the pixels of a · b.
  package func channelProducts(
    sums: UnsafeMutablePointer<Float>, sumsRowStride: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>,
    shape: BlockedShape, plane: Int? = nil
  ) {
    withLanes(SIMD16(repeating: 0)) { zero in
      withLanes(SIMD16(repeating: 1)) { one in
        forEachPlane(shape, plane: plane) { plane in
          let offset = shape.rowOffset(plane: plane, y: 0)
          var ignored = SIMD16<Float>(repeating: 0)
          withUnsafeMutableBytes(of: &ignored) { ignored in
            table.normalization.modulateSums(
              ignored.baseAddress!.assumingMemoryBound(to: Float.self),
              sums + (plane / shape.blocks &* sumsRowStride &+ plane % shape.blocks &* 16), a + offset,
              shape.rowStride, b + offset, shape.rowStride, zero, one, shape.height, shape.width)
          }
        }
      }
    }
  }

  /// means[n][c] = the mean over the pixels.
  package func channelMeans(
    means: UnsafeMutablePointer<Float>, meansRowStride: Int, input: UnsafePointer<Float>, shape: BlockedShape,
    plane: Int? = nil
  ) {
    forEachPlane(shape, plane: plane) { plane in
      var ignored = SIMD16<Float>(repeating: 0)
      withUnsafeMutableBytes(of: &ignored) { ignored in
        table.normalization.statistics(
          means + (plane / shape.blocks &* meansRowStride &+ plane % shape.blocks &* 16),
          ignored.baseAddress!.assumingMemoryBound(to: Float.self), input + shape.rowOffset(plane: plane, y: 0),
          shape.rowStride, shape.height, shape.width, 1)
      }
    }
  }

  /// The adjoint of `channelMeans`: each pixel gets its share of the channel's gradient.
  package func channelMeansBackward(
    gradInput: UnsafeMutablePointer<Float>, gradMeans: UnsafePointer<Float>, gradRowStride: Int, shape: BlockedShape,
    plane: Int? = nil
  ) {
    forEachPlaneRows(shape, plane: plane) { part in
      let share = SIMD16(gradMeans + (part.image &* gradRowStride &+ part.block &* 16), 16) / Float(shape.pixelCount)
      withLanes(share) { share in
        for y in part.rows {
          let row = gradInput + shape.rowOffset(plane: part.plane, y: y)
          for x in 0..<shape.width { (row + x &* 16).update(from: share, count: 16) }
        }
      }
      shape.clearHalo(gradInput, plane: part.plane, rows: part.rows)
    }
  }

  /// d[n][o] = gain / √(Σ_i squares[o][i] · s[n][i]² + ε), padded with zeros.
  ///
  /// - Parameters:
  ///   - squares: [O][I], the sums of squared weights over each kernel.
  ///   - scratch: as many floats as `styles`.
  package func demodulate(
    output: UnsafeMutablePointer<Float>, outputShape: DenseShape, styles: UnsafePointer<Float>, stylesShape: DenseShape,
    squares: DenseWeights, gain: Float, epsilon: Float, scratch: UnsafeMutablePointer<Float>
  ) {
    multiply(output: scratch, a: styles, b: styles, shape: stylesShape)
    dense(
      output: output, outputRowStride: outputShape.rowStride, input: scratch, inputRowStride: stylesShape.rowStride,
      rows: outputShape.rows, weights: squares, bias: nil, activation: .none)
    if isPlanning { return }
    for row in 0..<outputShape.rows {
      let values = output + row &* outputShape.rowStride
      for o in 0..<outputShape.columns { values[o] = gain / (values[o] + epsilon).squareRoot() }
    }
  }

  /// ∂L/∂s_i = −s_i / gain² · Σ_o ∂L/∂d_o · d_o³ · squares[o][i].
  ///
  /// - Parameter scratch: as many floats as `output`, the forward output d.
  package func demodulateBackward(
    gradStyles: UnsafeMutablePointer<Float>, stylesShape: DenseShape, gradOutput: UnsafePointer<Float>,
    output: UnsafePointer<Float>, outputShape: DenseShape, styles: UnsafePointer<Float>, squares: DenseWeights,
    gain: Float, scratch: UnsafeMutablePointer<Float>
  ) {
    if isPlanning { return }
    let factor = -1 / (gain * gain)
    for i in 0..<outputShape.elementCount {
      let d = output[i]
      scratch[i] = gradOutput[i] * d * d * d * factor
    }
    denseBackwardData(
      gradInput: gradStyles, gradInputRowStride: stylesShape.rowStride, gradOutput: scratch,
      gradOutputRowStride: outputShape.rowStride, rows: outputShape.rows, weights: squares)
    multiply(output: gradStyles, a: gradStyles, b: styles, shape: stylesShape)
  }

  /// See `ModulatedActivation`. May run in place.
  ///
  /// - Parameter factors: d, a row per image.
  package func activateModulated(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, factors: UnsafePointer<Float>,
    factorRowStride: Int, _ function: ModulatedActivation, shape: BlockedShape, band: PlaneBand? = nil
  ) {
    forEachPlaneRows(shape, band: band) { part in
      let first = part.block &* 16
      let scale = factors + (part.image &* factorRowStride &+ first)
      for y in part.rows {
        let offset = shape.rowOffset(plane: part.plane, y: y)
        table.modulation.activate(
          output + offset, input + offset, function.noise + y &* shape.width, scale, function.noiseStrength + first,
          function.bias + first, function.activation.slope, function.limit, shape.width)
      }
      shape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// ∂L/∂x of `activateModulated`, from its output y. gradInput may be gradOutput.
  package func activateModulatedBackward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, output: UnsafePointer<Float>,
    factors: UnsafePointer<Float>, factorRowStride: Int, _ function: ModulatedActivation, shape: BlockedShape,
    band: PlaneBand? = nil
  ) {
    forEachPlaneRows(shape, band: band) { part in
      let scale = factors + (part.image &* factorRowStride &+ part.block &* 16)
      for y in part.rows {
        let offset = shape.rowOffset(plane: part.plane, y: y)
        table.modulation.activateBackward(
          gradInput + offset, gradOutput + offset, output + offset, scale, function.activation.slope, function.limit,
          shape.width)
      }
      shape.clearHalo(gradInput, plane: part.plane, rows: part.rows)
    }
  }

  /// ∂L/∂d of `activateModulated`, from its output y; padded with zeros. d must not be 0.
  package func activateModulatedFactorGradient(
    gradFactors: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, output: UnsafePointer<Float>,
    factors: UnsafePointer<Float>, factorRowStride: Int, _ function: ModulatedActivation, shape: BlockedShape,
    plane: Int? = nil
  ) {
    forEachPlane(shape, plane: plane) { plane in
      let block = plane % shape.blocks, offset = shape.rowOffset(plane: plane, y: 0)
      let row = plane / shape.blocks &* factorRowStride &+ block &* 16
      let sums = gradFactors + row
      table.modulation.activateSums(
        sums, gradOutput + offset, output + offset, shape.rowStride, function.noise,
        function.noiseStrength + block &* 16, function.bias + block &* 16, function.activation.slope, function.limit,
        shape.height, shape.width)
      let count = shape.channels(inBlock: block)
      for lane in 0..<count { sums[lane] /= factors[row &+ lane] }
      clear(sums + count, 16 &- count)
    }
  }
}
