import ArgumentParser
import Checkpoint
import Imaging
import Inversion
import Quant
import Runtime

/// `idinv-lite encode`
struct Encode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Encode images with the domain-guided encoder, without refinement.",
    discussion: "Writes NAME_ori.png, NAME_enc.png, encoded_codes.npy [N, L, D] and image_list.txt.")

  @OptionGroup var images: ImageOptions
  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputFolder
  @OptionGroup var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  func run() throws {
    try reporting {
      let model = try model.load()
      let kernels = try engine.kernels()
      let listed = try images.expand()
      let specification = try model.encoder().specification
      let range = model.file.specification.pixelRange
      try output.prepare()
      let encoder = try NetworkRunner(.encoder, of: model, batch: 1, kernels: kernels)
      let generator = try? NetworkRunner(.generator, of: model, batch: 1, kernels: kernels)
      let progress = ProgressBar(isQuiet: self.reporting.quiet)
      var codes: [Float] = []
      for (index, entry) in listed.enumerated() {
        if Signals.isInterrupted { throw ExitCode(Signals.exitCode) }
        let image = try images.load(entry, resolution: specification.resolution)
        let code = try encoder(image.picture.planar(range))
        codes += code
        try output.writePNG(image.picture, "\(image.name)_ori.png")
        if let generator {
          let side = specification.resolution
          try output.writePNG(
            Image8(planar: try generator(code), height: side, width: side, range: range), "\(image.name)_enc.png")
        }
        progress.update(ProgressState(name: image.name, step: index + 1, stepCount: listed.count))
      }
      progress.clear()
      try NumpyArray(
        shape: [listed.count, specification.layerCount, specification.wDimension], floats: codes
      ).write(to: output.path("encoded_codes.npy"))
      try ResultFolder.writeImageList(listed, to: output.path("image_list.txt"))
      try self.reporting.summarise("\(listed.count) code\(listed.count == 1 ? "" : "s") in \(output.path("encoded_codes.npy"))") {
        ["images": listed.map(\.name)]
      }
    }
  }
}
