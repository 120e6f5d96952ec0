import Checkpoint
import Imaging
import Inversion
import Quant
import Runtime
import Testing

/// Encoders of the sets in `IDINV_REFERENCES`, alone and behind their generators.
@Suite(.enabled(if: Reference.folder != nil, "IDINV_REFERENCES names no folder"), .serialized)
struct ReferenceEncoderTests {
  private static let kernels = Kernels(threadCount: 2)

  /// An encoder that reads images of the generator's size, and how its arrays are called.
  struct PlainSet: CustomTestStringConvertible, Sendable {
    var path: String, file: String
    var cotangent: String, gradient: String
    var hasGenerator: Bool
    var testDescription: String { path }

    func model(_ precision: WeightsPrecision = .f32) throws -> Model {
      let file = Reference.path("\(path)/\(file)")
      return try Reference.model(path, precision) {
        Conversion([.generator: hasGenerator ? file : nil, .encoder: file], options: $0)
      }
    }
  }

  static let plain = [
    PlainSet(
      path: "tf-sg1/idinvert_res64", file: "network-final.pkl", cotangent: "encoder_cotangent",
      gradient: "grad_image_encoder", hasGenerator: true),
    PlainSet(
      path: "genforce-sg1/encoder_res64", file: "encoder.pth", cotangent: "cotangent", gradient: "grad_image",
      hasGenerator: false),
  ]

  /// An encoder with heads, which reads photographs of 256 px.
  struct HeadsSet: CustomTestStringConvertible, Sendable {
    var name: String, kind: StyleHeadsKind
    /// Of a drawn checkpoint; nil for a stored one.
    var seed: UInt32?
    /// Where activations lie on kinks, single precision is further from double precision.
    var hasKinks = (image: false, domain: false)
    var path: String { "e4e/\(name)" }
    var testDescription: String { name }

    func model(_ precision: WeightsPrecision = .f32) throws -> Model {
      let file =
        if let seed {
          try Golden.drawn(Reference.path("e4e/shapes/\(name).json"), seed: seed)
        } else {
          Reference.path("\(path)/checkpoint.pt")
        }
      return try Reference.model(path, precision) { options in
        var options = options
        if seed != nil { options.encoderKind = kind }
        return Conversion([.generator: file, .encoder: file], options: options)
      }
    }
  }

  static let direct = [
    HeadsSet(name: "e4e_tiny_32", kind: .e4e),
    HeadsSet(name: "psp_tiny_64", kind: .psp, hasKinks: (image: false, domain: true)),
    HeadsSet(name: "e4e_tiny_512", kind: .e4e, seed: 3103, hasKinks: (image: true, domain: true)),
    // At its published widths: 240 million weights.
    HeadsSet(name: "e4e_full_256", kind: .e4e, seed: 3107, hasKinks: (image: true, domain: true)),
  ]
  static let iterated = [
    HeadsSet(name: "restyle_e4e_tiny_32", kind: .restyleE4E),
    HeadsSet(name: "restyle_psp_tiny_32", kind: .restylePSP, seed: 3105),
  ]

  static func photographs() throws -> [Float] {
    try (0..<2).flatMap { try PNG.read(Reference.path("e4e/image\($0).png")).planar() }
  }

  @Test(arguments: plain) func codesAndGradients(set: PlainSet) throws {
    let image = try Reference.array("\(set.path)/image"),
      cotangent = try Reference.array("\(set.path)/\(set.cotangent)")
    let expected = try Reference.best("\(set.path)/encoded")
    let (codes, gradient) = try codesAndGradient(
      set.model(), image.values, cotangent.values, count: image.shape[0], side: image.shape[2],
      kernels: Self.kernels)
    Reference.check(set.path, "codes", relativeDifference(codes, expected), atMost: 5e-6)
    let wanted = try Reference.best("\(set.path)/\(set.gradient)")
    Reference.check(set.path, "gradients", euclideanDifference(gradient, wanted), atMost: 2e-5)
    for precision in [WeightsPrecision.f16, .int8] {
      let stored = try set.model(precision).run(
        .encoder, on: image.values, count: image.shape[0], kernels: Self.kernels)
      Reference.checkPSNR(set.path, "codes", stored.values, expected, precision)
    }
  }

  @Test func domainTermOfThePlainEncoder() throws {
    let set = Self.plain[0], codes = try Reference.best("\(set.path)/encoded")
    try checkDomainTerm(set.model(), set.path, codes, count: 2, gradients: 2e-5)
  }

  private func checkDomainTerm(
    _ model: Model, _ path: String, _ codes: [Float], count: Int, gradients limit: Float
  ) throws {
    let objective = try Objective(
      model, weights: ObjectiveWeights(pixel: 0, perceptual: 0, domain: 1), batch: count, kernels: Self.kernels)
    try objective.setTarget([Float](repeating: 0, count: objective.imageValueCount))
    let evaluation = objective.evaluate(codes)
    let losses = evaluation.losses.map(\.domain), expected = try Reference.best("\(path)/loss_domain")
    Reference.check(path, "domain losses", relativeDifference(losses, expected), atMost: 1e-4)
    let gradient = try Reference.best("\(path)/grad_domain")
    Reference.check(path, "domain gradients", euclideanDifference(evaluation.gradient, gradient), atMost: limit)
  }

  @Test(arguments: direct) func codesOfPhotographs(set: HeadsSet) throws {
    let images = try Self.photographs(), expected = try Reference.best("\(set.path)/codes")
    let cotangent = try Reference.array("\(set.path)/cotangent").values
    let model = try set.model()
    Reference.check(
      set.path, "codes", relativeDifference(try codesOfBoth(model, images), expected), atMost: 5e-6)
    let first = try codesAndGradient(
      model, Array(images.prefix(3 * 256 * 256)), cotangent, count: 1, side: 256, kernels: Self.kernels)
    let isWhole = Reference.has("\(set.path)/grad_image0")
    let wanted = try Reference.best("\(set.path)/\(isWhole ? "grad_image0" : "grad_image0_every4")")
    let gradient = isWhole ? first.gradient : Self.everyFourth(first.gradient)
    Reference.check(
      set.path, "gradients of a photograph", euclideanDifference(gradient, wanted),
      atMost: set.hasKinks.image ? 5e-3 : 1e-5)
    try checkDomainTerm(
      model, set.path, try Reference.array("\(set.path)/wp").values, count: 1,
      gradients: set.hasKinks.domain ? 5e-3 : 2e-5)
    for precision in [WeightsPrecision.f16, .int8] {
      Reference.checkPSNR(set.path, "codes", try codesOfBoth(set.model(precision), images), expected, precision)
    }
  }

  /// As the encoder reads them, at 256 px whatever the generator's size.
  private func codesOfBoth(_ model: Model, _ images: [Float]) throws -> [Float] {
    let encoder = try model.encoder()
    var graph = Graph()
    let input = graph.input(.image(batch: 1, channels: 3, height: 256, width: 256))
    let code = try encoder.append(to: &graph, input)
    graph.markOutput(code)
    let prepared = try PreparedGraph(graph, kernels: Self.kernels)
    return [images.prefix(images.count / 2), images.suffix(images.count / 2)].flatMap { image -> [Float] in
      prepared.write(Array(image), to: input)
      prepared.run()
      return prepared.read(code)
    }
  }

  /// Pixels of every fourth row and column of an image of 256 px.
  static func everyFourth(_ image: [Float]) -> [Float] {
    (0..<3 * 64).flatMap { row in (0..<64).map { image[4 * row * 256 + 4 * $0] } }
  }

  @Test(arguments: iterated) func corrections(set: HeadsSet) throws {
    let model = try set.model(), images = try Self.photographs()
    for count in 1...2 {
      var graph = Graph()
      let input = graph.input(.image(batch: 2, channels: 3, height: 256, width: 256))
      let code = try model.appendEncoding(to: &graph, input, iterations: count, kernels: Self.kernels)
      graph.markOutput(code)
      let prepared = try PreparedGraph(graph, kernels: Self.kernels)
      prepared.write(images, to: input)
      prepared.run()
      let expected = try Reference.best("\(set.path)/iteration\(count)_codes")
      Reference.check(
        set.path, "codes of iteration \(count)", relativeDifference(prepared.read(code), expected), atMost: 2e-5)
    }
  }
}
