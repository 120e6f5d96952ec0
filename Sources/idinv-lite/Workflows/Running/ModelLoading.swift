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

  /// Says what a path is that leads to no file, without waiting for a pipe to be written to.
  package static func requireModelFile(_ path: String) throws {
    do throws(FileError) {
      _ = try InputFile(path: path).readUpTo(1, at: 0)
    } catch {
      let generic = "; expected a file"
      let text = error.description
      throw Failure(
        FailureKind(error),
        (text.hasSuffix(generic) ? String(text.dropLast(generic.count)) : text) + "; expected a model file (.idinv)")
    }
  }
}

extension ModelSpecification {
  /// The interval of the model's pixel values.
  package var pixelRange: PixelRange { PixelRange(minimum: pixelMinimum, maximum: pixelMaximum) }
}
