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
  private let identity: RunIdentity

  package init(
    _ run: PhotoEditRun, options: PhotoEditOptions, destination: PhotoDestination, context: RunContext,
    model: Model, optionList: [(name: String, value: String)]
  ) throws {
    self.run = run
    self.options = options
    self.destination = destination
    self.context = context
    self.model = model
    identity = RunIdentity(
      model: model.path, modelIdentity: model.file.identity,
      options: optionList.map { RunIdentity.Option(name: $0.name, value: $0.value) })
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

  private struct Header: Codable {
    var version = 3
    var run: RunIdentity
  }

  /// What the journal says of a photograph.
  private struct Line: Codable {
    enum Step: Codable {
      /// Its faces are being found and cut out. Where nothing follows, that ended the program.
      case reading
      case read
      case edited(EditedPhoto)
    }
    var path: String
    var source: FileDigest?
    var step: Step
  }
  private typealias EditJournal = Journal<Header, Line>

  /// What an earlier run of the same options has left.
  private struct Earlier {
    var finished: [String: (source: FileDigest?, photo: EditedPhoto)] = [:]
    var reads = InterruptedReads<String>()

    mutating func follow(_ line: Line) {
      switch line.step {
      case .reading: reads.begin(line.path, source: line.source)
      case .read: reads.end(line.path)
      case .edited(let photo): finished[line.path] = (line.source, photo)
      }
    }
  }

  /// Edits all photographs that an earlier run of the same options has not. Those that it did not survive come last.
  package func callAsFunction(
    _ images: [ListedImage], resumes: Bool
  ) throws -> Outcome {
    let (journal, earlier) = try openJournal(resumes: resumes)
    var photos: [Int: EditedPhoto] = [:]
    var skipped: [Int: SkippedImage] = [:]
    let isSuspect = images.map { earlier.reads.isSuspect($0.path) }
    let order = images.indices.filter { !isSuspect[$0] } + images.indices.filter { isSuspect[$0] }
    for (count, index) in order.enumerated() {
      try context.checkCancellation()
      let image = images[index]
      let source = FileDigest(path: image.path)
      if let done = earlier.finished[image.path], done.source == source {
        photos[index] = done.photo
        continue
      }
      do {
        guard !earlier.reads.isFatal(image.path, source: source) else {
          throw InterruptedReads<String>.failure(at: image.path)
        }
        let photo = try edit(image, source, journal)
        // What was computed with a model that somebody has written to meanwhile is no result.
        try model.file.verifyUnchanged()
        try journal?.append(Line(path: image.path, source: source, step: .edited(photo)))
        photos[index] = photo
      } catch {
        if error is Cancelled { throw error }
        skipped[index] = try context.skip(image, error)
      }
      context.update(ProgressState(name: image.name, step: count + 1, stepCount: images.count))
    }
    context.pause()
    return Outcome(
      photos: images.indices.compactMap { photos[$0] }, skipped: images.indices.compactMap { skipped[$0] })
  }

  private func edit(_ image: ListedImage, _ source: FileDigest?, _ journal: EditJournal?) throws -> EditedPhoto {
    var isReading = true
    try journal?.append(Line(path: image.path, source: source, step: .reading))
    func didRead() throws {
      isReading = false
      try journal?.append(Line(path: image.path, source: source, step: .read))
    }
    do {
      var photo = try run.edit(image, didRead: didRead) { distance, format in
        try destination.file(image, distance, format, isOnly: options.distances.count == 1)
      }
      photo.animation = try film(of: photo)
      return photo
    } catch {
      if isReading { try didRead() }
      throw error
    }
  }

  /// Goes on with the journal of an interrupted run of this identity, or begins one.
  ///
  /// - Returns: nil where the result is one file; what is known of the photographs, where their results are still there.
  /// - Throws: where results are to be resumed that are of other options, or of another model.
  private func openJournal(resumes: Bool) throws -> (journal: EditJournal?, earlier: Earlier) {
    guard case .folder(let folder) = destination else { return (nil, Earlier()) }
    let path = folder.path(Self.journalName)
    if resumes, Folder.exists(path), try !EditJournal.isUnbegun(path), let found = try resumed(path) { return found }
    return (try Journal(creating: path, header: Header(run: identity)), Earlier())
  }

  /// Nil where the journal is of another run without results.
  private func resumed(_ path: String) throws -> (journal: EditJournal, earlier: Earlier)? {
    var earlier = Earlier()
    let journal = try EditJournal(opening: path, isAppending: true) { line, _ in earlier.follow(line) }
    if let reason = identity.mismatch(journal.header.run) {
      guard earlier.finished.isEmpty else { throw RunIdentity.refusal(at: path, reason) }
      return nil
    }
    earlier.finished = earlier.finished.filter { $0.value.photo.outputs.allSatisfy { Folder.exists($0.path) } }
    return (journal, earlier)
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
    let page = PhotoEditPage(
      run: facts, photoCount: photos.count, deviation: self.options.deviation, entries: entries)
    try page.page().write(to: folder.path(Self.pageName))
    try folder.finish(keepsFormer: true)
    return folder.path(Self.pageName)
  }
}
