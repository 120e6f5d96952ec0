import Checkpoint
import Foundation
import Imaging
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
    let images = try model.run(.generator, on: codes.values, count: count, kernels: Self.kernels).values
    let difference = relativeDifference(images, try Reference.best("\(set.path)/\(set.image)"))
    #expect(difference <= 2e-5, "\(set): images \(difference)")
    let objective = try Objective(
      model, weights: ObjectiveWeights(pixel: 1, perceptual: 0, domain: 0), batch: count, kernels: Self.kernels)
    try objective.setTarget(try Reference.array("\(set.path)/target").values)
    let evaluation = objective.evaluate(codes.values)
    for (found, loss) in zip(evaluation.losses, try Reference.best("\(set.path)/\(set.loss)")) {
      #expect(abs(found.pixel - loss) <= 1e-5 * loss)
    }
    let error = euclideanDifference(evaluation.gradient, try Reference.best("\(set.path)/\(set.gradient)"))
    #expect(error <= 5e-5, "\(set): gradient \(error)")
  }

  @Test func conditionalAndLaterGeneratorsAreRefused() {
    for file in ["res16_conditional/network-snapshot-000400.pkl", "stylegan3_refuse/stylegan3-t.pkl"] {
      #expect(throws: CheckpointError.self) { _ = try Reference.model("sg2-nvidia/\(file)") }
    }
  }

  /// e4e at its published widths for 256 px: 240 million weights.
  @Test func theWholeEncoder() throws {
    let path = "e4e/e4e_full_256"
    let checkpoint = try Golden.drawn(Reference.path("e4e/shapes/e4e_full_256.json"), seed: 3107)
    let model = try Golden.model(key: "e4e-full") { options in
      options.encoderKind = .e4e
      return Conversion([.generator: checkpoint, .encoder: checkpoint], options: options)
    }
    var pictures: [Float] = []
    for index in 0..<2 { pictures += try PNG.read(Reference.path("e4e/image\(index).png")).planar() }
    let codes = try model.run(.encoder, on: pictures, count: 2, kernels: Self.kernels, maximumBatch: 1).values
    let difference = relativeDifference(codes, try Reference.best("\(path)/codes"))
    #expect(difference <= 5e-6, "codes \(difference)")
    let code = try Reference.array("\(path)/wp").values
    let objective = try Objective(
      model, weights: ObjectiveWeights(pixel: 0, perceptual: 0, domain: 1), kernels: Self.kernels)
    try objective.setTarget([Float](repeating: 0, count: objective.imageValueCount))
    let evaluation = objective.evaluate(code)
    let loss = try Reference.best("\(path)/loss_domain")[0]
    #expect(abs(evaluation.losses[0].domain - loss) <= 1e-4 * loss)
    let error = euclideanDifference(evaluation.gradient, try Reference.best("\(path)/grad_domain"))
    #expect(error <= 5e-3, "gradient \(error)")
  }

  @Test func theWholeIdentityNetwork() throws {
    let checkpoint = try Golden.drawn(Reference.path("lpips/shapes/irse50_full.json"), seed: 6004)
    let model = try Golden.model(key: "identity-full") { options in
      Conversion([.identity: checkpoint], options: options)
    }
    let metrics = try LearnedMetrics(model, resolution: 256, kernels: Self.kernels)
    let pictures = try (0..<2).map { try PNG.read(Reference.path("e4e/image\($0).png")).planar() }
    let cosine = try #require(try metrics(pictures[0], pictures[1]).identity)
    let loss = Double(try Reference.best("lpips/irse50_full/id_loss")[0])
    #expect(abs(1 - cosine - loss) <= 5e-6 * max(1, loss))
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

  static func model(_ file: String) throws -> Model {
    let key = "reference-" + file.map { $0 == "/" ? "-" : String($0) }.joined()
    return try Golden.model(generator: path(file), key: key)
  }
}
