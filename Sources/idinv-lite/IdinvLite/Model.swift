import Imaging
import Inversion
import Quant
import Runtime
import SIMDKernels

/// The networks of a model file, ready to compute.
///
/// Opening maps the file and compares each tensor with its checksum; weights are packed on first use.
///
/// A model may be used from any thread. Calls on one model take turns, because its networks share one block of memory;
/// calls on different models run at the same time. A progress handler may call the model again, for a preview.
///
/// `@unchecked Sendable`: `turn` guards `engine`.
public final class Model: @unchecked Sendable {
  public let info: ModelInfo
  public let options: EngineOptions
  let turn = Turn()
  private let engine: Engine

  /// Opens a model file.
  ///
  /// - Throws: `.missingFile`, `.inputOutput`, `.badData` where the file is damaged, `.unavailable` where this processor
  ///   lacks the arithmetic, `.invalidArgument`.
  public init(path: String, options: EngineOptions = EngineOptions()) throws(IdinvError) {
    let kernels = try options.kernels()
    self.options = options
    (info, engine) = try IdinvError.wrapping(path: path) {
      let model = try Inversion.Model(path: path)
      return (try ModelInfo(model), Engine(model, kernels: kernels, memoryBudget: options.memoryBudget))
    }
  }

  /// The form of the model's codes.
  ///
  /// - Throws: `.badData` without a generator.
  func codeShape() throws(IdinvError) -> CodeShape {
    try IdinvError.wrapping { try engine.file.codeShape() }
  }

  /// Runs `body` with the engine, when this thread's turn has come.
  func computing<Value>(_ body: (Engine) throws -> Value) throws(IdinvError) -> Value {
    try turn { try body(engine) }
  }

  // MARK: Codes and images

  /// Reads a picture file and fits it to the model, as the command does: in the memory of the result, and for large JPEG files
  /// with other roundings than reading all of it first.
  ///
  /// - Parameter crop: what to do with a picture that is not square.
  /// - Throws: `.missingFile`, `.inputOutput`, `.badData`.
  public func image(contentsOf path: String, crop: Image.Crop = .none) throws(IdinvError) -> Image {
    try IdinvError.wrapping(path: path) {
      Image(
        try PictureFile(path, limits: .ofThisMachine)
          .fitted(to: info.resolution, crop: CropRule(rawValue: crop.rawValue) ?? .none))
    }
  }

  /// The codes that the domain-guided encoder makes of images, without refinement.
  ///
  /// - Parameter crop: what to do with images that are not square.
  /// - Returns: [N, L, D].
  /// - Throws: `.badData` without an encoder; `.badData` for an image that is not square; `.cancelled` where the
  ///   surrounding task is.
  public func encode(_ images: [Image], crop: Image.Crop = .none) throws(IdinvError) -> Codes {
    try computing { engine in
      let encoder = try engine.runner(.encoder)
      var values: [Float] = []
      for (index, image) in images.enumerated() {
        try Self.checkCancellation()
        let picture = try image.fitted(to: info.resolution, crop: crop, name: "image \(index)")
        values += try encoder(picture.planar(engine.pixelRange))
      }
      return try Codes(values, layerCount: info.layerCount, dimension: info.dimension)
    }
  }

  /// The images of codes.
  ///
  /// - Throws: `.badData` without a generator; `.invalidArgument` for codes of another model; `.badData` where an image
  ///   is not finite; `.cancelled` where the surrounding task is.
  public func synthesize(_ codes: Codes) throws(IdinvError) -> [Image] {
    try codes.requireShape(codeShape(), "codes")
    return try computing { engine in
      let generator = try engine.runner(.generator)
      return try (0..<codes.count).map { index in
        try Self.checkCancellation()
        let values = try generator(Array(codes.values(of: index)))
        guard values.allSatisfy(\.isFinite) else {
          throw IdinvError(
            .badData, "code \(index): its image is not finite; expected a code nearer to those of images")
        }
        return Image(
          Image8(planar: values, height: info.resolution, width: info.resolution, range: engine.pixelRange))
      }
    }
  }

  /// Random codes: z of each seed as `torch.manual_seed(seed); torch.randn(1, Z)` draws it on a CPU, mapped and truncated.
  ///
  /// - Parameter truncation: ψ in place of the model's; 1 for none.
  /// - Returns: [N, L, D], one for each seed.
  /// - Throws: `.badData` without a generator.
  public func sample(seeds: [UInt32], truncation: Float? = nil) throws(IdinvError) -> Codes {
    let shape = try codeShape()
    if let truncation, !truncation.isFinite {
      throw IdinvError(.invalidArgument, "truncation: expected a number, found \(truncation)")
    }
    guard !seeds.isEmpty else { return Codes([], shape: shape) }
    return try computing { engine in
      let latents = seeds.flatMap { seed in
        var random = TorchRandom(seed: seed)
        return random.normals(info.latentDimension)
      }
      let w = try engine.model.run(.mapping, on: latents, count: seeds.count, kernels: engine.kernels).values
      return Codes(
        try engine.model.run(.truncation, on: w, count: seeds.count, kernels: engine.kernels, psi: truncation).values,
        shape: shape)
    }
  }

  /// The generator's mean code, [1, L, D].
  ///
  /// - Throws: `.badData` without a generator.
  public func meanCode() throws(IdinvError) -> Codes {
    let shape = try codeShape()
    return try IdinvError.wrapping { Codes(try engine.file.generator().meanCode, shape: shape) }
  }

  static func checkCancellation() throws(IdinvError) {
    if Task.isCancelled { throw IdinvError(.cancelled, "the task was cancelled") }
  }
}
