import ArgumentParser
import Checkpoint
import Foundation
import Imaging
import Inversion
import Quant
import Runtime

/// A code to edit, and what is known of it.
struct EditedCode {
  var name: String
  var source: String
  /// [L, D].
  var code: [Float]
  /// What the encoder made of the picture; nil where the code was given.
  var encoded: [Float]?
  var original: ReportImage?
  var inverted: ReportImage
  /// The inversion against the original; nil without one.
  var psnrDB: Double?
  /// Why the inversion ended, and after how many steps; nil where the code was given.
  var stop: (reason: StopReason, steps: Int)?
  var score: InDomainScore?
  /// What the attribute network reads off the inverted picture; empty without one.
  var attributes: [Float]
}

/// A picture of a code.
struct RenderedCode {
  var image: Image8
  /// How far the code is outside of the generator's domain; nil without an encoder.
  var score: InDomainScore?
  /// What the attribute network reads off the picture; empty without one.
  var attributes: [Float]
}

/// What the editing commands share: the networks, the codes to edit, the pictures of codes, the results' places.
final class EditingRun {
  let model: Model
  let shape: CodeShape
  let resolution: Int
  let kernels: Kernels
  let output: OutputFolder
  let progress: ProgressBar
  private(set) var skipped: [SkippedImage] = []
  /// How the run keeps to its memory.
  let memory: MemoryChoice
  private let reporting: ReportingOptions
  private let reconstruct: Reconstructor
  private let began = ContinuousClock.now

  /// - Parameter inversion: of the pictures among what is to be edited; its model is replaced by one that keeps to the
  ///   memory budget.
  init(
    model: Model, output: OutputFolder, engine: EngineOptions, memory: MemoryOption, reporting: ReportingOptions,
    inversion: PlannedInversion
  ) throws {
    self.output = output
    self.reporting = reporting
    shape = try model.codeShape()
    resolution = try model.imageResolution()
    let kernels = try engine.kernels()
    self.kernels = kernels
    self.memory = try memory.choose(
      model, batches: inversion.batches, kernels: kernels, workload: inversion.workload)
    try self.memory.announce(reporting)
    let model = self.memory.model
    self.model = model
    reconstruct = try Reconstructor(model, readsAttributes: true, kernels: kernels)
    progress = ProgressBar(isQuiet: reporting.quiet)
  }

  // MARK: Pictures of codes

  /// Names of what the attribute network reads; empty without one.
  var attributeNames: [String] { model.file.specification.attributes?.names ?? [] }

  /// The picture of a code, and what the networks say of it.
  func picture(of code: some Collection<Float>, named name: String) throws -> RenderedCode {
    let result = reconstruct(Array(code))
    guard result.image.allSatisfy(\.isFinite) else {
      throw Failure(
        .badData, "\(name): the generator's image is not finite; expected a code nearer to those of pictures")
    }
    return RenderedCode(
      image: Image8(
        planar: result.image, height: resolution, width: resolution, range: model.file.specification.pixelRange),
      score: result.score, attributes: result.attributes)
  }

  // MARK: The codes to edit

  /// What `codes(of:)` writes.
  static func names(of items: [CodeSource.Item]) -> [String] {
    var names = ["inverted_codes.npy", "image_list.txt"]
    for item in items {
      names.append("\(item.name)_inv.png")
      switch item.content {
      case .code(_, let original): if original != nil { names.append("\(item.name)_ori.png") }
      case .image: names += ["\(item.name)_ori.png", "\(item.name)_enc.png"]
      }
    }
    return items.contains(where: \.isImage) ? names + ["encoded_codes.npy"] : names
  }

  /// The codes of all items; pictures are inverted. Leaves a result folder as `invert` does, that `--from` reads.
  ///
  /// A picture that cannot be used is left out. Ends the command where nothing is left, and after Ctrl-C.
  func codes(
    of items: [CodeSource.Item], inversion options: ImageInversionOptions, detail: ReportDetail
  ) throws -> [EditedCode?] {
    var codes = [EditedCode?](repeating: nil, count: items.count)
    var listed: [(index: Int, image: ListedImage)] = []
    for (index, item) in items.enumerated() {
      switch item.content {
      case .code(let code, let original):
        // Only looked at: what cannot be read is not shown.
        let picture = original.flatMap { try? PNG.read($0) }
        codes[index] = try edited(item, code: code, original: picture, detail: detail)
      case .image(let image): listed.append((index, image))
      }
      if Signals.isInterrupted { break }
    }
    if !listed.isEmpty {
      let inversion = try ImageInversion(
        model, options: options.refinement.options(domain: options.lambdaDomain), batch: memory.plan.batch,
        imageCount: listed.count, kernels: kernels, progress: progress)
      var pictures: [Int: Image8] = [:]
      try inversion(
        listed.map { items[$0.index].name },
        read: { number in
          let (index, image) = listed[number]
          let picture = try options.refinement.load(image, resolution: resolution)
          try output.writePNG(picture, "\(items[index].name)_ori.png")
          pictures[number] = picture
          return InversionInput(picture.planar(model.file.specification.pixelRange))
        },
        didFinish: { number, outcome in
          let (index, image) = listed[number]
          do {
            let result = try locating(image.path) { try outcome.get().result }
            let encoded = try picture(of: result.startCode, named: items[index].name).image
            try output.writePNG(encoded, "\(items[index].name)_enc.png")
            codes[index] = try edited(
              items[index], code: result.code, original: pictures.removeValue(forKey: number), detail: detail)
            codes[index]?.encoded = result.startCode
            codes[index]?.stop = (result.stopReason, result.history.count)
          } catch {
            try skip(image, error)
          }
        })
    }
    progress.clear()
    try writeResultFolder(codes.compactMap { $0 })
    if Signals.isInterrupted {
      let count = codes.lazy.compactMap { $0 }.count
      StandardStreams.printError(
        "idinv-lite: interrupted before the first edit; the codes of \(count) of \(items.count) images are in "
          + "\(output.folder): --from takes them up")
      throw ExitCode(Signals.exitCode)
    }
    guard codes.contains(where: { $0 != nil }) else { throw ExitCode(Status.badData.rawValue) }
    return codes
  }

  private func edited(
    _ item: CodeSource.Item, code: [Float], original: Image8?, detail: ReportDetail
  ) throws -> EditedCode {
    let inverted = try picture(of: code, named: item.name)
    try output.writePNG(inverted.image, "\(item.name)_inv.png")
    if let original, case .code = item.content { try output.writePNG(original, "\(item.name)_ori.png") }
    let isComparable = original?.width == resolution && original?.height == resolution
    return EditedCode(
      name: item.name, source: item.source, code: code,
      original: try original.map { try ReportImage($0, maximumSide: detail.side) },
      inverted: try ReportImage(inverted.image, maximumSide: detail.side),
      psnrDB: isComparable ? original.map { Metrics.psnr($0, inverted.image) } : nil, score: inverted.score,
      attributes: inverted.attributes)
  }

  private func writeResultFolder(_ codes: [EditedCode]) throws {
    guard !codes.isEmpty else { return }
    try write(codes.flatMap(\.code), shape: [codes.count], to: "inverted_codes.npy")
    if codes.allSatisfy({ $0.encoded != nil }) {
      try write(codes.flatMap { $0.encoded! }, shape: [codes.count], to: "encoded_codes.npy")
    }
    try ResultFolder.writeImageList(
      codes.map { ListedImage(path: $0.source, name: $0.name) }, to: output.path("image_list.txt"))
  }

  /// Writes an array of codes: [shape…, L, D].
  func write(_ codes: [Float], shape leading: [Int], to name: String) throws {
    try NumpyArray(shape: leading + [shape.layerCount, shape.dimension], floats: codes).write(to: output.path(name))
  }

  /// Pictures at the model's size, by their paths; one that cannot be used is left out.
  func pictures(of images: [ListedImage], _ options: RefinementOptions) throws -> [String: Image8] {
    var pictures: [String: Image8] = [:]
    for image in images where pictures[image.path] == nil && !skipped.contains(where: { $0.path == image.path }) {
      do {
        pictures[image.path] = try options.load(image, resolution: resolution)
      } catch {
        try skip(image, error)
      }
    }
    return pictures
  }

  /// Leaves an image out, and tells why at once.
  func skip(_ image: ListedImage, _ error: any Error) throws {
    skipped.append(try SkippedImage(image, error, progress))
  }

  // MARK: The end

  /// Facts of the run for a page.
  func facts(options: [(name: String, value: String)]) throws -> InversionReport.Run {
    var notes: [String] = []
    if Signals.isInterrupted { notes.append("This run was interrupted; what had been done by then is shown.") }
    if !skipped.isEmpty { notes.append("Skipped: \(skipped.map(\.reason).joined(separator: "; "))") }
    return try InversionReport.Run(
      model: model, kernels: kernels, seconds: seconds, options: options + memory.options,
      note: notes.joined(separator: " "))
  }

  var seconds: Double { began.duration(to: .now) / .seconds(1) }

  /// Writes `summary.json` and the page, says so, and ends the command with the right exit code.
  ///
  /// - Parameter line: for people: "7 pictures of 2 images".
  func finish(_ details: some Encodable, page: HTMLPage, named name: String, line: String) throws {
    progress.clear()
    let summary = EditingSummary(
      header: EditingSummary.Header(
        model: model.path, weights: model.file.metadata.precision.rawValue, compute: kernels.computeName(model),
        tier: kernels.table.tier.rawValue, threads: kernels.threadCount, complete: !Signals.isInterrupted,
        seconds: seconds, skipped: skipped, memory: memory.figures),
      details: details)
    try JSONOutput.write(summary, to: output.path("summary.json"))
    try page.write(to: output.path(name))
    try reporting.summarise(
      "\(line) in \(Figure.duration(seconds)); report: \(output.path(name))"
        + (Signals.isInterrupted ? " (interrupted)" : "")
    ) { summary }
    if Signals.isInterrupted { throw ExitCode(Signals.exitCode) }
    if !skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
  }
}

/// `summary.json` of an editing command: what all have, and what the command adds.
struct EditingSummary<Details: Encodable>: Encodable {
  struct Header: Encodable {
    var model: String
    var weights: String
    var compute: String
    var tier: String
    var threads: Int
    var version = IdinvLite.version
    var complete: Bool
    var seconds: Double
    var skipped: [SkippedImage]
    var memory: MemoryChoice.Figures?
  }
  var header: Header
  var details: Details

  func encode(to encoder: any Swift.Encoder) throws {
    try header.encode(to: encoder)
    try details.encode(to: encoder)
  }
}

/// One code in `summary.json`.
struct EditedCodeSummary: Encodable {
  var name: String
  var source: String
  var psnr_db: Double?
  var in_domain_mean_square: Float?
  var steps: Int?
  var stop_reason: String?

  init(_ code: EditedCode) {
    name = code.name
    source = code.source
    psnr_db = code.psnrDB
    in_domain_mean_square = code.score?.meanSquare
    steps = code.stop?.steps
    stop_reason = code.stop?.reason.rawValue
  }
}
