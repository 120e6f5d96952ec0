import ArgumentParser
import Quant
import Reports
import Workflows

/// `idinv-lite boundary train`
struct BoundaryTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Learn the boundary of an attribute from codes and scores.",
    discussion: """
      Examples:
        idinv-lite boundary train --attribute smile,glasses -o boundaries
        idinv-lite boundary train --codes codes.npy --scores scores.npy -o boundaries

      With --attribute, samples are drawn once, and a judge, or the model's attribute network, scores them. The samples with the \
      highest and the lowest scores train a linear support vector machine with soft margin (hinge loss, like the \
      published boundaries). Writes NAME.npy, the unit normal [1, L, D], and NAME.json, which describes it. A larger \
      α means more of the attribute.
      """)

  @OptionGroup(title: "Samples") var samples: SampleOptions
  @OptionGroup(title: "Training") var learning: LearningOptions
  @OptionGroup var output: OutputOption

  @Option(
    help: ArgumentHelp(
      "Name of the boundary. Default: the attribute's, or that of the file of scores.", valueName: "name"))
  var name: String?

  @OptionGroup var model: ModelOption
  @OptionGroup var judge: JudgeOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    if let name {
      guard AttributeNetworkSpecification.isValidName(name) else {
        throw ValidationError("--name: expected letters, digits, '_', '-' and '.', found '\(name)'")
      }
      guard samples.scores != nil else { throw ValidationError("--name goes with --scores; attributes have names") }
    }
  }

  private struct Listing: Encodable {
    var boundaries: [BoundaryRecord]
    var complete: Bool
    var memory: MemoryUse?
  }

  func run() throws {
    try reporting {
      Signals.install()
      let kernels = try engine.kernels()
      let model = try samples.needsModel || model.model != nil ? model.load() : nil
      let context = reporting.context()
      try output.folder.prepare()
      let judge = try model.flatMap { samples.codes == nil ? try self.judge.load(for: $0) : nil }
      let found = try samples.take(
        model, judge: judge, name: name,
        draw: { drawn in
          let choice = try drawn.choose(memory.limit, kernels)
          try choice.announce(reporting)
          return try drawn.draw(choice, keepingIn: samples.keepSamples, kernels, context)
        },
        check: { names in
          try output.folder.claim(
            by: "boundary train", names.flatMap { ["\($0).npy", "\($0).json"] },
            inputs: [samples.codes, samples.scores, model?.path].compactMap { $0 } + learning.conditions)
        })
      let run = BoundaryTrainingRun(
        found, options: try learning.options(seed: samples.seed, shape: found.shape), model: model, judge: judge,
        seed: samples.codes == nil ? samples.seed : nil)
      let records = try run(into: output.folder, kernels: kernels, context) { record in
        if !reporting.quiet, !reporting.json { try StandardStreams.printOutput(record.line + "\n") }
      }
      if reporting.json {
        try JSONOutput.print(
          Listing(boundaries: records, complete: !Signals.cancellation.isCancelled, memory: found.memory?.figures))
      }
      if Signals.cancellation.isCancelled { throw Cancelled() }
    }
  }
}
