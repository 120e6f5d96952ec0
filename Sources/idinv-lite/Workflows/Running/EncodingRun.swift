import Checkpoint
import Imaging
import Inversion
import Quant
import Reports
import Runtime

/// Codes of images by the domain-guided encoder, and what the generator makes of them, where there is one.
package struct EncodingRun {
  package let images: [ListedImage]
  private let loader: ImageLoader
  private let specification: EncoderSpecification
  private let hasGenerator: Bool
  /// Side of the images: the generator's. An encoder that reads another size reduces them by itself.
  private let side: Int

  /// What it comes to, as the command prints it.
  package struct Outcome: Encodable {
    /// Names of the images with a code, in the order of the codes.
    package var images: [String]
    package var skipped: [SkippedImage]
    package var memory: MemoryUse?
  }

  package init(images: [ListedImage], loader: ImageLoader, of model: Model) throws {
    self.images = images
    self.loader = loader
    specification = try model.encoder().specification
    side = try model.imageResolution()
    hasGenerator = model.file.specification.generator != nil
  }

  package var networks: [NetworkKind] { hasGenerator ? [.encoder, .generator] : [.encoder] }

  /// Names of all files that it writes.
  package var outputs: [String] {
    images.flatMap { ["\($0.name)_ori.png", "\($0.name)_enc.png"] } + ["encoded_codes.npy", "image_list.txt"]
  }

  /// Encodes image after image; where the run is cancelled, those so far are the result.
  package func callAsFunction(
    _ memory: MemoryChoice, into folder: OutputFolder, kernels: Kernels, _ context: RunContext
  ) throws -> Outcome {
    let model = memory.model
    let encoder = try NetworkRunner(.encoder, of: model, batch: 1, kernels: kernels)
    let generator = hasGenerator ? try NetworkRunner(.generator, of: model, batch: 1, kernels: kernels) : nil
    let loader = loader.within(memory)
    let range = model.file.specification.pixelRange
    var codes: [Float] = []
    var done: [ListedImage] = []
    var skipped: [SkippedImage] = []
    for (index, entry) in images.enumerated() where !context.isCancelled {
      do {
        let image = try loader.load(entry, resolution: side)
        let code = try encoder(image.picture.planar(range))
        guard code.allSatisfy(\.isFinite) else {
          throw Failure(
            .badData, at: entry.path,
            "the encoder's code is not finite; expected numbers: checking the model's file tells whether "
              + "\(model.path) is damaged")
        }
        try folder.writePNG(image.picture, "\(image.name)_ori.png")
        if let generator {
          try folder.writePNG(
            Image8(planar: try generator(code), height: side, width: side, range: range), "\(image.name)_enc.png")
        }
        codes += code
        done.append(entry)
      } catch {
        skipped.append(try context.skip(entry, error))
      }
      context.update(ProgressState(name: entry.name, step: index + 1, stepCount: images.count))
    }
    context.pause()
    if !done.isEmpty {
      try model.file.verifyUnchanged()
      try NumpyArray(shape: [done.count, specification.layerCount, specification.wDimension], floats: codes)
        .write(to: folder.path("encoded_codes.npy"))
      try ResultFolder.writeImageList(done, to: folder.path("image_list.txt"))
      try folder.finish()
    }
    return Outcome(images: done.map(\.name), skipped: skipped, memory: memory.figures)
  }
}
