import Files
import Imaging

/// Where the landmarks of photographs are.
package enum LandmarkSource {
  /// One file for all.
  case file(String)
  /// A folder, or that of each photograph.
  case folder(String?)

  /// - Parameters:
  ///   - path: as given; nil for the folders of the photographs.
  ///   - imageCount: how many photographs there are: one file serves several only where it names them.
  package init(_ path: String?, imageCount: Int) throws {
    guard let path else {
      self = .folder(nil)
      return
    }
    guard Folder.exists(path) else {
      throw Failure(.missingInput, at: path, "no such file or folder; expected landmarks")
    }
    let isFolder = try Folder.kind(of: path) == .folder
    guard isFolder || imageCount == 1 || LandmarkFile.namesPhotographs(path) else {
      throw Failure(
        .usage, of: "landmarks", "\(path) is one file for several images; expected a folder with NAME.txt for each")
    }
    self = isFolder ? .folder(path) : .file(path)
  }

  /// The file with the points of an image.
  ///
  /// - Parameter orWhole: whether the command takes pictures that are faces already, too.
  package func path(of image: ListedImage, orWhole: Bool = false) throws -> String {
    switch self {
    case .file(let path): return path
    case .folder(let folder):
      let base = PathText.path(PathText.stem(of: image.path).stem, in: folder ?? PathText.folder(of: image.path))
      let candidates = ["txt", "csv", "json", "pts", "npy"].map { "\(base).\($0)" }
      guard let found = candidates.first(where: Folder.exists) else {
        throw Failure(
          .badData, at: image.path, remedies: ["detector"] + (orWhole ? ["aligned"] : []),
          "no landmarks; expected \(base).txt (or .csv, .json, .pts, .npy), or a detector to find faces, which "
            + "'scripts/fetch-detector' makes" + (orWhole ? ", or a picture that is a face already" : ""))
      }
      return found
    }
  }

  package func faces(of image: ListedImage, orWhole: Bool = false) throws -> [FaceLandmarks] {
    try LandmarkFile.faces(in: try path(of: image, orWhole: orWhole), image: image.path)
  }
}
