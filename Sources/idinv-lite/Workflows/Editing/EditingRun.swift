import Checkpoint
import FoundationEssentials
import Glibc
import Imaging
import Inversion
import Quant
import Reports
import Runtime

/// A picture of a code.
package struct RenderedCode {
  package var image: Image8
  /// How far the code is outside of the generator's domain; nil without an encoder.
  package var score: InDomainScore?
  /// What the attribute network reads off the picture; empty without one.
  package var attributes: [Float]

  package init(image: Image8, score: InDomainScore? = nil, attributes: [Float]) {
    self.image = image
    self.score = score
    self.attributes = attributes
  }
}

/// What the editing commands share: the networks, the codes to edit, the pictures of codes, the results' places.
package final class EditingRun {
  package let model: Model
  package let shape: CodeShape
  package let resolution: Int
  package let kernels: Kernels
  package let output: OutputFolder
  package let context: RunContext
  package private(set) var skipped: [SkippedImage] = []
  /// How the run keeps to its memory.
  package let memory: MemoryChoice
  private let reconstruct: Reconstructor
  /// While pictures are inverted in lanes, which have all threads.
  private var renderBeside: Reconstructor?
  private let began = ContinuousClock.now

  /// - Parameter memory: the model, and how the run keeps to its memory.
  package init(_ memory: MemoryChoice, output: OutputFolder, kernels: Kernels, context: RunContext) throws {
    self.memory = memory
    self.output = output
    self.kernels = kernels
    self.context = context
    model = memory.model
    shape = try model.codeShape()
    resolution = try model.imageResolution()
    reconstruct = try Reconstructor(model, readsAttributes: true, kernels: kernels)
  }

  // MARK: Pictures of codes

  /// Names of what the attribute network reads; empty without one.
  package var attributeNames: [String] { model.file.specification.attributes?.names ?? [] }

  /// The picture of a code, and what the networks say of it.
  package func picture(of code: some Collection<Float>, named name: String) throws -> RenderedCode {
    let result = (renderBeside ?? reconstruct)(Array(code))
    try Failure.requireFinite(result.image, at: name)
    return RenderedCode(
      image: Image8(
        planar: result.image, height: resolution, width: resolution, range: model.file.specification.pixelRange),
      score: result.score, attributes: result.attributes)
  }

  /// Inverts pictures, of whose codes `picture` is asked meanwhile.
  func inverting(_ body: () throws -> Void) throws {
    let sideBySide = memory.plan.sideBySide
    if sideBySide.laneCount > 1 {
      let beside = sideBySide.renderer(model, kernels)
      renderBeside = try Reconstructor(beside.model, readsAttributes: true, kernels: beside.kernels)
    }
    defer { renderBeside = nil }
    try body()
  }

  // MARK: The codes to edit

  /// What `codes(of:)` writes.
  package static func names(of items: [CodeSource.Item]) -> [String] {
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
  package func codes(
    of items: [CodeSource.Item], inversion: PlannedInversion, detail: ReportDetail
  ) throws -> [EditedCode?] {
    var codes = [EditedCode?](repeating: nil, count: items.count)
    var listed: [(index: Int, image: ListedImage)] = []
    for (index, item) in items.enumerated() {
      switch item.content {
      case .code(let code, let original):
        // Only looked at: what cannot be read is not shown.
        let picture = original.flatMap { try? PictureFile.read($0) }
        codes[index] = try edited(item, code: code, original: picture, detail: detail)
      case .image(let image): listed.append((index, image))
      }
      if context.isCancelled { break }
    }
    if !listed.isEmpty {
      let invert = try ImageInversion(
        model, options: inversion.options, memory.plan.sideBySide, imageCount: listed.count, kernels: kernels,
        context: context)
      var pictures: [Int: Image8] = [:]
      try inverting {
        try invert(
          listed.map { items[$0.index].name },
          read: { number in
            let (index, image) = listed[number]
            let picture = try inversion.loader.within(memory).load(image, resolution: resolution).picture
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
    }
    context.pause()
    try writeResultFolder(codes.compactMap { $0 })
    if context.isCancelled {
      let count = codes.lazy.compactMap { $0 }.count
      throw Cancelled(
        "interrupted before the first edit; the codes of \(count) of \(items.count) images are in \(output.root): "
          + "a run from this folder takes them up", remedy: "from")
    }
    guard codes.contains(where: { $0 != nil }) else { throw NothingDone() }
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
  package func write(_ codes: [Float], shape leading: [Int], to name: String) throws {
    try NumpyArray(shape: leading + [shape.layerCount, shape.dimension], floats: codes).write(to: output.path(name))
  }

  /// Pictures at the model's size, by their paths; one that cannot be used is left out.
  package func pictures(of images: [ListedImage], _ loader: ImageLoader) throws -> [String: Image8] {
    var pictures: [String: Image8] = [:]
    for image in images where pictures[image.path] == nil && !skipped.contains(where: { $0.path == image.path }) {
      do {
        pictures[image.path] = try loader.load(image, resolution: resolution).picture
      } catch {
        try skip(image, error)
      }
    }
    return pictures
  }

  /// Leaves an image out, and tells why at once.
  package func skip(_ image: ListedImage, _ error: any Error) throws {
    skipped.append(try context.skip(image, error))
  }

  // MARK: The end

  /// Facts of the run for a page.
  package func facts(options: [(name: String, value: String)]) throws -> InversionReport.Run {
    var notes: [String] = []
    if context.isCancelled { notes.append("This run was interrupted; what had been done by then is shown.") }
    if !skipped.isEmpty { notes.append("Skipped: \(skipped.map(\.reason).joined(separator: "; "))") }
    return try InversionReport.Run(
      model: model, kernels: kernels, seconds: seconds, options: options + memory.options,
      note: notes.joined(separator: " "))
  }

  package var seconds: Double { began.duration(to: .now) / .seconds(1) }

  /// Writes `summary.json` and the page.
  ///
  /// - Parameter line: for people: "7 pictures of 2 images".
  package func finish(_ details: some Encodable, page: HTMLPage, named name: String, line: String) throws
    -> EditingOutcome
  {
    context.pause()
    let summary = EditingSummary(
      header: EditingHeader(
        model: model.path, weights: model.file.metadata.precision.rawValue, compute: kernels.computeName(model),
        tier: kernels.table.tier.rawValue, threads: kernels.threadCount, complete: !context.isCancelled,
        seconds: seconds, skipped: skipped, memory: memory.figures),
      details: details)
    try model.file.verifyUnchanged()
    try JSONOutput.write(summary, to: output.path("summary.json"))
    try page.write(to: output.path(name))
    try output.finish()
    return EditingOutcome(
      line: line, page: output.path(name), summary: summary, seconds: seconds, isComplete: !context.isCancelled,
      skippedCount: skipped.count)
  }
}

/// What a run of an editing command comes to.
package struct EditingOutcome {
  /// What was made, for people: "7 pictures of 2 images".
  package var line: String
  package var page: String
  /// What `summary.json` holds.
  package var summary: any Encodable
  package var seconds: Double
  /// Whether it was not ended early.
  package var isComplete: Bool
  package var skippedCount: Int
}

/// What the summaries of all editing commands say.
package struct EditingHeader: Encodable {
  package var model: String
  package var weights: String
  package var compute: String
  package var tier: String
  package var threads: Int
  package var version = Program.version
  package var complete: Bool
  package var seconds: Double
  package var skipped: [SkippedImage]
  package var memory: MemoryUse?
}

/// `summary.json` of an editing command: what all have, and what the command adds.
package struct EditingSummary<Details: Encodable>: Encodable {
  package var header: EditingHeader
  package var details: Details

  package func encode(to encoder: any Swift.Encoder) throws {
    try header.encode(to: encoder)
    try details.encode(to: encoder)
  }
}

/// One code in `summary.json`.
package struct EditedCodeSummary: Encodable {
  package var name: String
  package var source: String
  package var psnr_db: Double?
  package var in_domain_mean_square: Float?
  package var steps: Int?
  package var stop_reason: String?

  package init(_ code: EditedCode) {
    name = code.name
    source = code.source
    psnr_db = code.psnrDB
    in_domain_mean_square = code.score?.meanSquare
    steps = code.stop?.steps
    stop_reason = code.stop?.reason.rawValue
  }
}
