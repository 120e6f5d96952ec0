// LPIPS's distance of two feature maps (Zhang et al., CVPR 2018, eq. 1). Rows are summed in single precision, images in double
// and in a fixed order.

extension Kernels {
  /// Doubles that `unitDistance` needs in `partials`.
  package func unitDistancePartialCount(_ shape: BlockedShape) -> Int { shape.batch &* shape.height }

  /// losses[n] = mean over the pixels of Σ_c w_c·(f_c/(‖f‖ + 1e-10) − g_c/(‖g‖ + 1e-10))², norms over the channels.
  ///
  /// - Parameters:
  ///   - weights: of the channels, zeros after them up to whole blocks of 16.
  ///   - partials: scratch.
  package func unitDistance(
    losses: UnsafeMutablePointer<Float>, f: UnsafePointer<Float>, g: UnsafePointer<Float>,
    weights: UnsafePointer<Float>, shape: BlockedShape, partials: UnsafeMutablePointer<Double>
  ) {
    parallelFor(shape.batch &* shape.height, cost: shape.elementCount) { row, _ in
      let (image, y) = (row / shape.height, row % shape.height)
      var sum = 0.0
      for x in 0..<shape.width {
        let pixel = Pixel(shape, image: image, y: y, x: x)
        let (fScale, gScale) = (1 / (pixel.norm(f) + Pixel.epsilon), 1 / (pixel.norm(g) + Pixel.epsilon))
        var squares = SIMD16<Float>(repeating: 0)
        for block in 0..<shape.blocks {
          let difference: SIMD16<Float> = pixel.lanes(f, block) * fScale - pixel.lanes(g, block) * gScale
          squares += Pixel.lanes(weights + block &* 16) * difference * difference
        }
        sum += Double(squares.sum())
      }
      partials[row] = sum
    }
    for image in 0..<shape.batch {
      var sum = 0.0
      for y in 0..<shape.height { sum += partials[image &* shape.height &+ y] }
      losses[image] = Float(sum / Double(shape.pixelCount))
    }
  }

  /// ∂/∂f of `unitDistance`, times weight[n]; with f and g exchanged, ∂/∂g. Where all channels of f are zero, where the norm has
  /// no derivative, it is 0. No overlap.
  package func unitDistanceBackward(
    gradF: UnsafeMutablePointer<Float>, f: UnsafePointer<Float>, g: UnsafePointer<Float>,
    weights: UnsafePointer<Float>, upstream: UnsafePointer<Float>, shape: BlockedShape
  ) {
    parallelFor(shape.batch &* shape.height, cost: shape.elementCount) { row, _ in
      let (image, y) = (row / shape.height, row % shape.height)
      let factor = 2 * upstream[image] / Float(shape.pixelCount)
      for x in 0..<shape.width {
        let pixel = Pixel(shape, image: image, y: y, x: x)
        let norm = pixel.norm(f)
        let (fScale, gScale) = (1 / (norm + Pixel.epsilon), 1 / (pixel.norm(g) + Pixel.epsilon))
        /// ∂/∂f̂ of a block.
        func slope(_ block: Int) -> SIMD16<Float> {
          let weight: SIMD16<Float> = Pixel.lanes(weights + block &* 16) * factor
          let difference: SIMD16<Float> = pixel.lanes(f, block) * fScale - pixel.lanes(g, block) * gScale
          return weight * difference
        }
        var products = SIMD16<Float>(repeating: 0)
        for block in 0..<shape.blocks { products += slope(block) * pixel.lanes(f, block) }
        let along = norm > 0 ? products.sum() * fScale * fScale / norm : 0
        for block in 0..<shape.blocks {
          let gradient: SIMD16<Float> =
            norm > 0 ? slope(block) * fScale - pixel.lanes(f, block) * along : SIMD16(repeating: 0)
          UnsafeMutableRawPointer(gradF + pixel.offset(block)).storeBytes(of: gradient, as: SIMD16<Float>.self)
        }
      }
      for block in 0..<shape.blocks {
        shape.clearHalo(gradF, plane: image &* shape.blocks &+ block, rows: y..<y &+ 1)
      }
    }
  }
}

/// The channels of one pixel, block by block.
private struct Pixel {
  let first: Int, stride: Int, blocks: Int

  /// Outside of the root, as the published code has it.
  static let epsilon: Float = 1e-10

  @inline(__always) init(_ shape: BlockedShape, image: Int, y: Int, x: Int) {
    first = shape.rowOffset(plane: image &* shape.blocks, y: y) &+ x &* 16
    stride = shape.blockStride
    blocks = shape.blocks
  }

  @inline(__always) func offset(_ block: Int) -> Int { first &+ block &* stride }

  @inline(__always) static func lanes(_ p: UnsafePointer<Float>) -> SIMD16<Float> {
    UnsafeRawPointer(p).loadUnaligned(as: SIMD16<Float>.self)
  }

  @inline(__always) func lanes(_ p: UnsafePointer<Float>, _ block: Int) -> SIMD16<Float> {
    Self.lanes(p + offset(block))
  }

  @inline(__always) func norm(_ p: UnsafePointer<Float>) -> Float {
    var squares = SIMD16<Float>(repeating: 0)
    for block in 0..<blocks {
      let values = lanes(p, block)
      squares += values * values
    }
    return squares.sum().squareRoot()
  }
}
