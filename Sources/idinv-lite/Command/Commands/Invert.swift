import ArgumentParser
import Files
import Glibc
import Imaging
import Inversion
import Quant
import Reports
import Runtime
import Workflows

/// `idinv-lite invert`
struct Invert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find the codes of images: encode them, then refine the codes by domain-regularized optimization.",
    discussion: """
      Examples:
        idinv-lite invert photo.png -o results
        idinv-lite invert photos/ -o results --budget 5s --resume

      Writes NAME_ori.png, NAME_enc.png, NAME_inv.png (the image of the saved code), encoded_codes.npy and \
      inverted_codes.npy (float32, [N, L, D], row i for line i of image_list.txt), losses.jsonl, summary.json and \
      inversion.html.

      An image that cannot be read is skipped; the exit code is then 65, or 0 with --skip-bad. Ctrl-C saves the best codes so far. After \
      Ctrl-C, a kill or a power cut, --resume does the rest, with the same results as an uninterrupted run.
      """)

  @OptionGroup var images: ImageOptions
  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption

  @OptionGroup(title: "Optimization") var refinement: OptimizerOptions

  @OptionGroup var objective: ObjectiveOptions
  @OptionGroup var start: StartOptions
  @OptionGroup var work: InversionRunOptions

  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  func run() throws {
    try reporting(skipsBad: work.skipBad) {
      let began = ContinuousClock.now
      Signals.install()
      let model = try model.load()
      // A term needs its network; that it is missing is an error and not a silent change of the objective.
      _ = try model.generator()
      try objective.weights.requireNetworks(of: model)
      try refinement.check(model)
      let listed = try images.expand()
      let options = InversionOptions(
        iterations: refinement.iterationCount, optimizer: refinement.kind, learningRate: refinement.rate,
        weights: objective.weights, start: try start.code(model), startEncoder: try start.encoder(for: model),
        space: start.space, goals: refinement.goals, snapshotCount: work.snapshots)
      let kernels = try engine.kernels()
      try output.folder.prepare()
      try output.folder.claim(
        by: "invert", InversionRun.outputs(of: listed),
        inputs: [model.path] + start.inputs + images.images + listed.map(\.path),
        resumed: InversionRun.knownRun(in: output.folder, resumes: work.resume))
      let part = try work.shard.shard { getenv($0).map { String(cString: $0) } }
      var description = try RunDescription(model, options, optionList, kernels: kernels, list: listed, shard: part)
      if work.resume, try isFinished(description) { return }
      let choice = try InversionRun.chooseMemory(
        memory.limit, model, options, batch: work.batch,
        imageCount: Array(description.shard.lines(of: listed.count)).count,
        kernels: kernels)
      try choice.announce(reporting)
      // One w for all layers is far from what the encoder finds, whatever the picture.
      if start.space != .w { description.usualInDomain = try choice.model.usualInDomainScore(kernels: kernels) }
      let run = try InversionRun(
        InversionRun.Request(
          memory: choice, options: options, output: output.folder, resumes: work.resume,
          checkpointInterval: work.checkpointEvery),
        description, images: listed, kernels: kernels, began: began, context: reporting.context())
      let loader = images.loader.within(choice)
      try run.invert { try loader.load($0, resolution: description.resolution) }
      try reporting.finish(try run.finish(), output.folder, skipsBad: work.skipBad)
    }
  }

  /// Whether the folder already holds all results of this very run; says so.
  ///
  /// - Throws: where it holds all results of another one.
  private func isFinished(_ description: RunDescription) throws -> Bool {
    guard let finished = try description.finished(in: output.folder) else { return false }
    if reporting.json {
      try StandardStreams.printFile(finished.summary)
    } else if !reporting.quiet {
      let skipped =
        finished.skippedCount == 0
        ? "" : ", but for \(counted(finished.skippedCount, "image")) that could not be read (see summary.json)"
      try StandardStreams.printOutput(
        "\(output.folder.root): is complete\(skipped); without --resume all is done anew\n")
    }
    if finished.skippedCount > 0, !work.skipBad { throw ExitCode(Status.badData.rawValue) }
    return true
  }

  private var optionList: [RunDescription.Option] {
    let list =
      refinement.list + objective.list + start.list + [("--crop", images.crop.rawValue)] + objective.layersList
      + start.spaceList
    return list.map { RunDescription.Option(name: $0.name, value: $0.value) }
  }
}
