import ArgumentParser
import Checkpoint
import Foundation
import Imaging
import Inversion
import Quant
import Runtime

/// One run of `invert` over a list of images: inverts, keeps what is needed for the report, writes the results.
final class InversionRun {
  let resolution: Int
  private let model: Model
  private let options: InversionOptions
  private let kernels: Kernels
  private let output: OutputFolder
  private let checkpoints: CheckpointFolder?
  private let resumes: Bool
  private let checkpointInterval: Int
  private let progress: ProgressBar
  private let isQuiet: Bool

  private let inverter: Inverter
  private let reconstruct: Reconstructor
  private let codeCount: Int
  private var done: [(image: ListedImage, result: InversionResult, entry: InversionReport.Entry)] = []
  private var skipped: [SkippedImage] = []
  private var detail = ReportDetail(imageCount: 1, resolution: 1, snapshotCount: 0)

  init(
    model: Model, options: InversionOptions, kernels: Kernels, output: OutputFolder, resumes: Bool,
    checkpointInterval: Int, isQuiet: Bool
  ) throws {
    self.model = model
    self.options = options
    self.kernels = kernels
    self.output = output
    self.resumes = resumes
    self.checkpointInterval = checkpointInterval
    self.isQuiet = isQuiet
    resolution = try model.imageResolution()
    codeCount = try model.generator().codeCount
    checkpoints =
      resumes || checkpointInterval > 0
      ? CheckpointFolder(path: output.path(".checkpoints"), model: model, options: options) : nil
    progress = ProgressBar(isQuiet: isQuiet)
    inverter = try Inverter(model, options: options, kernels: kernels)
    reconstruct = try Reconstructor(model, kernels: kernels)
  }

  /// Inverts the images in order. One that is damaged or diverges is skipped, with its reason in the summary.
  func invert(_ images: [ListedImage], load: (ListedImage) throws -> ImageOptions.Loaded) throws {
    detail = ReportDetail(imageCount: images.count, resolution: resolution, snapshotCount: options.snapshotSteps.count)
    let logPath = output.path("losses.jsonl")
    let log = try LossLog(path: logPath)
    // A file without a line says nothing.
    defer { if done.isEmpty { unlink(logPath) } }
    for (index, image) in images.enumerated() {
      if Signals.isInterrupted { break }
      do {
        try locating(image.path) { try invert(image, try load(image), index: index, count: images.count, log: log) }
      } catch {
        skipped.append(try SkippedImage(image, error, progress))
      }
      try log.flush()
    }
    progress.clear()
  }

  private func invert(
    _ listed: ListedImage, _ image: ImageOptions.Loaded, index: Int, count: Int, log: LossLog
  ) throws {
    let clock = ContinuousClock()
    let began = clock.now
    let range = model.file.specification.pixelRange
    let planar = image.picture.planar(range)
    // First of all, so that a name that the folder cannot take is found out before the work.
    try output.writePNG(image.picture, "\(image.name)_ori.png")
    let resumed =
      resumes
      ? try checkpoints?.load(image, codeCount: codeCount, iterations: options.iterations) : nil
    var seconds = resumed?.seconds ?? []
    var snapshots = resumed?.snapshots ?? []
    let snapshotSteps = Set(options.snapshotSteps)
    func record(_ losses: Losses, step: Int) throws {
      try log.append(
        LossLog.Record(
          image: image.name, step: step, pixel: Double(losses.pixel), perceptual: Double(losses.perceptual),
          domain: Double(losses.domain), total: Double(losses.total), seconds: seconds[step - 1]))
    }
    for (step, losses) in (resumed?.state.history ?? []).enumerated() { try record(losses, step: step + 1) }

    var failure: (any Error)?
    let result = try inverter.invert(planar, resuming: resumed?.state) { report in
      seconds.append((seconds.last ?? 0) + report.seconds)
      if snapshotSteps.contains(report.state.step) { snapshots.append((report.state.step, report.state.code)) }
      progress.update(
        ProgressState(
          name: image.name, image: index, imageCount: count, step: report.state.step, stepCount: options.iterations,
          losses: [
            .init("total", Double(report.losses.total)), .init("pixel", Double(report.losses.pixel)),
            .init("perceptual", Double(report.losses.perceptual)), .init("domain", Double(report.losses.domain)),
          ]))
      do {
        try record(report.losses, step: report.state.step)
        let isDue = checkpointInterval > 0 && report.state.step % checkpointInterval == 0
        if isDue || report.stopReason != nil || Signals.isInterrupted {
          try checkpoints?.save(
            CheckpointFolder.Progress(state: report.state, seconds: seconds, snapshots: snapshots), of: image)
        }
      } catch {
        failure = error
        return false
      }
      return !Signals.isInterrupted
    }
    if let failure { throw failure }

    func picture(_ image: [Float]) -> Image8 {
      Image8(planar: image, height: resolution, width: resolution, range: range)
    }
    let (startOfRun, endOfRun) = (reconstruct(result.startCode), reconstruct(result.code))
    let (first, last) = (picture(startOfRun.image), picture(endOfRun.image))
    try output.writePNG(first, "\(image.name)_enc.png")
    try output.writePNG(last, "\(image.name)_inv.png")

    var entry = InversionReport.Entry(
      name: image.name, source: image.path,
      original: try ReportImage(image.picture, maximumSide: detail.side),
      start: try ReportImage(first, maximumSide: detail.side),
      result: try ReportImage(last, maximumSide: detail.side),
      startFigures: figures(image.picture, first, startOfRun.score),
      resultFigures: figures(image.picture, last, endOfRun.score),
      seconds: began.duration(to: clock.now) / .seconds(1))
    entry.startTitle =
      switch options.start {
      case .encoder: "Encoder"
      case .mean: "Mean code"
      case .code: "Start code"
      }
    if detail.snapshotSide > 0 {
      entry.snapshots = try snapshots.filter { $0.step < options.iterations }.map { snapshot in
        (snapshot.step, try ReportImage(picture(reconstruct(snapshot.code).image), maximumSide: detail.snapshotSide))
      }
    }
    entry.losses = result.history.enumerated().map { step, losses in
      .init(
        step: step + 1, pixel: Double(losses.pixel), perceptual: Double(losses.perceptual),
        domain: Double(losses.domain), total: Double(losses.total))
    }
    if result.wasStopped { entry.note = "stopped after \(result.history.count) steps; the best code so far" }
    done.append((ListedImage(path: listed.path, name: listed.name), result, entry))
  }

  private func figures(_ original: Image8, _ image: Image8, _ score: InDomainScore?) -> InversionReport.Figures {
    var figures = InversionReport.Figures(original: original, reconstruction: image)
    figures.inDomainMeanSquare = score.map { Double($0.meanSquare) }
    figures.inDomainL2 = score.map { Double($0.distance) }
    return figures
  }

  /// Writes codes, list, summary and report, and ends the command with the right exit code.
  func finish(seconds: Double, optionList: [(name: String, value: String)], json: Bool) throws {
    guard !done.isEmpty else {
      if Signals.isInterrupted { throw ExitCode(Signals.exitCode) }
      throw ExitCode(Status.badData.rawValue)  // each reason has been printed
    }
    let specification = try model.generator().specification
    let shape = [done.count, specification.layerCount, specification.wDimension]
    for (name, codes) in [
      ("encoded_codes.npy", done.flatMap(\.result.startCode)), ("inverted_codes.npy", done.flatMap(\.result.code)),
    ] {
      try NumpyArray(shape: shape, floats: codes).write(to: output.path(name))
    }
    try ResultFolder.writeImageList(done.map(\.image), to: output.path("image_list.txt"))
    let summary = summary(seconds: seconds)
    try JSONOutput.write(summary, to: output.path("summary.json"))
    try report(seconds: seconds, optionList: optionList).write(to: output.path("inversion.html"))

    if json {
      try JSONOutput.print(summary)
    } else if !isQuiet {
      try StandardStreams.printOutput(
        "\(done.count) image\(done.count == 1 ? "" : "s") in \(String(format: "%.1f", seconds)) s, median PSNR "
          + "\(String(format: "%.2f", summary.median_psnr_db)) dB; report: \(output.path("inversion.html"))"
          + (Signals.isInterrupted ? " (interrupted: the best codes so far)\n" : "\n"))
    }
    if Signals.isInterrupted { throw ExitCode(Signals.exitCode) }
    checkpoints?.remove(done.map(\.image.name))
    if !skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
  }

  private func summary(seconds: Double) -> InversionSummary {
    InversionSummary(
      model: model.path, weights: model.file.metadata.precision.rawValue, tier: kernels.table.tier.rawValue,
      threads: kernels.threadCount, options: options, seconds: seconds, isComplete: !Signals.isInterrupted,
      images: done.map { ($0.entry, $0.result) }, skipped: skipped)
  }

  private func report(seconds: Double, optionList: [(name: String, value: String)]) throws -> InversionReport {
    var run = InversionReport.Run()
    let specification = try model.generator().specification
    run.modelName = URL(fileURLWithPath: model.path).lastPathComponent
    run.resolution = resolution
    run.layerCount = specification.layerCount
    run.codeDimension = specification.wDimension
    run.weightsType = model.file.metadata.precision.rawValue
    run.computeType = "f32"
    run.threadCount = kernels.threadCount
    run.tier = kernels.table.tier.rawValue
    run.seconds = seconds
    run.options = optionList
    run.versions = [("idinv-lite", IdinvLite.version)]
    run.modelSHA256 = try SHA256.hexDigest(ofFile: model.path)
    run.date = ISO8601DateFormatter().string(from: Date())
    if Signals.isInterrupted { run.note = "This run was interrupted; the images show the best codes so far." }
    if !skipped.isEmpty { run.note += " Skipped: " + skipped.map(\.reason).joined(separator: "; ") }
    return InversionReport(run: run, entries: done.map(\.entry))
  }
}
