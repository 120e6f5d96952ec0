import Files
import Imaging

/// Where edited photographs go.
package enum PhotoDestination {
  /// One photograph, one result.
  case file(String)
  case folder(OutputFolder)

  /// - Parameter isSingle: whether there is one result.
  package init(_ path: String, isSingle: Bool) {
    let ending = PathText.stem(of: path).extension
    self = isSingle && ["png", "jpg", "jpeg"].contains(ending) ? .file(path) : .folder(OutputFolder(path))
  }

  /// The format that a file's name asks for.
  package func format(quality: Int) -> PictureFormat? {
    guard case .file(let path) = self else { return nil }
    return PathText.stem(of: path).extension == "png" ? .png : .jpeg(quality: quality)
  }

  /// Names of all files that may be written into a folder.
  package static func outputs(of images: [ListedImage], distances: [EditDistance], isFilmed: Bool) -> [String] {
    let suffixes = distances.count == 1 ? [""] : distances.map(\.suffix)
    var names = [PhotoEditBatch.journalName, PhotoEditBatch.pageName, PhotoEditBatch.summaryName]
    for image in images {
      for suffix in suffixes { names += ["\(image.name)\(suffix).jpg", "\(image.name)\(suffix).png"] }
      if isFilmed { names += FilmStrip.files(PhotoEditBatch.filmName(image.name)) }
    }
    return names
  }

  /// Makes sure that results can go there and that nothing is lost by them, before any work is done.
  ///
  /// - Parameter outputs: names of files in a folder.
  package func prepare(_ outputs: [String], inputs: [String], resumes: Bool) throws {
    switch self {
    case .file(let path):
      try OutputPlaces(inputs: inputs).check(path)
      AtomicFile.removeLeftovers(beside: path)
    case .folder(let folder):
      try folder.prepare()
      try folder.claim(
        by: "edit", outputs, inputs: inputs, resumed: resumes ? [PhotoEditBatch.journalName] : [])
    }
  }

  func file(
    _ image: ListedImage, _ distance: EditDistance, _ format: PictureFormat, isOnly: Bool
  ) throws -> StreamedFile {
    switch self {
    case .file(let path): return try StreamedFile(path: path, links: .followed)
    case .folder(let folder):
      return try StreamedFile(
        path: folder.path("\(image.name)\(isOnly ? "" : distance.suffix).\(format.nameEnding)"))
    }
  }
}
