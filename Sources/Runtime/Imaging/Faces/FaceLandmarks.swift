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

  /// Whether the eyes are left and right of each other, and the mouth below, as one sees an upright face.
  package var isUpright: Bool {
    let across = rightEye - leftEye
    let down = (leftMouth + rightMouth - leftEye - rightEye) / 2
    return across.x * down.y - across.y * down.x > 0
  }

  /// Reads a file of points: numbers, x before y (`init(text:)`).
  ///
  /// - Throws: `.file`, `.badLandmarks`.
  package static func read(_ path: String) throws(ImagingError) -> FaceLandmarks {
    try FaceLandmarks(text: text(of: path, byteLimit: byteLimit), path: path)
  }

  /// 68 points take about a kilobyte.
  private static let byteLimit = 65536

  /// A file as text, without a byte-order mark.
  package static func text(of path: String, byteLimit: Int) throws(ImagingError) -> String {
    let bytes = try ImagingError.files { () throws(FileError) in
      try InputFile(path: path).readUpTo(byteLimit + 1, at: 0)
    }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    guard bytes.count <= byteLimit,
      let text = String(validating: bytes.dropFirst(bytes.starts(with: mark) ? 3 : 0), as: UTF8.self)
    else {
      throw .badLandmarks(path: path, problem: "is not a small text file; expected x and y of 5 or 68 points")
    }
    return text
  }

  /// From text: numbers, x before y, separated by blanks, commas, semicolons or brackets; decimal commas where the numbers then
  /// are as many as they should be; words before the first number of a line are labels. A `.pts` file of iBUG counts pixels from
  /// 1. A table with a header has its columns in the header's order, and in CelebA's the photograph's row.
  ///
  /// - Parameter image: path of the photograph.
  package init(text: String, path: String, image: String? = nil) throws(ImagingError) {
    var body = Substring(text)
    var offset = 0.0
    if text.contains("n_points"), let open = text.firstIndex(of: "{"), let close = text.lastIndex(of: "}"),
      open < close
    {
      body = text[text.index(after: open)..<close]
      offset = 1
    }
    var lines = body.split(whereSeparator: \.isNewline)
    if let table = try LandmarkTable(lines, path: path, image: image) {
      guard let landmarks = FaceLandmarks(points: table.points) else {
        throw .badLandmarks(path: path, problem: "has columns of \(table.points.count) points; expected 5 or 68")
      }
      self = landmarks
      return
    }
    // A line of words alone is a heading.
    if let first = lines.first, !first.contains(where: \.isNumber), first.contains(where: \.isLetter) {
      lines.removeFirst()
    }
    var count = 0
    for readsDecimalCommas in [false, true] {
      let numbers = try Self.numbers(lines, readsDecimalCommas: readsDecimalCommas, path: path)
      let points = stride(from: 0, to: numbers.count - 1, by: 2).map { SIMD2(numbers[$0], numbers[$0 + 1]) - offset }
      if numbers.count % 2 == 0, let landmarks = FaceLandmarks(points: points) {
        self = landmarks
        return
      }
      if !readsDecimalCommas { count = numbers.count }
    }
    throw .badLandmarks(
      path: path,
      problem: "has \(count) numbers; expected x and y of 5 points (left eye, right eye, nose, left and "
        + "right corner of the mouth) or of 68 (iBUG 300-W)")
  }

  private static func numbers(
    _ lines: [Substring], readsDecimalCommas: Bool, path: String
  ) throws(ImagingError) -> [Double] {
    let separators: Set<Character> =
      readsDecimalCommas ? [";", "[", "]", "(", ")", "|"] : [";", ",", "[", "]", "(", ")", "|"]
    var numbers: [Double] = []
    for line in lines {
      var isAtStart = true
      for word in line.split(whereSeparator: { $0.isWhitespace || separators.contains($0) }) {
        let text = String(readsDecimalCommas ? Substring(word.replacing(",", with: ".")) : word)
        if let number = coordinate(text) {
          numbers.append(number)
          isAtStart = false
        } else if isAtStart, isLabel(word) {
          continue
        } else {
          throw .badLandmarks(
            path: path, problem: "'\(word.prefix(40))' is no coordinate; expected numbers, x before y")
        }
      }
    }
    return numbers
  }

  /// A number that a pixel can have.
  static func coordinate(_ text: some StringProtocol) -> Double? {
    guard let number = Double(String(text)), number.isFinite, abs(number) < 1e6 else { return nil }
    return number
  }

  /// Names of points, such as `left_eye:`; not numbers in words.
  private static func isLabel(_ word: Substring) -> Bool {
    guard let first = word.first, first.isLetter || first == "#" || first == "\"" else { return false }
    return !["nan", "inf", "infinity"].contains(word.lowercased())
  }
}

/// A table whose header names its columns.
private struct LandmarkTable {
  let points: [SIMD2<Double>]

  /// - Returns: nil where there is no such header.
  init?(_ lines: [Substring], path: String, image: String?) throws(ImagingError) {
    func cells(_ line: Substring) -> [Substring] {
      line.split(whereSeparator: { $0.isWhitespace || $0 == "," || $0 == ";" })
    }
    // CelebA has the number of its rows in a line before the header.
    guard
      let top = lines.prefix(2).firstIndex(where: { line in
        let names = cells(line)
        return names.count >= 10 && names.allSatisfy { $0.first?.isLetter == true || $0.first == "_" }
      })
    else { return nil }
    let names = cells(lines[top]).map { $0.lowercased() }
    func columns(_ axis: String) -> [Int] {
      names.indices.filter {
        names[$0].hasPrefix("\(axis)_") || names[$0].hasSuffix("_\(axis)") || names[$0].hasSuffix(".\(axis)")
      }
    }
    let (x, y) = (columns("x"), columns("y"))
    guard x.count == y.count, x.count == 5 || x.count == 68 else { return nil }
    let rows = lines[(top + 1)...].map(cells)
    let name = image?.split(separator: "/").last
    let own = rows.first { row in row.contains { $0 == name } } ?? (rows.count == 1 ? rows[0] : nil)
    guard var row = own else {
      throw .badLandmarks(
        path: path, problem: "has \(rows.count) rows, none of \(image ?? "one photograph"); expected its row")
    }
    // A name of the row without a name in the header.
    if row.count == names.count + 1 { row.removeFirst() }
    var points: [SIMD2<Double>] = []
    for (a, b) in zip(x, y) {
      guard a < row.count, b < row.count, let u = FaceLandmarks.coordinate(row[a]),
        let v = FaceLandmarks.coordinate(row[b])
      else { throw .badLandmarks(path: path, problem: "has a row with a cell that is no coordinate; expected numbers") }
      points.append(SIMD2(u, v))
    }
    self.points = points
  }
}
