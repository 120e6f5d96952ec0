/// A rectangle that may hold a face, in pixels of the photograph, in single precision as published.
struct FaceBox {
  var x1: Float, y1: Float, x2: Float, y2: Float
  var score: Float
  /// Corrections of the corners, in widths and heights of the box.
  var correction = SIMD4<Float>()

  /// Moved by its correction. The later stages count a box's width with both end pixels.
  ///
  /// - Parameter inclusive: 1 for them, 0 for the first stage.
  func corrected(inclusive: Float) -> FaceBox {
    let width = x2 - x1 + inclusive, height = y2 - y1 + inclusive
    return FaceBox(
      x1: x1 + correction[0] * width, y1: y1 + correction[1] * height, x2: x2 + correction[2] * width,
      y2: y2 + correction[3] * height, score: score)
  }

  /// The square of the longer side, with the same middle.
  var squared: FaceBox {
    let width = x2 - x1, height = y2 - y1
    let side = max(width, height)
    let x = x1 + width * 0.5 - side * 0.5, y = y1 + height * 0.5 - side * 0.5
    return FaceBox(x1: x, y1: y, x2: x + side, y2: y + side, score: score)
  }

  /// The pixels of a picture under the box; nil where there are none.
  func region(height: Int, width: Int) -> (rows: Range<Int>, columns: Range<Int>)? {
    func range(_ low: Float, _ high: Float, _ count: Int) -> Range<Int>? {
      guard low.isFinite, high.isFinite, abs(low) < 1e9, abs(high) < 1e9 else { return nil }
      let start = max(Int(low), 1) - 1, end = min(Int(high), count)
      return start < end ? start..<end : nil
    }
    guard let rows = range(y1, y2, height), let columns = range(x1, x2, width) else { return nil }
    return (rows, columns)
  }
}

/// How much of two boxes must coincide for one to be left out.
enum OverlapRule {
  /// Of their union; a box's area is the product of its sides' differences.
  case union
  /// Of the smaller one; sides count both end pixels.
  case smaller
}

/// Indices of the boxes that remain when each suppresses those of lower score that it overlaps by more than `threshold`: best
/// first, equal ones in order.
func suppressed(_ boxes: [FaceBox], threshold: Float, rule: OverlapRule) -> [Int] {
  let inclusive: Float = rule == .smaller ? 1 : 0
  let areas = boxes.map { ($0.x2 - $0.x1 + inclusive) * ($0.y2 - $0.y1 + inclusive) }
  // Stable: the numbers break ties.
  let order = boxes.indices.sorted { boxes[$0].score != boxes[$1].score ? boxes[$0].score > boxes[$1].score : $0 < $1 }
  var isOut = [Bool](repeating: false, count: boxes.count)
  var kept: [Int] = []
  for (place, index) in order.enumerated() where !isOut[index] {
    kept.append(index)
    let box = boxes[index]
    for other in order[(place + 1)...] where !isOut[other] {
      let candidate = boxes[other]
      let width = max(0, min(box.x2, candidate.x2) - max(box.x1, candidate.x1) + inclusive)
      let height = max(0, min(box.y2, candidate.y2) - max(box.y1, candidate.y1) + inclusive)
      let common = width * height
      let whole =
        rule == .union ? areas[index] + areas[other] - common : min(areas[index], areas[other])
      if common / whole > threshold { isOut[other] = true }
    }
  }
  return kept
}
