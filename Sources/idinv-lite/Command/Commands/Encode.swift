import ArgumentParser
import Checkpoint
import Imaging
import Inversion
import Quant
import Reports
import Runtime
import Workflows

/// `idinv-lite encode`
struct Encode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Encode images with the encoder alone, without refinement.",
    discussion: """
      Example: idinv-lite encode photos/ -o encoded

      Writes NAME_ori.png, NAME_enc.png, encoded_codes.npy [N, L, D] and image_list.txt. An image that cannot be read \
      is skipped; the exit code is then 65.
      """)

  @OptionGroup var images: ImageOptions
  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup var reporting: ReportingOptions

  func run() throws {
    try reporting {
      Signals.install()
      let model = try model.load()
      let kernels = try engine.kernels()
      let encoding = try EncodingRun(images: images.expand(), loader: images.loader, of: model)
      try output.folder.prepare()
      try output.folder.claim(
        by: "encode", encoding.outputs, inputs: [model.path] + images.images + encoding.images.map(\.path))
      let choice = try memory.limit.choose(
        model, networks: encoding.networks, codeCount: encoding.images.count, kernels: kernels)
      try choice.announce(self.reporting)
      let context = self.reporting.context()
      let outcome = try encoding(choice, into: output.folder, kernels: kernels, context)
      if !outcome.images.isEmpty {
        let count = outcome.images.count
        try self.reporting.summarize(
          "\(counted(count, "code")) in \(output.folder.path("encoded_codes.npy"))"
        ) { outcome }
      }
      try context.checkCancellation()
      if !outcome.skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }
}
