import Files
import FoundationEssentials
import Glibc
import Imaging
import Inversion
import Quant
import Reports
import Runtime

/// Edits photographs one after the other, keeps account of them, and shows them on a page.
package struct PhotoEditBatch {
  package static let journalName = "edits.jsonl"
  package static let pageName = "edit.html"
  package static let summaryName = "edit.json"
  /// Without ending.
  static func filmName(_ name: String) -> String { "\(name)_film" }

  private let run: PhotoEditRun
  private let options: PhotoEditOptions
  private let destination: PhotoDestination
  private let context: RunContext
  private let model: Model
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
    self.model = model
    let text = optionList.map { "\($0.name)=\($0.value)\n" }.joined() + model.file.identity
    var hash = SHA256()
    hash.update(Array(text.utf8))
    identity = hash.hexDigest()
  }

  /// What has become of the photographs: `edit.json`.
  package struct Outcome: Encodable {
    package var photos: [EditedPhoto]
    package var skipped: [SkippedImage]

    package var faceCount: Int { photos.reduce(0) { $0 + $1.faces.count } }

    /// Photographs with a face that is far from what the model was trained on.
    package var foreign: [(name: String, verdict: DomainVerdict)] {
      photos.compactMap { photo in
        let verdicts = photo.faces.compactMap { DomainVerdict($0.times_usual_in_domain, usual: 1) }
        return verdicts.first { $0.kind == .foreign }.map { (photo.name, $0) }
      }
    }
  }

  private struct Header: Codable, Equatable {
    var version = 1
    /// Tells runs of one model and its options from others.
    var run: String
  }

  /// A photograph's line in the journal.
  private struct Line: Codable {
    var source: FileDigest?
    var photo: EditedPhoto
  }

  /// Edits all photographs that an earlier run of the same options has not.
  ///
  package func callAsFunction(
    _ images: [ListedImage], resumes: Bool
  ) throws -> Outcome {
    let (journal, finished) = try openJournal(resumes: resumes)
    var photos: [EditedPhoto] = []
    var skipped: [SkippedImage] = []
    for (index, image) in images.enumerated() {
      try context.checkCancellation()
      let source = FileDigest(path: image.path)
      if let line = finished[image.path], line.source == source {
        photos.append(line.photo)
        continue
      }
      do {
        var photo = try run.edit(image) { distance, format in
          try destination.file(image, distance, format, isOnly: options.distances.count == 1)
        }
        photo.animation = try film(of: photo)
        photos.append(photo)
        // What was computed with a model that somebody has written to meanwhile is no result.
        try model.file.verifyUnchanged()
        try journal?.append(Line(source: source, photo: photo))
      } catch {
        if error is Cancelled { throw error }
        skipped.append(try context.skip(image, error))
      }
      context.update(ProgressState(name: image.name, step: index + 1, stepCount: images.count))
    }
    context.pause()
    return Outcome(photos: photos, skipped: skipped)
  }

  /// Goes on with the journal of an interrupted run of this identity, or begins one.
  ///
  /// - Returns: nil where the result is one file; photographs that are done, by their paths, whose results are still there.
  private func openJournal(
    resumes: Bool
  ) throws -> (journal: Journal<Header, Line>?, finished: [String: Line]) {
    guard case .folder(let folder) = destination else { return (nil, [:]) }
    let path = folder.path(Self.journalName)
    let header = Header(run: identity)
    var lines: [String: Line] = [:]
    if resumes, Folder.exists(path), try !Journal<Header, Line>.isUnbegun(path),
      let journal = try? Journal<Header, Line>(
        opening: path, isAppending: true, visit: { line, _ in lines[line.photo.path] = line }),
      journal.header == header
    {
      return (journal, lines.filter { $0.value.photo.outputs.allSatisfy { Folder.exists($0.path) } })
    }
    return (try Journal(creating: path, header: header), [:])
  }

  /// The results of one photograph as a film there and back, at most 800 pixels wide.
  private func film(of photo: EditedPhoto) throws -> String? {
    guard options.animates, case .folder(let folder) = destination, photo.outputs.count > 1 else { return nil }
    let frames = try photo.outputs.map { try Self.shown($0.path, side: 800) }
    var film = FilmStrip(folder, framesPerSecond: 8)
    for frame in frames + frames.dropFirst().dropLast().reversed() { try film.append(frame) }
    try film.finish(Self.filmName(photo.name))
    return film.written.first.map(folder.path)
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
  /// - Parameter options: of the run, for the page.
  /// - Returns: the page's path; nil where the result is one file.
  package func finish(
    _ outcome: Outcome, kernels: Kernels, seconds: Double, options: [(name: String, value: String)]
  ) throws -> String? {
    let photos = outcome.photos
    let facts = try InversionReport.Run(model: model, kernels: kernels, seconds: seconds, options: options)
    guard case .folder(let folder) = destination, !photos.isEmpty else { return nil }
    try JSONOutput.write(outcome, to: folder.path(Self.summaryName))
    let side = photos.count <= 8 ? 960 : photos.count <= 60 ? 480 : 240
    let entries = try photos.prefix(PhotoEditPage.photoLimit).map { photo in
      var entry = PhotoEditPage.Entry(
        name: photo.name, path: photo.path, before: try ReportImage(Self.shown(photo.path, side: side)),
        after: try photo.outputs.map { (alpha: $0.alpha, image: try ReportImage(Self.shown($0.path, side: side))) },
        faces: photo.faces.map { (side: $0.side, psnrDB: $0.psnr_db) }, seconds: photo.seconds)
      if let path = photo.animation, let bytes = try? InputFile.bytes(of: path),
        let picture = try? PNG.decode(bytes, path: path)
      {
        entry.film = ReportImage(film: bytes, height: picture.height, width: picture.width)
      }
      entry.verdicts = photo.faces.compactMap { DomainVerdict($0.times_usual_in_domain, usual: 1) }
      return entry
    }
    let page = PhotoEditPage(run: facts, photoCount: photos.count, entries: entries)
    try page.page().write(to: folder.path(Self.pageName))
    try folder.finish()
    return folder.path(Self.pageName)
  }
}
