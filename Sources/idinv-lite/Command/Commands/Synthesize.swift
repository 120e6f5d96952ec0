import ArgumentParser
import Checkpoint
import Foundation
import Imaging
import Inversion
import Quant
import Reports
import Runtime
import Workflows

/// `idinv-lite synthesize`
struct Synthesize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make images from seeds or from codes.",
    discussion: """
      Examples:
        idinv-lite synthesize --seeds 0-9 -o samples
        idinv-lite synthesize --codes results/inverted_codes.npy -o images

      A seed gives the same z as in PyTorch on a CPU (torch.manual_seed(s); torch.randn(1, Z)), which is mapped and \
      truncated. Codes are arrays [N, L, D] as other commands write them. Writes NAME.png for each and codes.npy.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup var output: OutputOption
  @OptionGroup var reporting: ReportingOptions

  @Option(parsing: .unconditional, help: ArgumentHelp("Seeds, as in 0-9,42.", valueName: "list"))
  var seeds: String?

  @Option(help: ArgumentHelp("Codes [N, L, D] or [N, D].", valueName: "codes.npy"))
  var codes: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Truncation factor ψ instead of the model's; 1 for none.", valueName: "psi"))
  var truncation: Float?

  private struct Listing: Encodable {
    var images: [String]
    var memory: MemoryUse?
  }

  mutating func validate() throws {
    guard (seeds == nil) != (codes == nil) else { throw ValidationError("give either --seeds or --codes") }
    if truncation != nil && seeds == nil { throw ValidationError("--truncation acts on --seeds") }
    if let truncation, !truncation.isFinite { throw ValidationError("--truncation: expected a number") }
    if let seeds { _ = try IntegerList.seeds(seeds, option: "--seeds", limit: 10_000) }
  }

  func run() throws {
    try reporting {
      Signals.install()
      let loaded = try model.load()
      let kernels = try engine.kernels()
      let specification = try loaded.generator().specification
      let seeds = try self.seeds.map { try IntegerList.seeds($0, option: "--seeds", limit: 10_000) }
      var wPlus = try codes.map { try Codes.read($0, for: loaded) } ?? []
      let choice = try memory.limit.choose(
        loaded, networks: seeds == nil ? [.generator] : [.mapping, .truncation, .generator],
        codeCount: seeds?.count ?? 0, kernels: kernels)
      let model = choice.model
      var names: [String] = []
      if let seeds {
        let z = seeds.flatMap { seed in
          var random = TorchRandom(seed: UInt64(seed))
          return random.normals(specification.zDimension)
        }
        let w = try model.run(.mapping, on: z, count: seeds.count, kernels: kernels).values
        wPlus = try model.run(.truncation, on: w, count: seeds.count, kernels: kernels, psi: truncation).values
        names = seeds.map { "seed" + String(repeating: "0", count: max(0, 4 - "\($0)".count)) + "\($0)" }
      } else {
        let count = wPlus.count / (specification.layerCount * specification.wDimension)
        names = (0..<count).map { "code" + String(format: "%04d", $0) }
      }
      try output.folder.prepare()
      try output.folder.claim(
        by: "synthesize", names.map { "\($0).png" } + ["codes.npy"], inputs: [model.path] + (codes.map { [$0] } ?? []))
      try choice.announce(self.reporting)
      let context = self.reporting.context()
      let codeCount = wPlus.count / names.count
      let range = model.file.specification.pixelRange
      let runner = try NetworkRunner(.generator, of: model, batch: 1, kernels: kernels)
      for (index, name) in names.enumerated() {
        if Signals.cancellation.isCancelled { throw Cancelled() }
        let image = try runner(Array(wPlus[index * codeCount..<(index + 1) * codeCount]))
        guard image.allSatisfy(\.isFinite) else {
          throw Failure(
            .badData,
            "\(name): the generator's image is not finite; expected numbers: 'idinv-lite info --check' tells "
              + "whether \(model.path) is damaged")
        }
        try output.folder.writePNG(
          Image8(planar: image, height: specification.resolution, width: specification.resolution, range: range),
          "\(name).png")
        context.update(ProgressState(name: name, step: index + 1, stepCount: names.count))
      }
      context.pause()
      try model.file.verifyUnchanged()
      try NumpyArray(
        shape: [names.count, specification.layerCount, specification.wDimension], floats: wPlus
      ).write(to: output.folder.path("codes.npy"))
      try output.folder.finish()
      try self.reporting.summarise("\(names.count) image\(names.count == 1 ? "" : "s") in \(output.folder.root)") {
        Listing(images: names.map { "\($0).png" }, memory: choice.figures)
      }
    }
  }
}
