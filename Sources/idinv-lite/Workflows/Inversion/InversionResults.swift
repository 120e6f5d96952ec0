import Checkpoint
import Files
import FoundationEssentials
import Glibc
import Imaging
import Inversion
import Reports

/// What a run of `invert` leaves beside the pictures: codes, list, losses, summary and page, written in one pass over
/// the records, which are never in memory together.
package struct InversionResults {
  package let description: RunDescription
  package let output: OutputFolder
  /// Lines of the list that the run is about, ascending.
  package let lines: [Int]
  /// How many of them have a code.
  package let invertedCount: Int
  /// nil where an image was not reached.
  package let record: (_ line: Int) throws -> InversionRecord?
  package let seconds: Double
  package let isComplete: Bool
  /// Of the part of the run that has just ended; nil where results are only put together.
  package var conditions: ConditionLog?
  /// How the run kept to its memory; nil for results of several runs.
  package var memory: MemoryChoice?

  package init(
    description: RunDescription, output: OutputFolder, lines: [Int], invertedCount: Int,
    record: @escaping (_ line: Int) throws -> InversionRecord?, seconds: Double, isComplete: Bool,
    conditions: ConditionLog? = nil, memory: MemoryChoice? = nil
  ) {
    self.description = description
    self.output = output
    self.lines = lines
    self.invertedCount = invertedCount
    self.record = record
    self.seconds = seconds
    self.isComplete = isComplete
    self.conditions = conditions
    self.memory = memory
  }

  /// The files that grow image by image.
  private struct Streams {
    let encoded: NumpyWriter
    let inverted: NumpyWriter
    let losses: StreamedFile
    /// The elements of the summary's list.
    let images: StreamedFile

    func commit() throws {
      try encoded.commit()
      try inverted.commit()
      try losses.commit()
      try images.commit()
    }
  }

  /// What is kept of the images.
  private struct Collected {
    var listed: [ListedImage] = []
    var rows: [InversionReport.Row] = []
    var entries: [InversionReport.Entry] = []
    var skipped: [SkippedImage] = []
    var foreign: [(name: String, verdict: DomainVerdict)] = []
  }

  package func write() throws -> InversionOutcome {
    let shape = [invertedCount, description.layerCount, description.codeDimension]
    let imagesPath = output.path(".images.json")
    let streams = Streams(
      encoded: try NumpyWriter(path: output.path("encoded_codes.npy"), shape: shape),
      inverted: try NumpyWriter(path: output.path("inverted_codes.npy"), shape: shape),
      losses: try StreamedFile(path: output.path("losses.jsonl")), images: try StreamedFile(path: imagesPath))
    defer { Folder.removeFile(imagesPath) }
    let collected = try collect(streams)
    try streams.commit()
    try ResultFolder.writeImageList(collected.listed, to: output.path("image_list.txt"))
    let median = Figure.median(collected.rows.map(\.resultFigures.psnrDB)) ?? .nan
    let stops = StopCounts(collected.rows.compactMap(\.stop))
    var summary = InversionSummary(
      description, isComplete: isComplete, seconds: seconds, medianPSNR: median, stops: stops,
      skipped: collected.skipped, memory: memory?.figures)
    summary.conditions = conditions?.course.summary
    try summary.write(to: output.path("summary.json"), images: imagesPath)
    var report = InversionReport(run: reportRun(collected.skipped), entries: collected.entries)
    report.rows = collected.rows
    report.usualInDomain = usualInDomain
    report.conditions = conditions?.course
    try report.page().write(to: output.path("inversion.html"))
    try output.finish()
    return InversionOutcome(
      invertedCount: collected.listed.count, skippedCount: collected.skipped.count, medianPSNR: median,
      foreign: collected.foreign, stops: stops, seconds: seconds, isComplete: isComplete)
  }

  /// A code that is not the encoder's says nothing about the picture.
  private var usualInDomain: Double? {
    description.startTitle == RunDescription.encoderTitle ? description.usualInDomain : nil
  }

  /// Reads the records one after the other.
  private func collect(_ streams: Streams) throws -> Collected {
    let selection = ReportSelection(description), usual = usualInDomain
    var collected = Collected()
    for line in lines {
      guard let record = try record(line) else { continue }
      switch record.outcome {
      case .reading, .read: continue
      case .skipped(let reason): collected.skipped.append(SkippedImage(path: record.path, reason: reason))
      case .inverted(let image):
        try streams.encoded.append(image.startCode.values)
        try streams.inverted.append(image.code.values)
        for step in 0..<image.stepCount { try streams.losses.append(LossLog.line(record.name, image, step: step + 1)) }
        let text = try JSONOutput.text(InversionSummary.Image(record, image, usualInDomain: usual), indented: 2)
        try streams.images.append((collected.listed.isEmpty ? "" : ",\n") + text)
        collected.listed.append(ListedImage(path: record.path, name: record.name))
        var row = InversionReport.Row(
          name: record.name, startFigures: image.startFigures, resultFigures: image.resultFigures,
          seconds: image.seconds, stop: (image.stopReason, image.stepCount))
        if selection.isShown(line) {
          row.entry = collected.entries.count
          collected.entries.append(try entry(record, image, side: selection.detail.side))
        }
        if let verdict = image.startFigures.verdict(usual: usual), verdict.kind == .foreign {
          collected.foreign.append((record.name, verdict))
        }
        collected.rows.append(row)
      }
    }
    return collected
  }

  private func entry(_ record: InversionRecord, _ image: InvertedImage, side: Int) throws -> InversionReport.Entry {
    func picture(_ suffix: String) throws -> ReportImage {
      let path = output.path("\(record.name)_\(suffix).png"), bytes = try InputFile.bytes(of: path)
      // What the run has written is what encoding would give again.
      let isOwn = zip(InvertedImage.suffixes, image.pictures).contains { $0 == suffix && $1 == FileDigest(bytes) }
      if isOwn, let whole = ReportImage(png: bytes, maximumSide: side) { return whole }
      return try ReportImage(PNG.decode(bytes, path: path), maximumSide: side)
    }
    var entry = InversionReport.Entry(
      name: record.name, source: record.path, original: try picture("ori"), start: try picture("enc"),
      result: try picture("inv"), startFigures: image.startFigures, resultFigures: image.resultFigures,
      seconds: image.seconds)
    entry.startTitle = description.startTitle
    entry.snapshots = image.snapshots.map { ($0.step, $0.picture) }
    entry.losses = (0..<image.stepCount).map { step in
      let losses = image.losses(atStep: step + 1)
      return .init(
        step: step + 1, pixel: Double(losses.pixel), perceptual: Double(losses.perceptual),
        domain: Double(losses.domain), total: Double(losses.total))
    }
    entry.stop = (image.stopReason, image.stepCount)
    return entry
  }

  private func reportRun(_ skipped: [SkippedImage]) -> InversionReport.Run {
    var run = InversionReport.Run()
    run.modelName = PathText.lastComponent(of: description.model)
    run.resolution = description.resolution
    run.layerCount = description.layerCount
    run.codeDimension = description.codeDimension
    run.weightsType = description.weights
    run.computeType = description.compute
    run.threadCount = description.threads
    run.tier = description.tier
    run.seconds = seconds
    run.options = description.options.map { ($0.name, $0.value) } + (memory?.options ?? [])
    run.versions = [("idinv-lite", description.program)]
    run.modelIdentity = description.modelIdentity
    run.date = timestamp()
    var notes: [String] = []
    if description.shard.count > 1 {
      notes.append("Shard \(description.shard) of \(description.list.count) images.")
    }
    if !isComplete { notes.append("This run was interrupted; the images show the best codes so far.") }
    if !skipped.isEmpty {
      let shown = skipped.prefix(20).map(\.reason).joined(separator: "; ")
      notes.append("Skipped: \(shown)" + (skipped.count > 20 ? "; and \(skipped.count - 20) more." : ""))
    }
    run.note = notes.joined(separator: " ")
    return run
  }
}

/// Which images a page shows, and how large: all of them up to a number, beyond it an even sample of the whole list,
/// which shards and their union agree upon.
package struct ReportSelection {
  package static let limit = 100
  package let detail: ReportDetail
  private let share: Double

  package init(imageCount: Int, resolution: Int, snapshotCount: Int) {
    detail = ReportDetail(
      imageCount: min(imageCount, Self.limit), resolution: resolution, snapshotCount: snapshotCount)
    share = Double(Self.limit) / Double(max(imageCount, 1))
  }

  package init(_ description: RunDescription) {
    self.init(
      imageCount: description.list.count, resolution: description.resolution,
      snapshotCount: description.snapshotCount)
  }

  /// Multiples of the golden ratio modulo 1 fill the interval evenly, whatever part of the lines a shard takes.
  package func isShown(_ line: Int) -> Bool {
    share >= 1 || (Double(line) * 0.618_033_988_749_894_9).truncatingRemainder(dividingBy: 1) < share
  }
}
