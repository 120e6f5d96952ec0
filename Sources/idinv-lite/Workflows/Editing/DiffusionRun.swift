import Imaging
import Inversion
import Reports

/// A part of each target, and around it what fits each context: semantic diffusion by masked in-domain inversion.
package struct DiffusionRun {
  package let targets: [ListedImage]
  package let contexts: [ListedImage]
  package let mask: DiffusionMask
  private let pairs: [(target: ListedImage, context: ListedImage)]
  private let names: [String]

  package init(targets: [ListedImage], contexts: [ListedImage], mask: DiffusionMask) {
    self.targets = targets
    self.contexts = contexts
    self.mask = mask
    let pairs = targets.flatMap { target in contexts.map { (target: target, context: $0) } }
    self.pairs = pairs
    names = ImageList.uniqueNames(pairs.map { "\($0.target.name)_to_\($0.context.name).png" })
  }

  package var pairCount: Int { pairs.count }

  /// Names of all files that it writes.
  package var outputs: [String] {
    var result = [
      "encoded_codes.npy", "inverted_codes.npy", "image_list.txt", "target_list.txt", "context_list.txt", "mask.png",
      "losses.jsonl", "summary.json", "diffusion.html",
    ]
    for name in names { result += ["\(name)_ori.png", "\(name)_enc.png", "\(name)_inv.png"] }
    return result
  }

  /// - Parameter options: as the page lists them.
  package func callAsFunction(
    in run: EditingRun, inversion: PlannedInversion, options: [(name: String, value: String)]
  ) throws -> EditingOutcome {
    let detail = ReportDetail(imageCount: 2 * pairs.count, resolution: run.resolution, snapshotCount: 0)
    let entries = try invert(in: run, inversion, detail)
    run.context.pause()
    guard !entries.isEmpty else {
      try run.context.checkCancellation()
      throw NothingDone()
    }
    try run.write(entries.flatMap(\.result.startCode), shape: [entries.count], to: "encoded_codes.npy")
    try run.write(entries.flatMap(\.result.code), shape: [entries.count], to: "inverted_codes.npy")
    try ResultFolder.writeImageList(
      entries.map { ListedImage(path: "\($0.name).png", name: $0.name) }, to: run.output.path("image_list.txt"))
    try ResultFolder.writeImageList(targets, to: run.output.path("target_list.txt"))
    try ResultFolder.writeImageList(contexts, to: run.output.path("context_list.txt"))
    let report = DiffusionReport(
      run: try run.facts(options: options), mask: try ReportImage(mask.picture, maximumSide: detail.side),
      entries: entries)
    return try run.finish(
      details(entries, try InversionSummary.Objective(inversion.options, of: run.model)), page: report.page(),
      named: "diffusion.html", line: "\(counted(entries.count, "diffusion"))")
  }

  /// The diffusions that succeed, in the order of the pairs.
  private func invert(
    in run: EditingRun, _ inversion: PlannedInversion, _ detail: ReportDetail
  ) throws -> [DiffusionReport.Entry] {
    let invert = try ImageInversion(
      run.model, options: inversion.options, run.memory.plan.sideBySide, imageCount: pairs.count, isMasked: true,
      kernels: run.kernels, context: run.context)
    try run.output.writePNG(mask.picture, "mask.png")
    let log = try LossLog(path: run.output.path("losses.jsonl"))
    let pictures = try run.pictures(of: targets + contexts, inversion.loader)
    let whole = pairs.indices.filter {
      pictures[pairs[$0].target.path] != nil && pictures[pairs[$0].context.path] != nil
    }
    var done: [Int: DiffusionReport.Entry] = [:]
    try run.inverting {
      try invert(
        whole.map { names[$0] },
        read: { number in
          let pair = pairs[whole[number]]
          let pasted = mask.paste(pictures[pair.target.path]!, onto: pictures[pair.context.path]!)
          try run.output.writePNG(pasted, "\(names[whole[number]])_ori.png")
          return InversionInput(pasted.planar(run.model.file.specification.pixelRange), mask: mask.values)
        },
        didFinish: { number, outcome in
          let pair = pairs[whole[number]]
          let name = names[whole[number]]
          do {
            let found = try outcome.get()
            let entry = try entry(
              name, (pair.target, pictures[pair.target.path]!), (pair.context, pictures[pair.context.path]!), found,
              run, detail)
            try record(entry, found.stepSeconds, in: log)
            done[number] = entry
          } catch {
            try run.skip(ListedImage(path: "\(name)_ori.png", name: name), error)
          }
        })
    }
    return whole.indices.compactMap { done[$0] }
  }

  private func entry(
    _ name: String, _ target: (listed: ListedImage, picture: Image8), _ context: (listed: ListedImage, picture: Image8),
    _ outcome: ImageInversion.Outcome, _ run: EditingRun, _ detail: ReportDetail
  ) throws -> DiffusionReport.Entry {
    let encoded = try run.picture(of: outcome.result.startCode, named: name)
    let diffused = try run.picture(of: outcome.result.code, named: name)
    try run.output.writePNG(encoded.image, "\(name)_enc.png")
    try run.output.writePNG(diffused.image, "\(name)_inv.png")
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

  private func record(_ entry: DiffusionReport.Entry, _ stepSeconds: [Double], in log: LossLog) throws {
    for (step, losses) in entry.result.history.enumerated() {
      try log.append(
        LossLog.Record(
          image: entry.name, step: step + 1, pixel: Double(losses.pixel), perceptual: Double(losses.perceptual),
          domain: Double(losses.domain), total: Double(losses.total),
          seconds: stepSeconds[step]))
    }
    try log.flush()
  }

  private func details(
    _ entries: [DiffusionReport.Entry], _ objective: InversionSummary.Objective
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
}
