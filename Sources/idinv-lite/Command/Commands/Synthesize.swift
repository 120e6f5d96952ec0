import ArgumentParser
import Checkpoint
import Glibc
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

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seeds, as in 0-9,42.", valueName: "list"), transform: SeedList.init)
  var seeds: SeedList?

  @Option(help: ArgumentHelp("Codes [N, L, D] or [N, D].", valueName: "codes.npy"))
  var codes: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Truncation factor ψ instead of the model's; 1 for none.", valueName: "psi"))
  var truncation: Float?

  mutating func validate() throws {
    guard (seeds == nil) != (codes == nil) else { throw ValidationError("give either --seeds or --codes") }
    if truncation != nil && seeds == nil { throw ValidationError("--truncation acts on --seeds") }
    if let truncation, !truncation.isFinite { throw ValidationError("--truncation: expected a number") }
  }

  func run() throws {
    try reporting {
      Signals.install()
      let loaded = try model.load()
      let kernels = try engine.kernels()
      let source: SynthesisRun.Source =
        if let seeds {
          .seeds(seeds.values, psi: truncation)
        } else {
          .codes(try Codes.read(codes ?? "", for: loaded))
        }
      let synthesis = try SynthesisRun(source, of: loaded)
      let choice = try memory.limit.choose(
        loaded, networks: synthesis.networks, codeCount: synthesis.drawnCount, kernels: kernels)
      try output.folder.prepare()
      try output.folder.claim(by: "synthesize", synthesis.outputs, inputs: [loaded.path] + (codes.map { [$0] } ?? []))
      try choice.announce(self.reporting)
      let outcome = try synthesis(choice, into: output.folder, kernels: kernels, self.reporting.context())
      try self.reporting.summarize("\(counted(outcome.images.count, "image")) in \(output.folder.root)") { outcome }
    }
  }
}
