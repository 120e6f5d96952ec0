import ArgumentParser
import Foundation
import Imaging
import Inversion
import Reports
import Workflows

/// `idinv-lite diffuse`
struct Diffuse: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Paste a part of one image into another, and find a fitting whole (semantic diffusion).",
    discussion: """
      Example: idinv-lite diffuse --targets face.png --contexts crowd/ -o inserted

      Every target meets every context. The part is a square (by default the published one, 110 pixels around (125, \
      145) of 256, at the model's scale) or the bright pixels of --mask. The pasted image is inverted from its \
      encoder's code. Only pixel and perceptual terms within the part count, without the domain term.

      Writes TARGET_to_CONTEXT_ori.png (pasted), _enc.png and _inv.png, encoded_codes.npy and inverted_codes.npy \
      [pairs, L, D], image_list.txt, target_list.txt, context_list.txt, mask.png, losses.jsonl, diffusion.html and \
      summary.json.
      """)

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Images to take the part from: pictures, folders, .list files, or result folders, whose originals are taken.",
      valueName: "targets"))
  var targets: [String]

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Images to put it into, given in the same ways.", valueName: "contexts"))
  var contexts: [String]

  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption

  @Option(
    name: [.customShort("s"), .long], parsing: .unconditional,
    help: ArgumentHelp("Side of the square in the model's pixels.", valueName: "pixels"))
  var cropSize: Int?

  @Option(
    name: [.customShort("x"), .long], parsing: .unconditional,
    help: ArgumentHelp("Column of the square's center.", valueName: "pixels"))
  var centerX: Int?

  @Option(
    name: [.customShort("y"), .long], parsing: .unconditional,
    help: ArgumentHelp("Row of the square's center.", valueName: "pixels"))
  var centerY: Int?

  @Option(help: ArgumentHelp("A picture that is bright where the target should be visible.", valueName: "mask.png"))
  var mask: String?

  @OptionGroup(title: "Optimization") var refinement: RefinementOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    if mask != nil, cropSize != nil || centerX != nil || centerY != nil {
      throw ValidationError("give either --mask or --crop-size, --center-x and --center-y")
    }
    for (option, value) in [("--crop-size", cropSize), ("--center-x", centerX), ("--center-y", centerY)] {
      if let value, !(0...100_000).contains(value) || option == "--crop-size" && value == 0 {
        throw ValidationError("\(option): expected a number of pixels, found \(value)")
      }
    }
  }

  private struct Details: Encodable {
    struct Pair: Encodable {
      var name: String
      var target: String
      var context: String
      var steps: Int
      var stopped: Bool
      var stop_reason: String
      var seconds: Double
      /// Within the mask, result against target.
      var masked_psnr_db: Double
      var in_domain_mean_square: Double?
      var first_losses: Losses?
      var last_losses: Losses?
    }
    var objective: InversionSummary.Objective
    var mask_pixels: Int
    var pairs: [Pair]
  }

  private func mask(resolution: Int) throws -> DiffusionMask {
    if let mask {
      let picture = try PictureFile.read(mask)
      guard picture.width == resolution, picture.height == resolution else {
        throw Failure(
          .badData,
          "\(mask): expected a mask of the model's \(resolution)×\(resolution) pixels, found "
            + "\(picture.width)×\(picture.height)")
      }
      do { return try DiffusionMask(picture) } catch { throw Failure(.badData, "\(mask): \(error)") }
    }
    let published = DiffusionMask.publishedBox(resolution: resolution)
    return try DiffusionMask(
      resolution: resolution, size: cropSize ?? published.size, centerX: centerX ?? published.centerX,
      centerY: centerY ?? published.centerY)
  }

  func run() throws {
    try reporting {
      Signals.install()
      let model = try model.load()
      let resolution = try model.imageResolution()
      try refinement.optimiser.check(model)
      let mask = try mask(resolution: resolution)
      let listedTargets = try listImages(targets, tell: StandardStreams.tell)
      let listedContexts = try listImages(contexts, tell: StandardStreams.tell)
      let pairs = listedTargets.flatMap { target in listedContexts.map { (target: target, context: $0) } }
      let names = ImageList.uniqueNames(pairs.map { "\($0.target.name)_to_\($0.context.name).png" })
      try output.folder.prepare()
      var outputs = [
        "encoded_codes.npy", "inverted_codes.npy", "image_list.txt", "target_list.txt", "context_list.txt", "mask.png",
        "losses.jsonl", "summary.json", "diffusion.html",
      ]
      for name in names { outputs += ["\(name)_ori.png", "\(name)_enc.png", "\(name)_inv.png"] }
      var inputs = [model.path, self.mask ?? ""]
      inputs += targets
      inputs += contexts
      inputs += listedTargets.map(\.path)
      inputs += listedContexts.map(\.path)
      try output.folder.claim(by: "diffuse", outputs, inputs: inputs)

      let options = refinement.options(domain: 0)
      let planned = PlannedInversion(
        options, loader: refinement.loader, batch: refinement.batch, imageCount: pairs.count, isMasked: true)
      let run = try EditingRun(
        model: model, output: output, engine: engine, memory: memory, reporting: self.reporting, inversion: planned)
      let inversion = try ImageInversion(
        run.model, options: options, batch: run.memory.plan.batch, imageCount: pairs.count, isMasked: true,
        kernels: run.kernels, context: run.context)
      let detail = ReportDetail(imageCount: 2 * pairs.count, resolution: resolution, snapshotCount: 0)
      try output.folder.writePNG(mask.picture, "mask.png")
      let log = try LossLog(path: output.folder.path("losses.jsonl"))
      let pictures = try run.pictures(of: listedTargets + listedContexts, refinement.loader)
      let whole = pairs.indices.filter {
        pictures[pairs[$0].target.path] != nil && pictures[pairs[$0].context.path] != nil
      }
      var done: [Int: DiffusionReport.Entry] = [:]
      try inversion(
        whole.map { names[$0] },
        read: { number in
          let pair = pairs[whole[number]]
          let pasted = mask.paste(pictures[pair.target.path]!, onto: pictures[pair.context.path]!)
          try output.folder.writePNG(pasted, "\(names[whole[number]])_ori.png")
          return InversionInput(pasted.planar(model.file.specification.pixelRange), mask: mask.values)
        },
        didFinish: { number, outcome in
          let pair = pairs[whole[number]]
          let name = names[whole[number]]
          do {
            let entry = try entry(
              name, (pair.target, pictures[pair.target.path]!), (pair.context, pictures[pair.context.path]!), mask,
              outcome.get(), run, detail)
            try record(entry, in: log)
            done[number] = entry
          } catch {
            try run.skip(ListedImage(path: "\(name)_ori.png", name: name), error)
          }
        })
      let entries = whole.indices.compactMap { done[$0] }
      run.context.pause()
      guard !entries.isEmpty else {
        try run.context.checkCancellation()
        throw NothingDone()
      }
      try run.write(entries.flatMap(\.result.startCode), shape: [entries.count], to: "encoded_codes.npy")
      try run.write(entries.flatMap(\.result.code), shape: [entries.count], to: "inverted_codes.npy")
      try ResultFolder.writeImageList(
        entries.map { ListedImage(path: "\($0.name).png", name: $0.name) }, to: output.folder.path("image_list.txt"))
      try ResultFolder.writeImageList(listedTargets, to: output.folder.path("target_list.txt"))
      try ResultFolder.writeImageList(listedContexts, to: output.folder.path("context_list.txt"))
      let report = DiffusionReport(
        run: try run.facts(options: optionList), mask: try ReportImage(mask.picture, maximumSide: detail.side),
        entries: entries)
      try run.finish(
        details(entries, mask, try InversionSummary.Objective(options, of: model)), page: report.page(),
        named: "diffusion.html",
        line: "\(entries.count) diffusion\(entries.count == 1 ? "" : "s")", self.reporting)
    }
  }

  private func entry(
    _ name: String, _ target: (listed: ListedImage, picture: Image8), _ context: (listed: ListedImage, picture: Image8),
    _ mask: DiffusionMask, _ outcome: ImageInversion.Outcome, _ run: EditingRun, _ detail: ReportDetail
  ) throws -> DiffusionReport.Entry {
    let encoded = try run.picture(of: outcome.result.startCode, named: name)
    let diffused = try run.picture(of: outcome.result.code, named: name)
    try output.folder.writePNG(encoded.image, "\(name)_enc.png")
    try output.folder.writePNG(diffused.image, "\(name)_inv.png")
    func shown(_ image: Image8) throws -> ReportImage { try ReportImage(image, maximumSide: detail.side) }
    return DiffusionReport.Entry(
      name: name, targetName: target.listed.name, contextName: context.listed.name, targetSource: target.listed.path,
      contextSource: context.listed.path, target: try shown(target.picture), context: try shown(context.picture),
      pasted: try shown(mask.paste(target.picture, onto: context.picture)), encoded: try shown(encoded.image),
      diffused: try shown(diffused.image), result: outcome.result, seconds: outcome.seconds,
      maskedPSNRDB: mask.psnr(diffused.image, target.picture),
      encodedMaskedPSNRDB: mask.psnr(encoded.image, target.picture),
      inDomain: diffused.score.map { Double($0.meanSquare) })
  }

  private func record(_ entry: DiffusionReport.Entry, in log: LossLog) throws {
    let history = entry.result.history
    for (step, losses) in history.enumerated() {
      try log.append(
        LossLog.Record(
          image: entry.name, step: step + 1, pixel: Double(losses.pixel), perceptual: Double(losses.perceptual),
          domain: Double(losses.domain), total: Double(losses.total),
          seconds: entry.seconds * Double(step + 1) / Double(history.count)))
    }
    try log.flush()
  }

  private func details(
    _ entries: [DiffusionReport.Entry], _ mask: DiffusionMask, _ objective: InversionSummary.Objective
  ) -> Details {
    Details(
      objective: objective,
      mask_pixels: mask.isTarget.count { $0 },
      pairs: entries.map {
        Details.Pair(
          name: $0.name, target: $0.targetSource, context: $0.contextSource, steps: $0.result.history.count,
          stopped: $0.result.wasStopped, stop_reason: $0.result.stopReason.rawValue, seconds: $0.seconds,
          masked_psnr_db: $0.maskedPSNRDB,
          in_domain_mean_square: $0.inDomain, first_losses: $0.result.history.first,
          last_losses: $0.result.history.last)
      })
  }

  private var optionList: [(name: String, value: String)] {
    var list: [(name: String, value: String)] = []
    for (option, value) in [("--crop-size", cropSize), ("--center-x", centerX), ("--center-y", centerY)] {
      if let value { list.append((option, "\(value)")) }
    }
    if let mask { list.append(("--mask", mask)) }
    return list + refinement.list
  }
}
