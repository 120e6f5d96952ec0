import Files

/// The points of a face that its alignment goes by, in pixels of the photograph: x to the right, y down, whole numbers in the
/// middle of a pixel. Left and right are the picture's.
package struct FaceLandmarks: Equatable, Sendable {
  /// Middles of the eyes.
  package var leftEye: SIMD2<Double>, rightEye: SIMD2<Double>
  /// Corners of the mouth.
  package var leftMouth: SIMD2<Double>, rightMouth: SIMD2<Double>

  package init(
    leftEye: SIMD2<Double>, rightEye: SIMD2<Double>, leftMouth: SIMD2<Double>, rightMouth: SIMD2<Double>
  ) {
    self.leftEye = leftEye
    self.rightEye = rightEye
    self.leftMouth = leftMouth
    self.rightMouth = rightMouth
  }

  /// From 5 points (left eye, right eye, nose, left and right corner of the mouth, as MTCNN and RetinaFace give them) or 68
  /// (iBUG 300-W, as dlib and face_alignment give them: 36…41 and 42…47 go around the eyes, 48 and 54 are the corners).
  ///
  /// - Returns: nil for any other number of points.
  package init?(points: [SIMD2<Double>]) {
    func mean(_ range: Range<Int>) -> SIMD2<Double> {
      points[range].reduce(SIMD2<Double>(), +) / Double(range.count)
    }
    switch points.count {
    case 5:
      self.init(leftEye: points[0], rightEye: points[1], leftMouth: points[3], rightMouth: points[4])
    case 68:
      self.init(leftEye: mean(36..<42), rightEye: mean(42..<48), leftMouth: points[48], rightMouth: points[54])
    default: return nil
    }
  }

  /// Reads a file of points: numbers, x before y, separated by white space, commas or brackets (plain text, CSV, a JSON
  /// array), or an iBUG `.pts` file, whose pixels count from 1.
  ///
  /// - Throws: `.file`, `.badLandmarks`.
  package static func read(_ path: String) throws(ImagingError) -> FaceLandmarks {
    let bytes = try ImagingError.files { () throws(FileError) in
      try InputFile(path: path).readUpTo(byteLimit + 1, at: 0)
    }
    guard bytes.count <= byteLimit, let text = String(validating: bytes, as: UTF8.self) else {
      throw .badLandmarks(path: path, problem: "is not a small text file; expected x and y of 5 or 68 points")
    }
    return try FaceLandmarks(text: text, path: path)
  }

  /// 68 points take about a kilobyte.
  private static let byteLimit = 65536

  init(text: String, path: String) throws(ImagingError) {
    var body = Substring(text)
    var offset = 0.0
    if text.contains("n_points"), let open = text.firstIndex(of: "{"), let close = text.lastIndex(of: "}"),
      open < close
    {
      body = text[text.index(after: open)..<close]
      offset = 1
    }
    var numbers: [Double] = []
    for word in body.split(whereSeparator: { $0.isWhitespace || ",;[]()".contains($0) }) {
      guard let number = Double(String(word)), abs(number) < 1e6 else {
        throw .badLandmarks(
          path: path, problem: "'\(word.prefix(40))' is no coordinate; expected numbers, x before y")
      }
      numbers.append(number - offset)
    }
    let points = stride(from: 0, to: numbers.count - 1, by: 2).map { SIMD2(numbers[$0], numbers[$0 + 1]) }
    guard numbers.count % 2 == 0, let landmarks = FaceLandmarks(points: points) else {
      throw .badLandmarks(
        path: path,
        problem: "has \(numbers.count) numbers; expected x and y of 5 points (left eye, right eye, nose, left and "
          + "right corner of the mouth) or of 68 (iBUG 300-W)")
    }
    self = landmarks
  }
}
