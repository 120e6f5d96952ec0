import Files
import Imaging
import Inversion
import Quant

extension Model {
  /// Opens a model file, and says what a path is that leads to none.
  package static func load(_ path: String) throws -> Model {
    try requireModelFile(path)
    return try locating(path) { try Model(path: path) }
  }

  /// Opens another model file that serves this one: that at `path`, else that of a name beside this one.
  ///
  /// - Returns: nil where there is neither.
  func companion(_ path: String?, orBeside name: String) throws -> Model? {
    if let path { return try Model.load(path) }
    return try neighbor(name).map { place in try locating(place) { try Model(path: place) } }
  }

  /// Whether both take pixels of the same range.
  func hasPixelRange(of other: Model) -> Bool {
    let (ours, theirs) = (file.specification, other.file.specification)
    return ours.pixelMinimum == theirs.pixelMinimum && ours.pixelMaximum == theirs.pixelMaximum
  }

  /// Says what a path is that leads to no model file, without waiting for a pipe to be written to.
  package static func requireModelFile(_ path: String) throws {
    let start: [UInt8]
    do throws(FileError) {
      start = try InputFile(path: path).readUpTo(4, at: 0)
    } catch {
      throw Failure(FailureKind(error), "\(error); expected a model file (.idinv)")
    }
    if start == [0x89] + [UInt8]("PNG".utf8) {
      throw Failure(.badData, at: path, "is a PNG file; expected a model file (.idinv)")
    }
    // A zip archive, or a pickle of protocol 2 and up.
    if start.starts(with: [0x50, 0x4b]) || (start.first == 0x80 && start.count > 1 && (2...5).contains(start[1])) {
      throw Failure(
        .badData, at: path,
        "is a PyTorch checkpoint; expected a model file (.idinv), which 'idinv-lite convert' makes of it")
    }
  }
}

extension ModelSpecification {
  /// The interval of the model's pixel values.
  package var pixelRange: PixelRange { PixelRange(minimum: pixelMinimum, maximum: pixelMaximum) }
}
