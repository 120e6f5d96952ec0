import Imaging
import Inversion

extension Image8 {
  /// The picture with the boxes and landmarks of faces in it.
  package func drawn(_ faces: [DetectedFace]) -> Image8 {
    var result = self
    let thickness = max(1, min(width, height) / 300)
    let green = RGB8(red: 40, green: 220, blue: 90), red = RGB8(red: 240, green: 60, blue: 60)
    for face in faces {
      let (left, right) = (Int(face.x1.rounded()), Int(face.x2.rounded()))
      let (top, bottom) = (Int(face.y1.rounded()), Int(face.y2.rounded()))
      result.fill(rows: top..<top + thickness, columns: left..<right, green)
      result.fill(rows: bottom - thickness..<bottom, columns: left..<right, green)
      result.fill(rows: top..<bottom, columns: left..<left + thickness, green)
      result.fill(rows: top..<bottom, columns: right - thickness..<right, green)
      for point in face.points {
        let (x, y) = (Int(point.x.rounded()), Int(point.y.rounded()))
        result.fill(rows: y - thickness..<y + thickness + 1, columns: x - thickness..<x + thickness + 1, red)
      }
    }
    return result
  }

  /// Colors a rectangle, as far as it lies within the picture.
  private mutating func fill(rows: Range<Int>, columns: Range<Int>, _ color: RGB8) {
    for row in rows.clamped(to: 0..<height) {
      for column in columns.clamped(to: 0..<width) { self[row, column] = color }
    }
  }
}
