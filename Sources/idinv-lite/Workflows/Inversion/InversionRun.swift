import Files
import Glibc
import Imaging
import Inversion
import Quant
import Reports
import Runtime
import SIMDKernels

/// One run of `invert` over a list of images: inverts them side by side, writes each one's pictures and its record as
/// soon as it is done, and at the end makes the other results of the records. Memory does not grow with the list,
/// except by its names.
package final class InversionRun {
  /// What the run is asked to do.
  package struct Request {
    package var memory: MemoryChoice
    package var options: InversionOptions
    package var output: OutputFolder
    package var resumes: Bool
    package var checkpointInterval: Int

    package init(
      memory: MemoryChoice, options: InversionOptions, output: OutputFolder, resumes: Bool, checkpointInterval: Int
    ) {
      self.memory = memory
      self.options = options
      self.output = output
      self.resumes = resumes
      self.checkpointInterval = checkpointInterval
    }

    package var model: Model { memory.model }
  }

  private let request: Request
  private let listed: [ListedImage]
  private let lines: [Int]
  private let description: RunDescription
  private let selection: ReportSelection
  private let journal: InversionJournal
  private let checkpoints: CheckpointFolder
  private let inverter: Inverter
  private let reconstruct: Reconstructor
  /// Nil where the page shows none.
  private let renderSnapshot: Reconstructor?
  private let context: RunContext
  private let elapsedBefore: Double
  private let began: ContinuousClock.Instant
  private var conditions: ConditionLog

  /// An image between its start and its end.
  private struct Work {
    var line: Int
    var image: LoadedImage
    var source: FileDigest?
    var original: FileDigest
    /// After each step, since the first.
    var stepSeconds: [Double]
    var snapshots: [(step: Int, code: [Float])]
    var state: OptimizationState?
  }
  private var atWork: [Int: Work] = [:]
  private var startedCount = 0
  private var pending: ArraySlice<Int> = []
  private var doneCount = 0
  /// What Ctrl-C cut short: part of the results, but not of the journal, which goes on with these images.
  private var stopped: [Int: InversionRecord] = [:]
  /// What ends the run: a full disk, not a bad image.
  private var failure: (any Error)?

  /// Names of all files that a run writes.
  package static func outputs(of images: [ListedImage]) -> [String] {
    images.flatMap { ["\($0.name)_ori.png", "\($0.name)_enc.png", "\($0.name)_inv.png"] } + ResultFolder.inversionFiles
  }

  /// Files by which a folder's earlier run is known, whose own checks decide what becomes of its results.
  package static func knownRun(in folder: OutputFolder, resumes: Bool) -> [String] {
    let isFinished = resumes && FinishedRun(folder.path("summary.json")) != nil
    return [InversionJournal.name] + (isFinished ? ["summary.json"] : [])
  }

  /// Chooses how a run keeps to its memory: images side by side, and the rest.
  ///
  /// - Parameter batch: 0 for as many as pay.
  package static func chooseMemory(
    _ limit: MemoryLimit, _ model: Model, _ options: InversionOptions, batch: Int, imageCount: Int, kernels: Kernels
  ) throws -> MemoryChoice {
    let extra = try options.startEncoder.map { try StartEncoder.byteCount(of: $0, kernels: kernels) } ?? 0
    return try limit.choose(
      model, ways: SideBySide.candidates(batch, imageCount: imageCount, kernels: kernels), extra: extra,
      kernels: kernels, workload: options.workload())
  }

  /// - Throws: where the folder holds an unfinished run that is not to be resumed, or another run than this.
  package init(
    _ request: Request, _ description: RunDescription, images: [ListedImage], kernels: Kernels,
    began: ContinuousClock.Instant, context: RunContext
  ) throws {
    let model = request.model
    self.request = request
    self.began = began
    self.context = context
    listed = images
    lines = Array(description.shard.lines(of: images.count))
    let options = request.options
    self.description = description
    selection = ReportSelection(description)
    let sideBySide = request.memory.plan.sideBySide
    inverter = try Inverter(
      model, options: options, batch: sideBySide.imageCount, laneCount: sideBySide.laneCount, kernels: kernels)
    let beside = sideBySide.renderer(model, kernels)
    reconstruct = try Reconstructor(beside.model, kernels: beside.kernels)
    renderSnapshot =
      selection.detail.snapshotSide > 0
      ? try Reconstructor(beside.model, scores: false, kernels: beside.kernels) : nil
    checkpoints = CheckpointFolder(
      path: request.output.path(".checkpoints"), description: description, options: options)
    journal = try InversionJournal(
      at: request.output.path(InversionJournal.name), for: description, resumes: request.resumes)
    // A program that was killed between an image's record and the end of its state leaves that behind.
    checkpoints.remove(lines.filter(journal.isInverted).map { images[$0].name })
    if journal.damagedCount > 0 {
      context.warn("\(journal.path): \(journal.damagedCount) records are damaged; their images are done anew")
    }
    elapsedBefore = journal.elapsed
    conditions = ConditionLog(ConditionProbe(cpus: Processor.allowedCPUs))
  }

  private var elapsed: Double { elapsedBefore + began.duration(to: .now) / .seconds(1) }

  /// Inverts the images. One that is damaged or diverges is skipped, with its reason in the summary.
  ///
  /// - Parameter load: reads a picture and fits it to the model.
  package func invert(load: (ListedImage) throws -> LoadedImage) throws {
    // What an earlier part of the run did not survive comes last, each alone.
    let suspects = lines.filter(journal.isSuspect)
    for part in [lines.filter { !journal.isSuspect($0) }] + suspects.map({ [$0] }) where !part.isEmpty {
      guard failure == nil, !context.isCancelled else { break }
      pending = part[...]
      startedCount = 0
      try inverter.invert(
        next: { next(load) }, didStep: { didStep($0, $1) }, didFinish: { didFinish($0, $1) })
    }
    context.pause()
    if let failure { throw failure }
  }

  // MARK: One image's way

  private func next(_ load: (ListedImage) throws -> LoadedImage) -> InversionInput? {
    while failure == nil, !context.isCancelled, let line = pending.popFirst() {
      let image = listed[line]
      do {
        var work: Work?
        do {
          if try isDone(line, load) {
            doneCount += 1
            continue
          }
          work = try locating(image.path) { try begin(line, read(line, load)) }
        } catch {
          try skip(line, error)
        }
        guard let work else { continue }
        atWork[startedCount] = work
        startedCount += 1
        return InversionInput(
          work.image.picture.planar(request.model.file.specification.pixelRange), resuming: work.state)
      } catch {
        failure = error
      }
    }
    return nil
  }

  /// Reads a picture. One whose reading has ended the program twice is not read a third time.
  private func read(_ line: Int, _ load: (ListedImage) throws -> LoadedImage) throws -> LoadedImage {
    let image = listed[line]
    let source = journal.isSuspect(line) ? FileDigest(path: image.path) : nil
    guard !journal.isFatal(line, source: source) else { throw InterruptedReads<Int>.failure(at: image.path) }
    try journal.append(mark(line, .reading, source))
    defer { if failure == nil { do { try journal.append(mark(line, .read)) } catch { failure = error } } }
    return try load(image)
  }

  private func mark(
    _ line: Int, _ outcome: InversionRecord.Outcome, _ source: FileDigest? = nil
  ) -> InversionRecord {
    InversionRecord(
      line: line, name: listed[line].name, path: listed[line].path, source: source, elapsed: elapsed, outcome: outcome)
  }

  private func begin(_ line: Int, _ image: LoadedImage) throws -> Work {
    // First of all, so that a name that the folder cannot take is found out before the work.
    let original = try write(image.picture, image.name, "ori")
    let resumed =
      request.resumes
      ? try checkpoints.load(
        image, codeCount: description.layerCount * description.codeDimension,
        iterations: request.options.iterations) : nil
    return Work(
      line: line, image: image, source: image.source, original: original,
      stepSeconds: resumed?.seconds ?? [], snapshots: resumed?.snapshots ?? [], state: resumed?.state)
  }

  private func didStep(_ number: Int, _ report: StepReport) -> Bool {
    guard failure == nil, var work = atWork.removeValue(forKey: number) else { return false }
    let state = report.state
    conditions.didStep(seconds: report.seconds, elapsed: began.duration(to: .now) / .seconds(1))
    work.stepSeconds.append((work.stepSeconds.last ?? 0) + report.seconds)
    // Kept here, too: a run that is resumed has those of its earlier parts.
    if let code = report.snapshot, selection.isShown(work.line) { work.snapshots.append((state.step, code)) }
    work.state = state
    atWork[number] = work
    show(work, report)
    let interval = request.checkpointInterval
    if interval > 0, state.step % interval == 0 || context.isCancelled {
      do {
        try checkpoints.save(
          CheckpointFolder.Progress(state: state, seconds: work.stepSeconds, snapshots: work.snapshots),
          of: work.image)
      } catch {
        failure = error
      }
    }
    return failure == nil && !context.isCancelled
  }

  private func didFinish(_ number: Int, _ outcome: Result<InversionResult, InversionError>) {
    guard let work = atWork.removeValue(forKey: number), failure == nil else { return }
    do {
      do {
        let record = try locating(work.image.path) { try finished(work, try outcome.get()) }
        if record.inverted?.wasStopped == true {
          stopped[work.line] = record
        } else {
          // What was computed with a model that somebody has written to meanwhile is no result.
          try request.model.file.verifyUnchanged()
          try journal.append(record)
          checkpoints.remove([work.image.name])
          doneCount += 1
        }
      } catch {
        try skip(work.line, error)
      }
    } catch {
      failure = error
    }
  }

  private func finished(_ work: Work, _ result: InversionResult) throws -> InversionRecord {
    let began = ContinuousClock.now
    // Without steps, or where none was better, all of the end is that of the start.
    let isMoved = result.code != result.startCode
    let start = reconstruct(result.startCode)
    let end = isMoved ? reconstruct(result.code) : start
    let first = picture(start)
    let last = isMoved ? picture(end) : first
    let (png, name) = (try PNG.encode(first), work.image.name)
    let pictures = [
      work.original, try write(png, name, "enc"), try write(isMoved ? PNG.encode(last) : png, name, "inv"),
    ]
    let startFigures = InversionReport.Figures(work.image.picture, first, start.score)
    let resultFigures = isMoved ? InversionReport.Figures(work.image.picture, last, end.score) : startFigures
    let snapshots = try snapshots(of: work, result, end: last)
    let image = InvertedImage(
      startCode: PackedFloats(result.startCode), code: PackedFloats(result.code),
      losses: PackedFloats(result.history.flatMap { [$0.pixel, $0.perceptual, $0.domain, $0.total] }),
      stepMicroseconds: work.stepSeconds.map { Int(($0 * 1e6).rounded()) },
      seconds: (work.state?.seconds ?? 0) + began.duration(to: .now) / .seconds(1), startFigures: startFigures,
      resultFigures: resultFigures, pictures: pictures, snapshots: snapshots, stopReason: result.stopReason,
      bestStep: result.bestStep)
    return InversionRecord(
      line: work.line, name: work.image.name, path: work.image.path, source: work.source, elapsed: elapsed,
      outcome: .inverted(image))
  }

  /// Pictures on the way; where the best code stayed the same, so does its picture.
  private func snapshots(of work: Work, _ result: InversionResult, end: Image8) throws -> [InvertedImage.Snapshot] {
    guard let renderSnapshot else { return [] }
    var made: [InvertedImage.Snapshot] = []
    var shown = (code: result.code, image: nil as ReportImage?)
    for snapshot in work.snapshots where snapshot.step < result.history.count || result.wasStopped {
      var picture = snapshot.code == shown.code ? shown.image : nil
      if picture == nil {
        let image = snapshot.code == result.code ? end : self.picture(renderSnapshot(snapshot.code))
        picture = try ReportImage(image, maximumSide: selection.detail.snapshotSide)
      }
      guard let picture else { continue }
      shown = (snapshot.code, picture)
      made.append(InvertedImage.Snapshot(step: snapshot.step, picture: picture))
    }
    return made
  }

  private func skip(_ line: Int, _ error: any Error) throws {
    let skipped = try context.skip(listed[line], error)
    // An earlier part of the run may have said so.
    if try journal.record(ofLine: line)?.skipReason != skipped.reason {
      try journal.append(mark(line, .skipped(reason: skipped.reason)))
    }
    doneCount += 1
  }

  /// Whether an earlier part of the run did an image. Pictures that it did not bring to the disk are made again of their
  /// codes; an image whose file has changed since is done anew, and so is one that was skipped.
  private func isDone(_ line: Int, _ load: (ListedImage) throws -> LoadedImage) throws -> Bool {
    guard journal.isInverted(line), let record = try journal.record(ofLine: line), let done = record.inverted,
      record.name == listed[line].name, let source = record.source, source == FileDigest(path: listed[line].path)
    else { return false }
    for (suffix, digest) in zip(InvertedImage.suffixes, done.pictures)
    where FileDigest(path: request.output.path("\(record.name)_\(suffix).png")) != digest {
      switch suffix {
      case "ori": try write(read(line, load).picture, record.name, suffix)
      case "enc": try write(picture(reconstruct(done.startCode.values)), record.name, suffix)
      default: try write(picture(reconstruct(done.code.values)), record.name, suffix)
      }
    }
    return true
  }

  // MARK: Pictures

  private func picture(_ reconstruction: Reconstruction) -> Image8 {
    Image8(
      planar: reconstruction.image, height: description.resolution, width: description.resolution,
      range: request.model.file.specification.pixelRange)
  }

  /// Few pictures go to the disk one by one; of many, the disk is waited for once, at the end.
  private var syncsPictures: Bool { lines.count <= 16 }

  @discardableResult
  private func write(_ picture: Image8, _ name: String, _ suffix: String) throws -> FileDigest {
    try write(PNG.encode(picture), name, suffix)
  }

  private func write(_ png: [UInt8], _ name: String, _ suffix: String) throws -> FileDigest {
    try request.output.write(png, "\(name)_\(suffix).png", isSynced: syncsPictures)
    return FileDigest(png)
  }

  private func show(_ work: Work, _ report: StepReport) {
    let (step, losses) = (report.state.step, report.losses)
    var state = ProgressState(
      name: work.image.name, image: doneCount, imageCount: lines.count, step: step,
      stepCount: report.plannedSteps,
      losses: [
        .init("total", Double(losses.total)), .init("pixel", Double(losses.pixel)),
        .init("perceptual", Double(losses.perceptual)), .init("domain", Double(losses.domain)),
      ])
    state.stepsBeside = atWork.values.reduce(-step) { $0 + ($1.state?.step ?? 0) }
    context.update(state)
  }

  // MARK: The end

  /// Writes the results.
  ///
  /// - Throws: `NothingDone` or `Cancelled` where no image has a code.
  package func finish() throws -> InversionOutcome {
    let isComplete = !context.isCancelled
    let isShard = description.shard.count > 1
    let invertedCount = lines.filter { stopped[$0] != nil || journal.isInverted($0) }.count
    guard invertedCount > 0 else {
      if journal.count == 0 || (isComplete && !isShard) { journal.remove() }
      if isComplete { throw NothingDone() } else { throw Cancelled() }
    }
    try request.model.file.verifyUnchanged()
    let outcome = try InversionResults(
      description: description, output: request.output, lines: lines, invertedCount: invertedCount,
      record: { [stopped, journal] line in try stopped[line] ?? journal.record(ofLine: line) }, seconds: elapsed,
      isComplete: isComplete, conditions: conditions, memory: request.memory
    ).write()
    if !syncsPictures { try request.output.synchronize() }
    try journal.sync()
    // The results say it all now; of a shard, `merge` needs more.
    if journal.count == 0 || (isComplete && !isShard) { journal.remove() }
    if isComplete { checkpoints.removeAll() }
    return outcome
  }
}
