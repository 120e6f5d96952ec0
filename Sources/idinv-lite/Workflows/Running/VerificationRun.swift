import Checkpoint
import Files
import Inversion
import Quant
import SIMDKernels

/// A model file against the checkpoints that it was made of.
package struct VerificationRun {
  /// What it found.
  package struct Outcome {
    package var comparison: ModelComparison
    /// How the file stores weights.
    package var precision: String
    /// Checkpoints that are, by their digest, not those that the model was made of.
    package var strangers: [String]
  }

  private let model: String
  private let checkpoints: [String]
  private var options: ConversionOptions

  /// - Parameters:
  ///   - model: path of the file.
  ///   - checkpoints: paths in any order; what each holds is recognized.
  ///   - options: what the checkpoints do not record.
  package init(_ model: String, against checkpoints: [String], options: ConversionOptions) {
    self.model = model
    self.checkpoints = checkpoints
    self.options = options
  }

  /// - Throws: `Failure` where checkpoints are missing, twice there, or of another architecture; `Cancelled`; what reading throws.
  package func callAsFunction(_ kernels: Kernels, _ context: RunContext) throws -> Outcome {
    try Model.requireModelFile(model)
    let file = try locating(model) { try ModelFile(path: model) }
    try locating(model) { try file.verifyChecksums() }
    var plan = Conversion(options: options)
    plan.options.pixelMinimum = file.specification.pixelMinimum
    plan.options.pixelMaximum = file.specification.pixelMaximum
    plan.checkpoints = try recognized()
    let (reference, sources) = try convert(plan, context)
    try checkArchitecture(of: file, plan, reference)
    let comparison = try locating(model) {
      try ModelComparison(Model(file: file, path: model), reference: reference, kernels: kernels)
    }
    try context.checkCancellation()
    let strangers = sources.filter { source in
      !file.metadata.sources.contains { $0.part == source.part && $0.sha256 == source.sha256 }
    }
    return Outcome(
      comparison: comparison, precision: file.metadata.precision.rawValue, strangers: strangers.map(\.path))
  }

  private func recognized() throws -> [NetworkPart: [String]] {
    var parts: [NetworkPart: [String]] = [:]
    for path in checkpoints {
      let recognition = try locating(path) { Recognition(try CheckpointReader.open(path), which: options.which) }
      guard !recognition.networks.isEmpty else {
        throw Failure(
          .badData, at: path,
          "is no generator, encoder, perceptual, attribute or judge checkpoint; it is \(recognition.description)")
      }
      for part in recognition.networks.map(\.part) {
        guard parts[part] == nil || part == .detector else {
          throw Failure(.usage, of: "against", "two \(part.title) checkpoints; expected one of each kind")
        }
        parts[part, default: []].append(path)
      }
    }
    return parts
  }

  /// The checkpoints in f32: a file without a name, which goes away however the run ends.
  private func convert(
    _ plan: Conversion, _ context: RunContext
  ) throws -> (reference: Model, sources: [ConversionReport.Source]) {
    let folder = try ScratchFolder()
    defer { folder.remove() }
    let path = PathText.path("reference.idinv", in: folder.path)
    let report = try context.follow("convert") { try plan.run(to: path, while: $0) }
    return (try Model(path: path), report.sources)
  }

  private func checkArchitecture(of file: ModelFile, _ plan: Conversion, _ reference: Model) throws {
    let specification = file.specification
    for part in NetworkPart.allCases where specification.holds(part) != (plan.checkpoints[part] != nil) {
      let isHeld = specification.holds(part)
      throw Failure(
        .usage, of: "against",
        "\(model) holds \(isHeld ? part.withArticle : "no \(part.title)"); expected "
          + "\(isHeld ? "its checkpoint too" : "no checkpoint of one")")
    }
    if let part = specification.networksThatDiffer(from: reference.file.specification).first {
      throw Failure(
        .badData, at: model,
        "its \(part.title) has another architecture than \(plan.checkpoints[part]?.first ?? ""), or was converted with "
          + "other options")
    }
  }
}
