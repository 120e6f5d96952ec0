import Files
import Glibc
import Quant

/// A semantic boundary as files hold it: what was stored, before it is known whether it belongs to a model.
///
/// Three forms are in use: a plain array (InterFaceGAN, Puzer's, e4e's and STIT's, the latter as `.pt`); a pickled dictionary
/// with `boundary` and `meta_data.manipulate_layers` (idinvert_pytorch); a plain array with its meta data in a JSON file of
/// the same name beside it (this project's).
package struct BoundaryFile: Equatable, Sendable {
  package var path: String
  /// The attribute, where the meta data name it; else the file's name without its extension.
  package var name: String
  /// As stored, with its shape: [1, D], [1, L, D] …
  package var array: NumpyArray
  /// The layers to move, where the meta data list them.
  package var layers: [Int]?
  /// Standard deviation of codes' distances from the boundary, where the meta data say it.
  package var distanceDeviation: Double?

  /// Reads a `.npy` file, or an array of any other kind that `ArrayFile` reads. Pickles are read as plain data and never run.
  ///
  /// - Throws: as `NumpyFile.read`; `.unsupported` where a pickle holds no boundary, or layers that are not
  ///   whole numbers.
  package static func read(_ path: String) throws(CheckpointError) -> BoundaryFile {
    let name = PathText.stem(of: path).stem
    func plain(_ array: NumpyArray) throws(CheckpointError) -> BoundaryFile {
      let sidecar = try Sidecar(beside: path)
      return BoundaryFile(
        path: path, name: sidecar?.attribute ?? name, array: array, layers: sidecar?.layers,
        distanceDeviation: sidecar?.distanceDeviation)
    }
    guard try isNumpy(path) else { return try plain(try ArrayFile.read(path)) }
    let value: PickledValue
    do throws(CheckpointError) { value = try NumpyFile.read(path) } catch { throw error.located(in: path) }
    switch value {
    case .array(let array): return try plain(array)
    case .dictionary:
      guard let array = value["boundary"]?.array else {
        throw .unsupported(
          path: path, found: "a dictionary without an array 'boundary'", expected: "a semantic boundary")
      }
      return BoundaryFile(path: path, name: name, array: array, layers: try layers(value["meta_data"], path))
    default:
      throw .unsupported(
        path: path, found: "other Python objects", expected: "a semantic boundary: an array of numbers")
    }
  }

  private static func isNumpy(_ path: String) throws(CheckpointError) -> Bool {
    let file = try ByteFile(path: path)
    let start = try file.read(0..<min(NumpyHeader.magic.count, file.byteCount), format: "file")
    return start == NumpyHeader.magic
  }

  /// `manipulate_layers` of the published meta data: numbers, or a text such as '0-3,7'; empty or absent for all layers.
  private static func layers(_ meta: PickledValue?, _ path: String) throws(CheckpointError) -> [Int]? {
    guard let stored = meta?["manipulate_layers"] else { return nil }
    if case .none = stored { return nil }
    if let one = stored.integer { return [one] }
    if let text = stored.string {
      if text.allSatisfy({ $0 == " " }) { return nil }
      var layers: [Int] = []
      for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        let ends = part.split(separator: "-").map { Int($0.filter { $0 != " " }) }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], 0 <= first,
          first <= last, last < layerLimit
        else { throw bad(path, "'\(text)'") }
        layers += first...last
      }
      return layers
    }
    guard let layers = stored.integers else { throw bad(path, "something else") }
    return layers.isEmpty ? nil : layers
  }

  /// No generator has more layers; a range up to it cannot fill the memory.
  private static let layerLimit = 1000

  private static func bad(_ path: String, _ found: String) -> CheckpointError {
    .unsupported(path: path, found: "\(found) as meta_data.manipulate_layers", expected: "numbers of layers")
  }

  /// `NAME.json` beside `NAME.npy`. A file that says nothing of this kind is somebody else's.
  private struct Sidecar {
    var attribute: String?
    var layers: [Int]?
    var distanceDeviation: Double?

    /// - Throws: where there is such a file, and it cannot be read or is no JSON text.
    init?(beside path: String) throws(CheckpointError) {
      let name = "\(PathText.folder(of: path))\(PathText.stem(of: path).stem).json"
      guard name != path else { return nil }
      let bytes: [UInt8]
      do throws(FileError) {
        bytes = try InputFile.bytes(of: name, limit: 1 << 20)
      } catch {
        // None is no fault; one that cannot be read would be taken for none.
        if error.isMissing || error.reason == .isTooLarge(limit: 1 << 20) { return nil }
        throw .file(error)
      }
      let value: JSONValue
      do throws(JSONFault) {
        value = try JSONReader.read(bytes)
      } catch {
        throw .inFile(
          path: name,
          .malformed(format: "JSON file", byteOffset: error.offset, found: error.found, expected: error.expected))
      }
      guard case .object(let members) = value else { return nil }
      for member in members {
        switch (member.key, member.value) {
        case ("attribute", .string(let text)) where !text.isEmpty: attribute = text
        case ("layers", .array(let values)) where !values.isEmpty:
          let integers = values.compactMap { value -> Int? in
            if case .integer(let number) = value { number } else { nil }
          }
          if integers.count == values.count { layers = integers }
        default: break
        }
      }
      let deviation = value["distance_standard_deviation"]?.double
      distanceDeviation = deviation.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    }
  }
}
