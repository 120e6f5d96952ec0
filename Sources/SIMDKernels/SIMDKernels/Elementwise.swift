// `band` (of a flat buffer `span`, its floats) is all to do, on the thread at hand; nil stands for all planes, in parallel (see
// `Kernels.forEachPlane`).

extension Kernels {
  /// y = activation(x + strength[c] · noise[pixel] + bias[c]). May run in place.
  ///
  /// - Parameters:
  ///   - noise: `[height · width]`, shared by channels and images; nil for none.
  ///   - noiseStrength: `[channels padded to 16]`, padding zero; needed with `noise`.
  ///   - bias: `[channels padded to 16]`, padding zero; nil for none.
  package func addNoiseBiasActivate(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, shape: BlockedShape,
    noise: UnsafePointer<Float>?, noiseStrength: UnsafePointer<Float>?, bias: UnsafePointer<Float>?,
    activation: Activation, band: PlaneBand? = nil
  ) {
    precondition(noise == nil || noiseStrength != nil, "noise needs a strength")
    forEachPlaneRows(shape, band: band) { part in
      let strength = noiseStrength.map { SIMD16($0 + part.block &* 16, 16) } ?? SIMD16(repeating: 0)
      let shift = bias.map { SIMD16($0 + part.block &* 16, 16) } ?? SIMD16(repeating: 0)
      withLanes(strength) { strength in
        withLanes(shift) { shift in
          for y in part.rows {
            let offset = shape.rowOffset(plane: part.plane, y: y)
            table.elementwise.noiseBiasActivate(
              output + offset, input + offset, noise.map { $0 + y &* shape.width }, strength, shift,
              activation.slope, shape.width)
          }
        }
      }
      shape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// y = x > 0 ? x : slopes[c] · x. May run in place.
  ///
  /// - Parameter slopes: `[channels padded to 16]`.
  package func parametricReLU(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, slopes: UnsafePointer<Float>,
    shape: BlockedShape, band: PlaneBand? = nil
  ) {
    forEachPlaneRows(shape, band: band) { part in
      for y in part.rows {
        let offset = shape.rowOffset(plane: part.plane, y: y)
        table.elementwise.parametricReLU(output + offset, input + offset, slopes + part.block &* 16, shape.width)
      }
      shape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// ∂L/∂x of `parametricReLU`, from its input. gradInput may be either.
  package func parametricReLUBackward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, input: UnsafePointer<Float>,
    slopes: UnsafePointer<Float>, shape: BlockedShape, band: PlaneBand? = nil
  ) {
    forEachPlaneRows(shape, band: band) { part in
      for y in part.rows {
        let offset = shape.rowOffset(plane: part.plane, y: y)
        table.elementwise.parametricReLUBackward(
          gradInput + offset, gradOutput + offset, input + offset, slopes + part.block &* 16, shape.width)
      }
      shape.clearHalo(gradInput, plane: part.plane, rows: part.rows)
    }
  }

  /// gx = gy · (y > 0 ? 1 : slope), with y the forward *output*: valid for slopes > 0 and for ReLU (slope 0).
  /// gradInput may be gradOutput or output.
  package func activationBackward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, output: UnsafePointer<Float>,
    shape: some TensorShape, slope: Float, span: Range<Int>? = nil
  ) {
    forEachRun(shape, span: span) { offset, vectors in
      table.elementwise.activationBackward(gradInput + offset, gradOutput + offset, output + offset, slope, vectors)
    }
  }

  /// output = inputs[0] + inputs[1] + …, added in this order; one input is copied. May run in place on inputs[0],
  /// if it is not among the others, and of exactly two inputs on either.
  package func sum(
    output: UnsafeMutablePointer<Float>, inputs: UnsafeBufferPointer<UnsafePointer<Float>>, shape: some TensorShape,
    span: Range<Int>? = nil
  ) {
    precondition(!inputs.isEmpty, "a sum needs an input")
    forEachRun(shape, span: span) { offset, vectors in
      if inputs.count == 1 {
        (output + offset).update(from: inputs[0] + offset, count: vectors &* 16)
      } else {
        table.elementwise.add(output + offset, inputs[0] + offset, inputs[1] + offset, vectors)
        for i in 2..<max(2, inputs.count) {
          table.elementwise.add(output + offset, output + offset, inputs[i] + offset, vectors)
        }
      }
    }
  }

  /// output = a · b, element by element (masks). May run in place.
  package func multiply(
    output: UnsafeMutablePointer<Float>, a: UnsafePointer<Float>, b: UnsafePointer<Float>, shape: some TensorShape,
    span: Range<Int>? = nil
  ) {
    forEachRun(shape, span: span) { offset, vectors in
      table.elementwise.multiply(output + offset, a + offset, b + offset, vectors)
    }
  }

  /// output = input + shift[c]. May run in place.
  ///
  /// - Parameter shift: `[channels]`, no padding needed.
  package func addChannelShift(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, shift: UnsafePointer<Float>,
    shape: BlockedShape, band: PlaneBand? = nil
  ) {
    forEachPlaneRows(shape, band: band) { part in
      let shift = SIMD16(shift + part.block &* 16, shape.channels(inBlock: part.block))
      withLanes(shift) { shift in
        for y in part.rows {
          let offset = shape.rowOffset(plane: part.plane, y: y)
          table.elementwise.noiseBiasActivate(output + offset, input + offset, nil, shift, shift, 1, shape.width)
        }
      }
      shape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// output = tanh(input), within 3 ulp. May run in place.
  package func tanh(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, shape: some TensorShape, span: Range<Int>? = nil
  ) {
    forEachRun(shape, span: span) { offset, vectors in
      table.elementwise.tanh(output + offset, input + offset, vectors)
    }
  }

  /// gx = gy · (1 − y²), with y the forward *output*. May run in place.
  package func tanhBackward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, output: UnsafePointer<Float>,
    shape: some TensorShape, span: Range<Int>? = nil
  ) {
    forEachRun(shape, span: span) { offset, vectors in
      table.elementwise.tanhBackward(gradInput + offset, gradOutput + offset, output + offset, vectors)
    }
  }
}
