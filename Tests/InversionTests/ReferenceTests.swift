import Checkpoint
import Foundation
import Inversion
import Quant
import Runtime
import Testing

/// Reference numbers that are too large for the repository, in the folder that the environment variable `IDINV_REFERENCES` names
/// (`scripts/check-references`): each set a folder of arrays with its checkpoint, or with shapes that one is drawn from.
@Suite(.enabled(if: Reference.folder != nil, "IDINV_REFERENCES names no folder"), .serialized)
struct ReferenceTests {
  private static let kernels = Kernels(threadCount: 2)

  /// A generator's set, and how its arrays are called.
  struct GeneratorSet: CustomTestStringConvertible, Sendable {
    var path: String, file: String
    var image = "synthesized_wp", gradient = "grad_wp", loss = "loss_wp"
    var testDescription: String { "\(path)/\(file)" }
  }

  private static func nvidia(_ path: String, _ file: String) -> GeneratorSet {
    GeneratorSet(
      path: "sg2-nvidia/\(path)", file: file, image: "synthesized_wp_const", gradient: "grad_wp_const",
      loss: "loss_wp_const")
  }

  static let generators = [
    GeneratorSet(path: "sg2-rosinality/res32", file: "converted.pt"),
    GeneratorSet(path: "sg2-rosinality/res32", file: "training.pt"),
    GeneratorSet(path: "sg2-rosinality/res64", file: "converted_legacy.pt"),
    GeneratorSet(path: "sg2-rosinality/res64", file: "plain.pt"),
    nvidia("res32", "network-snapshot-000100.pkl"), nvidia("res64", "network-snapshot-000200.pkl"),
    nvidia("res16_clamp_channels_last", "network-snapshot-000300.pkl"),
    GeneratorSet(path: "genforce-sg1/sg1_res32", file: "stylegan_32.pth"),
    GeneratorSet(path: "genforce-sg1/sg1_res128", file: "stylegan_128.pth"),
    GeneratorSet(path: "genforce-sg1/sg2_res32", file: "stylegan2_32.pth"),
    GeneratorSet(path: "genforce-sg1/sg2_res64", file: "checkpoint_iter001000.pth"),
    GeneratorSet(path: "tf-sg1/nvlabs_res32", file: "network-snapshot-000123.pkl"),
    GeneratorSet(path: "tf-sg1/nvlabs_res128", file: "network-snapshot-000123.pkl"),
    GeneratorSet(path: "tf-sg1/idinvert_res64", file: "network-final.pkl"),
  ]

  @Test(arguments: generators) func imagesAndGradients(set: GeneratorSet) throws {
    let model = try Reference.model("\(set.path)/\(set.file)")
    let codes = try Reference.array("\(set.path)/wp"), count = codes.shape[0]
    let expected = try Reference.best("\(set.path)/\(set.image)")
    let images = try model.run(.generator, on: codes.values, count: count, kernels: Self.kernels).values
    Reference.check(set.testDescription, "images", relativeDifference(images, expected), atMost: 2e-5)
    let objective = try Objective(
      model, weights: ObjectiveWeights(pixel: 1, perceptual: 0, domain: 0), batch: count, kernels: Self.kernels)
    try objective.setTarget(try Reference.array("\(set.path)/target").values)
    let evaluation = objective.evaluate(codes.values)
    let losses = evaluation.losses.map(\.pixel)
    Reference.check(
      set.testDescription, "losses", relativeDifference(losses, try Reference.best("\(set.path)/\(set.loss)")),
      atMost: 1e-5)
    let gradient = try Reference.best("\(set.path)/\(set.gradient)")
    Reference.check(set.testDescription, "gradients", euclideanDifference(evaluation.gradient, gradient), atMost: 5e-5)
    for precision in [WeightsPrecision.f16, .int8] {
      let stored = try Reference.model("\(set.path)/\(set.file)", precision)
      let images = try stored.run(.generator, on: codes.values, count: count, kernels: Self.kernels).values
      Reference.checkPSNR(set.testDescription, "images", images, expected, precision)
    }
  }

  /// z → w, or the w of every layer.
  @Test(arguments: generators) func mappedCodes(set: GeneratorSet) throws {
    let model = try Reference.model("\(set.path)/\(set.file)"), z = try Reference.array("\(set.path)/z")
    let name = try #require(["w", "ws", "mapped_wp"].first { Reference.has("\(set.path)/\($0)") })
    let expected = try Reference.best("\(set.path)/\(name)"), count = z.shape[0]
    var codes = try model.run(.mapping, on: z.values, count: count, kernels: Self.kernels).values
    if codes.count != expected.count {
      codes = try model.run(.truncation, on: codes, count: count, kernels: Self.kernels, psi: 1).values
    }
    Reference.check(set.testDescription, "codes of z", relativeDifference(codes, expected), atMost: 5e-6)
  }

  @Test func conditionalAndLaterGeneratorsAreRefused() {
    for file in ["res16_conditional/network-snapshot-000400.pkl", "stylegan3_refuse/stylegan3-t.pkl"] {
      #expect(throws: CheckpointError.self) { _ = try Reference.model("sg2-nvidia/\(file)") }
    }
  }
}

/// The folder of large reference numbers.
enum Reference {
  static let folder = ProcessInfo.processInfo.environment["IDINV_REFERENCES"].flatMap { $0.isEmpty ? nil : $0 }

  static func path(_ name: String) -> String { "\(folder ?? "")/\(name)" }

  static func array(_ name: String) throws -> (values: [Float], shape: [Int]) {
    let array = try NumpyArray.read(path(name + ".npy"))
    return (array.floats, array.shape)
  }

  /// In double precision, where there is that.
  static func best(_ name: String) throws -> [Float] {
    try ((try? array(name + "_f64")) ?? array(name)).values
  }

  static func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name + ".npy")) }

  /// The generator of a file.
  static func model(_ file: String, _ precision: WeightsPrecision = .f32) throws -> Model {
    try model("\(file)-generator", precision) { Conversion([.generator: path(file)], options: $0) }
  }

  static func model(
    _ name: String, _ precision: WeightsPrecision, _ conversion: (ConversionOptions) throws -> Conversion
  ) throws -> Model {
    let key = "reference-\(precision)-" + name.map { $0 == "/" ? "-" : String($0) }.joined()
    return try Golden.model(key: key) { options in
      options.precision = precision
      return try conversion(options)
    }
  }

  /// Prints a difference, and expects that it is small.
  static func check(
    _ set: String, _ what: String, _ difference: Float, atMost limit: Float,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    print("reference \(set): \(what) differ by \(difference), at most \(limit) is allowed")
    #expect(difference <= limit, "\(set): \(what)", sourceLocation: sourceLocation)
  }

  /// Prints how near stored weights come, and expects 50 dB of halves and 20 dB of bytes.
  static func checkPSNR(
    _ set: String, _ what: String, _ values: [Float], _ expected: [Float], _ precision: WeightsPrecision,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let psnr = Difference(values, reference: expected).psnr, least: Float = precision == .f16 ? 50 : 20
    print("reference \(set): \(what) of \(precision) weights have \(psnr) dB, \(least) dB are needed")
    #expect(psnr >= least, "\(set): \(what) of \(precision) weights", sourceLocation: sourceLocation)
  }
}
