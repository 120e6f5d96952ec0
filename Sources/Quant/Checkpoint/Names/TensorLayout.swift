import Quant

/// How a stored tensor becomes the one that a plan reads: its shape, and its values in C order.
struct TensorLayout: Sendable {
  /// Nil where the stored shape cannot be of this layout.
  var shape: @Sendable ([Int]) -> [Int]?
  /// Values for a stored tensor of the given shape.
  var values: @Sendable ([Float], [Int]) -> [Float]

  static let asStored = TensorLayout(shape: { $0 }, values: { values, _ in values })

  /// Each value times a factor: what another program multiplies at run time, or has multiplied already.
  static func scaled(_ factor: Double) -> TensorLayout {
    TensorLayout(shape: { $0 }, values: { values, _ in Folding.scaled(values, by: factor) })
  }

  /// Axes in another order: axis `i` of the result is axis `order[i]` of the stored tensor.
  static func permuted(_ order: [Int], scale: Double = 1) -> TensorLayout {
    TensorLayout(
      shape: { shape in shape.count == order.count ? order.map { shape[$0] } : nil },
      values: { values, shape in
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
        let moved = gathered(values, shape: order.map { shape[$0] }, strides: order.map { strides[$0] })
        return Folding.scaled(moved, by: scale)
      })
  }

  /// Dense weights [in, out] as [out, in].
  static let transposed = permuted([1, 0])
  /// Convolution weights [kh, kw, I, O] as [O, I, kh, kw].
  static let heightWidthInOut = permuted([3, 2, 0, 1])

  /// The same values as one row, or in another shape of as many.
  static let flat = TensorLayout(
    shape: { shape in elementCount(of: shape).map { [$0] } }, values: { values, _ in values })

  /// One map [C, H, W] or [H, W] with leading extents of 1.
  static func leadingOnes(rank: Int) -> TensorLayout {
    TensorLayout(
      shape: { shape in
        let kept = shape.drop { $0 == 1 }
        return kept.count <= rank ? Array(repeating: 1, count: rank - kept.count) + kept : nil
      }, values: { values, _ in values })
  }

  /// A bias [2C] whose first half multiplies as it stands, for a network that adds 1 to it.
  static let scaleLessOne = TensorLayout(
    shape: { $0 },
    values: { values, _ in
      values.indices.map { $0 < values.count / 2 ? Float(Double(values[$0]) - 1) : values[$0] }
    })
}
