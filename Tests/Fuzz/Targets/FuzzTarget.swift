import Checkpoint
import Files
import Foundation
import Imaging
import Quant
import Server
import Workflows

/// Every reader of bytes that somebody else may have made, as one function of these bytes. It may refuse them; it must not
/// trap, hang, or take memory out of proportion.
///
/// `scripts/fuzz` feeds them mutated inputs; the tests feed them the seeds.
package enum FuzzTarget: String, CaseIterable, Sendable {
  /// `.idinv`, and each tensor's bytes.
  case model
  /// Whatever `convert` takes: pickles, zip archives and legacy files of torch, safetensors, `.npz`, `.npy`, with all values.
  case checkpoint
  /// A semantic boundary.
  case boundary
  /// Rows that are mapped.
  case matrix
  /// PNG, JPEG and WebP with all that they say about orientation and color.
  case picture
  /// JPEG alone: most mutations of its files leave a picture.
  case jpeg
  /// An EXIF block.
  case exif
  /// An ICC profile.
  case profile
  /// A `.list` file; the files that it names are looked for.
  case list
  /// The list of a result folder.
  case results
  /// Points of faces: text, tables, JSON and `.npy` of all makers.
  case landmarks
  /// JSON by itself, and as what is decoded from it: headers of models, requests.
  case json
  /// A file of lines with checksums.
  case lines
  /// Requests to the server, byte for byte as a client sends them: forms, JSON, queries, cookies.
  case http
  /// A form alone, without a connection: its type in the first line, then its body.
  case form

  /// - Parameter folder: to write the bytes to, for readers that take a path.
  package func read(_ bytes: [UInt8], folder: String) {
    func file(_ name: String) -> String? {
      let path = PathText.path(name, in: folder)
      return (try? AtomicFile.write(bytes, to: path, isSynced: false)) == nil ? nil : path
    }
    switch self {
    case .model:
      guard let path = file("m.idinv"), let model = try? ModelFile(path: path) else { return }
      try? model.verifyChecksums()
      for name in model.tensorNames { _ = try? model.tensor(name).floats() }
    case .checkpoint:
      guard let path = file("c"), let checkpoint = try? CheckpointReader.open(path) else { return }
      for name in checkpoint.names.prefix(64) { _ = try? checkpoint.floats(name) }
    case .boundary: if let path = file("b.npy") { _ = try? BoundaryFile.read(path) }
    case .matrix:
      guard let path = file("x.npy"), let (matrix, _) = try? NumpyFile.matrix(path) else { return }
      _ = matrix.floats(rows: 0..<min(4, matrix.rowCount))
    case .exif: _ = PictureParts.orientation(ofExif: bytes)
    case .profile: _ = PictureParts.meanColor(by: bytes)
    case .picture, .jpeg:
      // A header may ask for as much as a photograph has; the fuzzer is to look at more than that.
      let limits = ImageLimits(pixelCount: 1 << 18, byteCount: 16 << 20)
      guard let source = try? ImageSource(bytes, path: "p") else { return }
      if let picture = try? PictureFile(source, limits: limits) { _ = try? picture.upright() }
      if let picture = try? PictureFile(source, limits: limits) { _ = try? picture.fitted(to: 8, crop: .center) }
    case .list: if let path = file("l.list") { _ = try? ImageList.list([path]) }
    case .results: if file("image_list.txt") != nil { _ = try? ResultList(folder: folder) }
    case .landmarks:
      // A name says that a file is NumPy's; other kinds are told apart by what is in them.
      guard let path = file(bytes.first == 0x93 ? "l.npy" : "l.txt") else { return }
      _ = try? LandmarkFile.faces(in: path, image: "photos/00012.png")
      _ = try? FaceLandmarks.read(path)
    case .json:
      _ = try? JSONReader.read(bytes)
      if let model = try? JSONText.decode(ModelSpecification.self, from: bytes) { try? model.validate() }
      _ = try? JSONText.decode([String: [Double?]].self, from: bytes, namesNonNumbers: true)
      _ = try? JSONBody.decode(RenderRequest.self, bytes)
    case .lines:
      guard let path = file("j"), let lines = try? AppendedFile(path: path, for: .read) else { return }
      _ = try? lines.forEachLine(limit: 1 << 20) { _, _ in }
    case .http: HTTPTarget.read(bytes)
    case .form: HTTPTarget.readForm(bytes)
    }
  }
}
