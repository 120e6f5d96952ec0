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

  private struct Listing: Encodable {
    var images: [String]
    var skipped: [SkippedImage]
    var memory: MemoryUse?
  }

  func run() throws {
    try reporting {
      Signals.install()
      let model = try model.load()
      let kernels = try engine.kernels()
      let listed = try images.expand()
      let specification = try model.encoder().specification
      let range = model.file.specification.pixelRange
      try output.folder.prepare()
      try output.folder.claim(
        by: "encode",
        listed.flatMap { ["\($0.name)_ori.png", "\($0.name)_enc.png"] } + ["encoded_codes.npy", "image_list.txt"],
        inputs: [model.path] + images.images + listed.map(\.path))
      let choice = try memory.limit.choose(
        model, networks: model.file.specification.generator == nil ? [.encoder] : [.encoder, .generator],
        codeCount: listed.count, kernels: kernels)
      try choice.announce(self.reporting)
      let encoder = try NetworkRunner(.encoder, of: choice.model, batch: 1, kernels: kernels)
      let generator =
        model.file.specification.generator == nil
        ? nil : try NetworkRunner(.generator, of: choice.model, batch: 1, kernels: kernels)
      let context = self.reporting.context()
      var codes: [Float] = []
      var done: [ListedImage] = []
      var skipped: [SkippedImage] = []
      for (index, entry) in listed.enumerated() {
        if Signals.cancellation.isCancelled { break }
        do {
          let image = try images.loader.within(choice).load(entry, resolution: specification.resolution)
          let code = try encoder(image.picture.planar(range))
          guard code.allSatisfy(\.isFinite) else {
            throw Failure(
              .badData,
              "\(entry.path): the encoder's code is not finite; expected numbers: 'idinv-lite info --check' "
                + "tells whether \(model.path) is damaged")
          }
          try output.folder.writePNG(image.picture, "\(image.name)_ori.png")
          if let generator {
            let side = specification.resolution
            try output.folder.writePNG(
              Image8(planar: try generator(code), height: side, width: side, range: range), "\(image.name)_enc.png")
          }
          codes += code
          done.append(entry)
        } catch {
          skipped.append(try context.skip(entry, error))
        }
        context.update(ProgressState(name: entry.name, step: index + 1, stepCount: listed.count))
      }
      context.pause()
      if !done.isEmpty {
        try model.file.verifyUnchanged()
        try NumpyArray(
          shape: [done.count, specification.layerCount, specification.wDimension], floats: codes
        ).write(to: output.folder.path("encoded_codes.npy"))
        try ResultFolder.writeImageList(done, to: output.folder.path("image_list.txt"))
        try output.folder.finish()
        try self.reporting.summarise(
          "\(done.count) code\(done.count == 1 ? "" : "s") in \(output.folder.path("encoded_codes.npy"))"
        ) { Listing(images: done.map(\.name), skipped: skipped, memory: choice.figures) }
      }
      if Signals.cancellation.isCancelled { throw Cancelled() }
      if !skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }
}
