import ArgumentParser
import Imaging
import Inversion
import Reports
import Workflows

/// `idinv-lite diffuse`
struct Diffuse: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Paste a part of one image into another, and find a fitting whole (semantic diffusion).",
    discussion: """
      Example: idinv-lite diffuse --targets face.png --contexts crowd/ -o inserted

      Every target meets every context. The part is a square (by default the published one, 110 pixels around (125, \
      145) of 256, at the model's scale) or the bright pixels of --mask. The pasted image is inverted from its \
      encoder's code. Only pixel and perceptual terms within the part count, without the domain term.

      Writes TARGET_to_CONTEXT_ori.png (pasted), _enc.png and _inv.png, encoded_codes.npy and inverted_codes.npy \
      [pairs, L, D], image_list.txt, target_list.txt, context_list.txt, mask.png, losses.jsonl, diffusion.html and \
      summary.json.
      """)

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Images to take the part from: pictures, folders, .list files, or result folders, whose originals are taken.",
      valueName: "targets"))
  var targets: [String]

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Images to put it into, given in the same ways.", valueName: "contexts"))
  var contexts: [String]

  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption

  @Option(
    name: [.customShort("s"), .long], parsing: .unconditional,
    help: ArgumentHelp("Side of the square in the model's pixels.", valueName: "pixels"))
  var cropSize: Int?

  @Option(
    name: [.customShort("x"), .long], parsing: .unconditional,
    help: ArgumentHelp("Column of the square's center.", valueName: "pixels"))
  var centerX: Int?

  @Option(
    name: [.customShort("y"), .long], parsing: .unconditional,
    help: ArgumentHelp("Row of the square's center.", valueName: "pixels"))
  var centerY: Int?

  @Option(help: ArgumentHelp("A picture that is bright where the target should be visible.", valueName: "mask.png"))
  var mask: String?

  @OptionGroup(title: "Optimization") var refinement: RefinementOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    if mask != nil, cropSize != nil || centerX != nil || centerY != nil {
      throw ValidationError("give either --mask or --crop-size, --center-x and --center-y")
    }
    for (option, value) in [("--crop-size", cropSize), ("--center-x", centerX), ("--center-y", centerY)] {
      if let value, !(0...100_000).contains(value) || option == "--crop-size" && value == 0 {
        throw ValidationError("\(option): expected a number of pixels, found \(value)")
      }
    }
  }

  private func mask(resolution: Int) throws -> DiffusionMask {
    if let mask {
      let picture = try PictureFile.read(mask)
      guard picture.width == resolution, picture.height == resolution else {
        throw Failure(
          .badData, at: mask,
          "expected a mask of the model's \(resolution)×\(resolution) pixels, found "
            + "\(picture.width)×\(picture.height)")
      }
      do { return try DiffusionMask(picture) } catch { throw Failure(.badData, at: mask, "\(error)") }
    }
    let published = DiffusionMask.publishedBox(resolution: resolution)
    return try DiffusionMask(
      resolution: resolution, size: cropSize ?? published.size, centerX: centerX ?? published.centerX,
      centerY: centerY ?? published.centerY)
  }

  func run() throws {
    try reporting {
      Signals.install()
      let model = try model.load()
      let resolution = try model.imageResolution()
      try refinement.optimizer.check(model)
      let mask = try mask(resolution: resolution)
      let listedTargets = try listImages(targets, tell: StandardStreams.tell)
      let listedContexts = try listImages(contexts, tell: StandardStreams.tell)
      let diffusion = DiffusionRun(targets: listedTargets, contexts: listedContexts, mask: mask)
      try output.folder.prepare()
      var inputs = [model.path, self.mask ?? ""]
      inputs += targets
      inputs += contexts
      inputs += listedTargets.map(\.path)
      inputs += listedContexts.map(\.path)
      try output.folder.claim(by: "diffuse", diffusion.outputs, inputs: inputs)
      let planned = PlannedInversion(
        refinement.options(domain: 0), loader: refinement.loader, batch: refinement.batch,
        imageCount: diffusion.pairCount, isMasked: true)
      let run = try EditingRun(
        model: model, output: output, engine: engine, memory: memory, reporting: self.reporting, inversion: planned)
      try self.reporting.finish(diffusion(in: run, inversion: planned, options: optionList))
    }
  }

  private var optionList: [(name: String, value: String)] {
    var list: [(name: String, value: String)] = []
    for (option, value) in [("--crop-size", cropSize), ("--center-x", centerX), ("--center-y", centerY)] {
      if let value { list.append((option, "\(value)")) }
    }
    if let mask { list.append(("--mask", mask)) }
    return list + refinement.list
  }
}
