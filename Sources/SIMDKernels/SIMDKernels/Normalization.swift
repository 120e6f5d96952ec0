// Adaptive instance normalization (Huang and Belongie 2017) as StyleGAN applies it (Karras, Laine and Aila 2019).
// Statistics and sums are `[batch][2][channels padded to 16]`; a style row is `[2C]`: scales s, then shifts t. `plane`
// or `band` is all to do, on the thread at hand; nil stands for all, in parallel (see `Kernels.forEachPlane`).

extension BlockedShape {
  /// Floats of a statistics or sums buffer: `[batch][2][paddedChannels]`.
  package var statisticsCount: Int { batch &* 2 &* paddedChannels }
}

extension Kernels {
  /// statistics[n][0][c] = mean, statistics[n][1][c] = 1/√(biased variance + ε), per image and channel.
  ///
  /// One pass over memory: rows are reduced around their own means and merged by Chan's formula, without cancellation.
  package func channelStatistics(
    statistics: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, shape: BlockedShape, epsilon: Float,
    plane: Int? = nil
  ) {
    forEachPlane(shape, plane: plane) { plane in
      let mean = statistics + statisticsOffset(shape, plane)
      table.normalization.statistics(
        mean, mean + shape.paddedChannels, input + shape.rowOffset(plane: plane, y: 0), shape.rowStride,
        shape.height, shape.width, epsilon)
    }
  }

  /// y = (x − mean) · rstd · (1 + s) + t. May run in place if the shapes are equal.
  ///
  /// - Parameters:
  ///   - style: per image a row `[2C]`, `styleRowStride` floats apart.
  ///   - outputShape: as `shape`, with either halo.
  package func normalizeModulate(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, statistics: UnsafePointer<Float>,
    style: UnsafePointer<Float>, styleRowStride: Int, shape: BlockedShape, outputShape: BlockedShape,
    band: PlaneBand? = nil
  ) {
    forEachPlaneRows(shape, band: band) { part in
      let mean = statistics + statisticsOffset(shape, part.plane)
      let count = shape.channels(inBlock: part.block)
      let row = style + (part.image &* styleRowStride &+ part.block &* 16)
      let scale = (SIMD16(row, count) + 1) * SIMD16(mean + shape.paddedChannels, 16)
      withLanes(scale) { scale in
        withLanes(SIMD16(row + shape.channels, count)) { shift in
          for y in part.rows {
            table.normalization.modulate(
              output + outputShape.rowOffset(plane: part.plane, y: y),
              input + shape.rowOffset(plane: part.plane, y: y), mean, scale, shift, shape.width)
          }
        }
      }
      outputShape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }

  /// sums[n] = Σ g, then Σ g·x̂, over the pixels, x̂ = (x − mean) · rstd.
  ///
  /// - Parameter gradOutputShape: as `shape`, with either halo.
  package func modulationGradientSums(
    sums: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, gradOutputShape: BlockedShape,
    input: UnsafePointer<Float>, statistics: UnsafePointer<Float>, shape: BlockedShape, plane: Int? = nil
  ) {
    forEachPlane(shape, plane: plane) { plane in
      let offset = statisticsOffset(shape, plane)
      let sum = sums + offset, mean = statistics + offset
      table.normalization.modulateSums(
        sum, sum + shape.paddedChannels, gradOutput + gradOutputShape.rowOffset(plane: plane, y: 0),
        gradOutputShape.rowStride, input + shape.rowOffset(plane: plane, y: 0), shape.rowStride, mean,
        mean + shape.paddedChannels, shape.height, shape.width)
    }
  }

  /// gx = (1 + s) · rstd · (g − Σg/N − x̂ · Σ(g·x̂)/N), N = height · width. gradInput may be input, and gradOutput if
  /// its shape is `shape`.
  ///
  /// - Parameter sums: what `modulationGradientSums` wrote.
  package func normalizeModulateBackwardData(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, gradOutputShape: BlockedShape,
    input: UnsafePointer<Float>, statistics: UnsafePointer<Float>, style: UnsafePointer<Float>,
    styleRowStride: Int, sums: UnsafePointer<Float>, shape: BlockedShape, band: PlaneBand? = nil
  ) {
    let padded = shape.paddedChannels, reciprocal = 1 / Float(shape.pixelCount)
    forEachPlaneRows(shape, band: band) { part in
      let offset = statisticsOffset(shape, part.plane)
      let mean = statistics + offset, rstd = mean + padded, sum = sums + offset
      let row = style + (part.image &* styleRowStride &+ part.block &* 16)
      let scale = (SIMD16(row, shape.channels(inBlock: part.block)) + 1) * SIMD16(rstd, 16)
      withLanes(scale) { scale in
        withLanes(SIMD16(sum, 16) * reciprocal) { a in
          withLanes(SIMD16(sum + padded, 16) * reciprocal) { b in
            for y in part.rows {
              let offset = shape.rowOffset(plane: part.plane, y: y)
              table.normalization.modulateBackward(
                gradInput + offset, gradOutput + gradOutputShape.rowOffset(plane: part.plane, y: y), input + offset,
                mean, rstd, scale, a, b, shape.width)
            }
          }
        }
      }
      shape.clearHalo(gradInput, plane: part.plane, rows: part.rows)
    }
  }
}

/// Where a plane's means (or first sums) begin; its second half lies `paddedChannels` further.
@inline(__always) private func statisticsOffset(_ shape: BlockedShape, _ plane: Int) -> Int {
  (plane / shape.blocks) &* 2 &* shape.paddedChannels &+ (plane % shape.blocks) &* 16
}
