import Checkpoint
import Files
import FoundationEssentials
import Glibc
import Imaging

/// Files with the points of faces, as detectors and data sets have them.
///
/// | kind | what is read |
/// |---|---|
/// | text, CSV, `.pts` | x and y of 5 or 68 points, one face; numbers separated by blanks, tabs, commas, semicolons or brackets; decimal commas; a header, and labels before the numbers; columns `x_0 … y_67` of OpenFace |
/// | CelebA's table | the row of the photograph's name |
/// | JSON | arrays of points; MTCNN's `keypoints`; RetinaFace's and this program's `landmarks`; FFHQ's `face_landmarks`; several faces, or photographs by name |
/// | `.npy` | [5, 2], [68, 2], [10], [136], or [N, …] of several faces |
package enum LandmarkFile {
  /// Larger ones are no landmarks: FFHQ's own file, of 70,000 photographs, has 256 MB.
  private static let byteLimit = 512 << 20

  /// All faces of a photograph.
  ///
  /// - Parameter image: path of the photograph, for files that speak of several.
  /// - Throws: `ImagingError.badLandmarks` and what reading throws.
  package static func faces(in path: String, image: String) throws -> [FaceLandmarks] {
    let size = FileIdentity(path: path)?.byteCount ?? 0
    guard size <= byteLimit else { throw bad(path, "has \(size >> 20) MB; expected the points of faces") }
    let lowered = path.lowercased()
    let faces: [FaceLandmarks]
    if lowered.hasSuffix(".npy") {
      let array: NumpyArray
      do throws(CheckpointError) { array = try NumpyArray.read(path) } catch { throw error.located(in: path) }
      faces = try several(array.floats.map(Double.init), shape: array.shape, path)
    } else {
      let text = try FaceLandmarks.text(of: path, byteLimit: byteLimit)
      let start = text.first { !$0.isWhitespace }
      if start == "{" || start == "[", let value = try? JSONReader.read(Array(text.utf8)) {
        faces = try LandmarkJSON(path: path, image: image).faces(value)
      } else {
        faces = [try FaceLandmarks(text: text, path: path, image: image)]
      }
    }
    guard !faces.isEmpty else { throw bad(path, "holds no face of \(image); expected 5 or 68 points") }
    return faces
  }

  /// Whether a file may speak of several photographs: JSON, or a table with a header.
  static func namesPhotographs(_ path: String) -> Bool {
    if path.lowercased().hasSuffix(".json") { return true }
    let bytes = (try? InputFile(path: path).readUpTo(4096, at: 0)) ?? []
    let start = String(decoding: bytes, as: UTF8.self).lowercased()
    let head = start.split(whereSeparator: \.isNewline).prefix(2).joined(separator: ",")
    return head.contains("x_") || head.contains("_x")
  }

  private static func several(_ values: [Double], shape: [Int], _ path: String) throws -> [FaceLandmarks] {
    let count: Int
    switch shape.suffix(2) {
    case [5, 2], [68, 2]: count = shape[shape.count - 2] * 2
    default: count = shape.last ?? 0
    }
    guard count == 10 || count == 136, !values.isEmpty, values.allSatisfy({ $0.isFinite && abs($0) < 1e6 }) else {
      throw bad(path, "has shape \(shape); expected [5, 2] or [68, 2], or several of them, of finite numbers")
    }
    return stride(from: 0, to: values.count, by: count).compactMap { start in
      FaceLandmarks(points: (0..<count / 2).map { SIMD2(values[start + 2 * $0], values[start + 2 * $0 + 1]) })
    }
  }

  static func bad(_ path: String, _ problem: String) -> ImagingError { .badLandmarks(path: path, problem: problem) }
}

/// Faces in JSON of unknown make: found by what the keys of all makers have in common.
struct LandmarkJSON {
  let path: String
  let image: String

  private static let pointKeys = ["keypoints", "landmarks", "face_landmarks", "points", "landmark"]
  private static let depthLimit = 12

  func faces(_ value: JSONValue) throws -> [FaceLandmarks] { try faces(value, depth: 0) }

  private func faces(_ value: JSONValue, depth: Int) throws -> [FaceLandmarks] {
    guard depth < Self.depthLimit else { return [] }
    if let face = try face(value) { return [face] }
    if let list = value.elements { return try list.flatMap { try faces($0, depth: depth + 1) } }
    guard let members = value.members else { return [] }
    // FFHQ has the points of the photograph it was cut out of, and those of the cut.
    if let wild = value["in_the_wild"] { return try faces(wild, depth: depth + 1) }
    if let list = value["images"]?.elements, list.allSatisfy({ $0.members != nil }) {
      guard let entry = list.first(where: { isOfImage($0["path"]?.text) }) ?? (list.count == 1 ? list[0] : nil)
      else { return [] }
      return try faces(entry["faces"] ?? .array([]), depth: depth + 1)
    }
    for key in Self.pointKeys {
      if let points = value[key] {
        let found = try faces(points, depth: depth + 1)
        if !found.isEmpty { return found }
      }
    }
    if let own = members.first(where: { isOfImage($0.key) })?.value { return try faces(own, depth: depth + 1) }
    let entries = members.filter { $0.value.members != nil || $0.value.elements != nil }
    // A table of many photographs, by number or name, none of which is this one.
    if entries.count > 1, entries.allSatisfy({ Int($0.key) != nil || $0.key.contains(".") }) { return [] }
    return try entries.sorted { FileName.precedesNaturally($0.key, $1.key) }
      .flatMap { try faces($0.value, depth: depth + 1) }
  }

  /// Whether a key names the photograph: by its path, its name, or its number (`00012.png` is 12 in FFHQ's file).
  private func isOfImage(_ key: String?) -> Bool {
    guard let key, !key.isEmpty else { return false }
    let name = PathText.lastComponent(of: image), stem = PathText.stem(of: image).stem
    if key == image || PathText.lastComponent(of: key) == name || key == stem { return true }
    if let number = Int(key), let own = Int(stem) { return number == own }
    return false
  }

  /// One face: points by name, pairs, or numbers in a row.
  private func face(_ value: JSONValue) throws -> FaceLandmarks? {
    if value.members != nil { return try named(value) }
    guard let list = value.elements, !list.isEmpty else { return nil }
    var numbers: [Double] = []
    for element in list {
      if let number = element.double {
        numbers.append(number)
      } else if let pair = numbersOf(element), pair.count == 2 || pair.count == 3 {
        numbers += pair.prefix(2)
      } else {
        return nil
      }
    }
    guard numbers.count == 10 || numbers.count == 136 else { return nil }
    return FaceLandmarks(points: try points(numbers))
  }

  /// The numbers of a list that holds nothing else.
  private func numbersOf(_ value: JSONValue) -> [Double]? {
    guard let numbers = value.elements?.map(\.double), !numbers.contains(nil) else { return nil }
    return numbers.compactMap { $0 }
  }

  private func points(_ numbers: [Double]) throws -> [SIMD2<Double>] {
    guard numbers.allSatisfy({ $0.isFinite && abs($0) < 1e6 }) else {
      throw LandmarkFile.bad(path, "has a coordinate beyond a million; expected pixels")
    }
    return stride(from: 0, to: numbers.count - 1, by: 2).map { SIMD2(numbers[$0], numbers[$0 + 1]) }
  }

  /// Points under names. Some makers say left for the picture's left, some for the person's: the upright face decides.
  private func named(_ face: JSONValue) throws -> FaceLandmarks? {
    func point(_ words: String...) throws -> SIMD2<Double>? {
      for member in face.members ?? [] {
        let name = member.key.lowercased()
        guard words.allSatisfy(name.contains), let pair = numbersOf(member.value), pair.count >= 2 else { continue }
        return try points([pair[0], pair[1]]).first
      }
      return nil
    }
    guard let leftEye = try point("left", "eye"), let rightEye = try point("right", "eye"),
      let leftMouth = try point("left", "mouth"), let rightMouth = try point("right", "mouth")
    else { return nil }
    let face = FaceLandmarks(leftEye: leftEye, rightEye: rightEye, leftMouth: leftMouth, rightMouth: rightMouth)
    return face.isUpright
      ? face
      : FaceLandmarks(leftEye: rightEye, rightEye: leftEye, leftMouth: rightMouth, rightMouth: leftMouth)
  }
}
