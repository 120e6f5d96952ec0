import Foundation
import Imaging
import Inversion
import Quant
import Reports

/// Where edited photographs go.
package enum PhotoDestination {
  /// One photograph, one result.
  case file(String)
  case folder(OutputFolder)

  /// - Parameter isSingle: whether there is one result.
  package init(_ path: String, isSingle: Bool) {
    let ending = path.fileExtension.lowercased()
    self = isSingle && ["png", "jpg", "jpeg"].contains(ending) ? .file(path) : .folder(OutputFolder(path))
  }

  /// The format that a file's name asks for.
  package func format(quality: Int) -> PictureFormat? {
    guard case .file(let path) = self else { return nil }
    return path.fileExtension.lowercased() == "png" ? .png : .jpeg(quality: quality)
  }

  func path(_ image: ListedImage, _ distance: Double, _ format: PictureFormat, isOnly: Bool) -> String {
    switch self {
    case .file(let path): path
    case .folder(let folder):
      folder.path("\(image.name)\(isOnly ? "" : PhotoEditOptions.suffix(distance)).\(format.nameEnding)")
    }
  }
}

/// Edits photographs one after the other, keeps account of them, and shows them on a page.
package struct PhotoEditBatch {
  package static let journalName = "edits.jsonl"
  package static let pageName = "edit.html"
  package static let summaryName = "edit.json"

  private let run: PhotoEditRun
  private let options: PhotoEditOptions
  private let destination: PhotoDestination
  private let context: RunContext
  /// Tells results of one model and its options from others.
  private let identity: String

  package init(
    _ run: PhotoEditRun, options: PhotoEditOptions, destination: PhotoDestination, context: RunContext,
    model: Model, optionList: [(name: String, value: String)]
  ) throws {
    self.run = run
    self.options = options
    self.destination = destination
    self.context = context
    let text = try optionList.map { "\($0.name)=\($0.value)\n" }.joined() + SHA256.hexDigest(ofFile: model.path)
    var hash = SHA256()
    hash.update(Array(text.utf8))
    identity = hash.hexDigest()
  }

  /// A photograph's line in the journal.
  private struct Line: Codable {
    var run: String
    /// Of the photograph: another one under its name is edited again.
    var byteCount: Int
    var modified: Double
    var photo: EditedPhoto
  }

  /// Edits all photographs that an earlier run of the same options has not.
  ///
  /// - Returns: one record for each that is done, and those that could not be.
  package func callAsFunction(
    _ images: [ListedImage], resumes: Bool
  ) throws -> (photos: [EditedPhoto], skipped: [SkippedImage]) {
    var lines = resumes ? finished() : [:]
    var photos: [EditedPhoto] = []
    var skipped: [SkippedImage] = []
    let journal = try openJournal(lines.values.sorted { $0.photo.path < $1.photo.path })
    defer { try? journal?.close() }
    for (index, image) in images.enumerated() {
      try context.checkCancellation()
      let (byteCount, modified) = Self.identity(of: image.path)
      if let line = lines.removeValue(forKey: image.path), line.byteCount == byteCount, line.modified == modified {
        photos.append(line.photo)
        continue
      }
      do {
        var photo = try run.edit(image) { distance, format in
          destination.path(image, distance, format, isOnly: options.distances.count == 1)
        }
        photo.animation = try film(of: photo)
        photos.append(photo)
        let line = Line(run: identity, byteCount: byteCount, modified: modified, photo: photo)
        try journal?.write(contentsOf: Data(Self.text(line).utf8))
      } catch {
        if error is Cancelled { throw error }
        skipped.append(try context.skip(image, error))
      }
      context.update(ProgressState(name: image.name, step: index + 1, stepCount: images.count))
    }
    context.pause()
    return (photos, skipped)
  }

  /// Begins the journal with what is done already; lines are added to it. One that a power cut has torn is passed over later.
  private func openJournal(_ lines: [Line]) throws -> FileHandle? {
    guard case .folder(let folder) = destination else { return nil }
    let path = folder.path(Self.journalName)
    try AtomicFile.write(try lines.map { try Self.text($0) }.joined(), to: path)
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seekToEnd()
    return handle
  }

  /// Photographs that a run of this identity has finished, whose results are still there.
  private func finished() -> [String: Line] {
    guard case .folder(let folder) = destination,
      let text = try? String(contentsOfFile: folder.path(Self.journalName), encoding: .utf8)
    else { return [:] }
    var lines: [String: Line] = [:]
    for line in text.split(separator: "\n") {
      guard let record = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)), record.run == identity,
        record.photo.outputs.allSatisfy({ FileManager.default.fileExists(atPath: $0.path) })
      else { continue }
      lines[record.photo.path] = record
    }
    return lines
  }

  private static func identity(of path: String) -> (byteCount: Int, modified: Double) {
    var information = stat()
    guard stat(FileName.bytes(of: path), &information) == 0 else { return (0, 0) }
    return (
      Int(information.st_size), Double(information.st_mtim.tv_sec) + Double(information.st_mtim.tv_nsec) * 1e-9
    )
  }

  private static func text(_ line: Line) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(line), as: UTF8.self) + "\n"
  }

  /// The results of one photograph as a film there and back, at most 800 pixels wide.
  private func film(of photo: EditedPhoto) throws -> String? {
    guard options.animates, case .folder(let folder) = destination, photo.outputs.count > 1 else { return nil }
    let frames = try photo.outputs.map { try Self.shown($0.path, side: 800) }
    var film = AnimatedPNG(height: frames[0].height, width: frames[0].width, framesPerSecond: 8)
    for frame in frames + frames.dropFirst().dropLast().reversed() { try film.append(frame) }
    let path = folder.path("\(photo.name)_film.png")
    try film.write(to: path)
    return path
  }

  /// A picture as a page shows it.
  private static func shown(_ path: String, side: Int) throws -> Image8 {
    let file = try PictureFile(path, limits: .ofThisMachine)
    let (height, width) = (file.header.height, file.header.width)
    let longest = max(width, height)
    let view = try file.upright(reduction: reductionFactor(atMost: Double(longest) / Double(side)))
    return longest <= side
      ? view : view.resized(height: max(1, height * side / longest), width: max(1, width * side / longest))
  }

  /// Writes the page with every photograph before and after, and the summary.
  ///
  /// - Returns: the page's path; nil where the result is one file.
  package func finish(
    _ photos: [EditedPhoto], _ skipped: [SkippedImage], facts: InversionReport.Run
  ) throws -> String? {
    guard case .folder(let folder) = destination, !photos.isEmpty else { return nil }
    struct Summary: Encodable {
      var photos: [EditedPhoto]
      var skipped: [SkippedImage]
    }
    try JSONOutput.write(Summary(photos: photos, skipped: skipped), to: folder.path(Self.summaryName))
    let side = photos.count <= 8 ? 960 : photos.count <= 60 ? 480 : 240
    let entries = try photos.prefix(PhotoEditPage.photoLimit).map { photo in
      PhotoEditPage.Entry(
        name: photo.name, path: photo.path, before: try ReportImage(Self.shown(photo.path, side: side)),
        after: try photo.outputs.map { (alpha: $0.alpha, image: try ReportImage(Self.shown($0.path, side: side))) },
        faces: photo.faces.map { (side: $0.side, psnrDB: $0.psnr_db) }, seconds: photo.seconds)
    }
    let page = PhotoEditPage(run: facts, photoCount: photos.count, entries: entries)
    try page.page().write(to: folder.path(Self.pageName))
    return folder.path(Self.pageName)
  }
}
