import Files
import ArgumentParser
import Checkpoint
import Foundation
import Inversion
import Quant
import Reports
import Runtime
import Workflows

extension SVMLoss: ExpressibleByArgument {}

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
      let scored = try samples.scored(
        model, judge: judge, name: name, memory: memory, kernels: kernels, reporting: reporting, context: context
      ) { names in
        try output.folder.claim(
          by: "boundary train", names.flatMap { ["\($0).npy", "\($0).json"] },
          inputs: [samples.codes, samples.scores, model?.path].compactMap { $0 } + learning.conditional)
      }
      context.pause()
      if Signals.cancellation.isCancelled { throw Cancelled() }
      try model?.file.verifyUnchanged()
      let training = try BoundaryTraining(codes: scored.codes, shape: scored.shape, kernels: kernels)
      let options = try learning.options(seed: samples.seed, shape: scored.shape)
      let checksum = model?.file.identity
      var records: [BoundaryRecord] = []
      for (index, attribute) in scored.attributes.enumerated() where !Signals.cancellation.isCancelled {
        context.update(ProgressState(name: attribute.name, step: index, stepCount: scored.attributes.count))
        let boundary = try locating(scored.source ?? "\(attribute.name)") {
          try training.train(attribute.name, scores: attribute.scores, options: options) {
            Signals.cancellation.isCancelled
          }
        }
        var record = BoundaryRecord(boundary, options: options, path: output.folder.path("\(attribute.name).npy"))
        record.model = model.map { PathText.lastComponent(of: $0.path) }
        record.model_identity = checksum
        record.judge = judge.map { PathText.lastComponent(of: $0.path) }
        if samples.codes == nil { record.seed = samples.seed }
        try write(boundary, record, isRepeated: scored.isRepeated)
        context.pause()
        if !reporting.quiet, !reporting.json { try StandardStreams.printOutput(record.line + "\n") }
        records.append(record)
      }
      context.pause()
      if reporting.json {
        try JSONOutput.print(
          Listing(boundaries: records, complete: !Signals.cancellation.isCancelled, memory: scored.memory?.figures))
      }
      if Signals.cancellation.isCancelled { throw Cancelled() }
    }
  }

  private func write(_ boundary: TrainedBoundary, _ record: BoundaryRecord, isRepeated: Bool) throws {
    let shape = boundary.shape
    try NumpyArray(
      shape: isRepeated ? [1, shape.dimension] : [1, shape.layerCount, shape.dimension], floats: boundary.normal
    ).write(to: output.folder.path("\(boundary.name).npy"))
    try JSONOutput.write(record, to: output.folder.path("\(boundary.name).json"))
  }
}

/// How a boundary is learnt.
struct LearningOptions: ParsableArguments {
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Layers to learn from and to move, as in 0-3,7.", valueName: "list"))
  var layers: String?

  @Flag(help: "Learn each layer separately, with a normal of length 1, like idinvert's published boundaries.")
  var perLayer = false

  @Option(help: ArgumentHelp("A boundary whose attribute should stay unchanged; repeatable.", valueName: "b.npy"))
  var conditional: [String] = []

  @Option(parsing: .unconditional, help: ArgumentHelp("Share of the samples taken on each side.", valueName: "share"))
  var ratio = 0.02

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Share of those for training; the others validate.", valueName: "share"))
  var split = 0.7

  @Option(parsing: .unconditional, help: ArgumentHelp("C: the cost of a sample on the wrong side.", valueName: "c"))
  var cost = 1.0

  @Option(help: "hinge (as the published boundaries) or squared-hinge.")
  var loss = SVMLoss.hinge

  mutating func validate() throws {
    guard ratio > 0, ratio <= 0.5 else {
      throw ValidationError("--ratio: expected more than 0, and at most 0.5, found \(ratio)")
    }
    guard split > 0, split < 1 else { throw ValidationError("--split: expected between 0 and 1, found \(split)") }
    guard cost > 0, cost.isFinite else { throw ValidationError("--cost: expected more than 0, found \(cost)") }
    if let layers { _ = try IntegerList(layers, option: "--layers", limit: 1000) }
  }

  func options(seed: UInt64, shape: CodeShape) throws -> BoundaryTraining.Options {
    var options = BoundaryTraining.Options()
    options.samples.ratio = ratio
    options.samples.trainingShare = split
    options.samples.seed = UInt64(seed)
    options.machine.cost = cost
    options.machine.loss = loss
    options.machine.seed = UInt64(seed)
    options.layers = try layers.map { try IntegerList($0, option: "--layers", limit: 1000).values }
    options.isPerLayer = perLayer
    options.conditions = try conditional.map { path in
      let file = try locating(path) { try BoundaryFile.read(path) }
      return try locating(path) {
        try SemanticBoundary(
          name: file.name, values: file.array.floats, shape: file.array.shape, layers: file.layers, of: shape)
      }
    }
    return options
  }
}
