import Checkpoint
import Imaging
import Inversion
import Quant
import Runtime
import Testing

/// Encoders of e4e, pSp and ReStyle with their generators, out of one file, against the published implementations in double
/// precision.
@Suite struct StyleHeadsGoldenTests {
  struct GoldenSet: CustomTestStringConvertible {
    var name: String
    var kind: StyleHeadsKind
    /// Of a drawn checkpoint; nil for a stored one.
    var seed: UInt32?
    var testDescription: String { name }

    func array(_ name: String) throws -> (values: [Float], shape: [Int]) { try Golden.array(self.name, name) }

    func model(_ precision: WeightsPrecision = .f32) throws -> Model {
      let key = "\(name)-\(precision)"
      guard let seed else {
        // A stored one says itself what it is.
        let path = Golden.path(name, "checkpoint.pt")
        return try Golden.model(generator: path, encoder: path, key: key) { $0.precision = precision }
      }
      return try Golden.model(drawn: Golden.path(name, "shapes.json"), seed: seed, key: key) {
        $0.precision = precision
        $0.encoderKind = kind
      }
    }
  }

  static let direct = [
    GoldenSet(name: "e4e_res32", kind: .e4e), GoldenSet(name: "psp_res64", kind: .psp, seed: 3104),
    // Its generator's images are reduced for the encoder, and its activations lie on kinks.
    GoldenSet(name: "e4e_res512", kind: .e4e, seed: 3103),
  ]
  static let iterated = [
    GoldenSet(name: "restyle_e4e_res32", kind: .restyleE4E, seed: 3106),
    GoldenSet(name: "restyle_psp_res32", kind: .restylePSP, seed: 3105),
  ]
  static let kernels = Kernels(threadCount: 2)

  /// The two photographs, [2, 3, 256, 256].
  static func images() throws -> [Float] {
    var values: [Float] = []
    for index in 0..<2 {
      values += try PNG.read(Golden.path("e4e_res32", "image\(index).png")).planar()
    }
    return values
  }

  private func expectClose(
    _ values: [Float], _ expected: [Float], _ tolerance: Float, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(values.count == expected.count, sourceLocation: sourceLocation)
    let difference = relativeDifference(values, expected)
    #expect(difference <= tolerance, "\(what): \(difference)", sourceLocation: sourceLocation)
  }

  /// Runs a graph from one input to one output.
  private func run(
    _ input: Shape, _ values: [Float], _ build: (inout Graph, TensorID) throws -> TensorID
  ) throws -> [Float] {
    var graph = Graph()
    let tensor = graph.input(input)
    let output = try build(&graph, tensor)
    graph.markOutput(output)
    let prepared = try PreparedGraph(graph, kernels: Self.kernels)
    prepared.write(values, to: tensor)
    prepared.run()
    return prepared.read(output)
  }

  private static let photographs = Shape.image(batch: 2, channels: 3, height: 256, width: 256)

  @Test(arguments: direct) func codesOfPhotographs(set: GoldenSet) throws {
    let encoder = try set.model().encoder()
    let codes = try run(Self.photographs, Self.images()) { try encoder.append(to: &$0, $1) }
    expectClose(codes, try set.array("codes").values, 5e-6, set.name)
  }

  @Test(arguments: direct[..<2]) func reconstructions(set: GoldenSet) throws {
    let codes = try set.array("codes")
    let images = try set.model().run(.generator, on: codes.values, count: 2, kernels: Self.kernels)
    expectClose(images.values, try set.array("synthesized").values, 2e-5, set.name)
  }

  /// ∂(Σ cotangent · code) / ∂ image, every fourth pixel of every fourth row.
  @Test(arguments: direct) func gradientOfAPhotograph(set: GoldenSet) throws {
    let encoder = try set.model().encoder()
    let image = Array(try Self.images().prefix(3 * 256 * 256))
    var graph = Graph()
    let input = graph.input(.image(batch: 1, channels: 3, height: 256, width: 256))
    let code = try encoder.append(to: &graph, input)
    let seed = graph.input(graph.shape(of: code))
    let gradient = try #require(try graph.appendGradients(of: [(code, seed)], by: [input])[0])
    graph.markOutput(gradient)
    let prepared = try PreparedGraph(graph, kernels: Self.kernels)
    prepared.write(image, to: input)
    prepared.write(try set.array("cotangent").values, to: seed)
    prepared.run()
    let all = prepared.read(gradient)
    var every4: [Float] = []
    for row in 0..<3 * 64 {
      let start = 4 * row * 256
      for column in 0..<64 { every4.append(all[start + 4 * column]) }
    }
    let error = euclideanDifference(every4, try set.array("grad_image0_every4").values)
    #expect(error <= (set.name == "e4e_res512" ? 5e-3 : 1e-5), "\(set.name): \(error)")
  }

  /// z − E(G(z)), whose image is brought to the encoder's size, with its gradient: the domain term.
  @Test(arguments: direct) func domainTerm(set: GoldenSet) throws {
    let model = try set.model(), code = try set.array("wp").values
    let objective = try Objective(
      model, weights: ObjectiveWeights(pixel: 0, perceptual: 0, domain: 1), kernels: Self.kernels)
    try objective.setTarget([Float](repeating: 0, count: objective.imageValueCount))
    let evaluation = objective.evaluate(code)
    let loss = try set.array("loss_domain").values[0]
    #expect(abs(evaluation.losses[0].domain - loss) <= 1e-4 * loss)
    let error = euclideanDifference(evaluation.gradient, try set.array("grad_domain").values)
    // Some activations of the other sets lie on a kink.
    #expect(error <= (set.name == "e4e_res32" ? 2e-5 : 5e-3), "\(set.name): \(error)")
    let again = try Reconstructor(model, kernels: Self.kernels)(code)
    let reencoded = try set.array("codes_of_pooled_synthesis").values
    let expected = InDomainScore(code: code, reencoded: reencoded)
    #expect(abs(try #require(again.score).distance - expected.distance) <= 1e-4 * expected.distance)
  }

  /// Each correction sees the image beside the one of the code so far.
  @Test(arguments: iterated) func iterations(set: GoldenSet) throws {
    let model = try set.model(), generator = try model.generator()
    let average = try run(.matrix(rows: 1, columns: generator.codeCount), generator.meanCode) {
      try generator.appendSynthesis(to: &$0, $1, isExact: true)
    }
    expectClose(average, try set.array("average_image").values, 2e-5, "\(set.name) average")
    let codes = try (1...2).map { count in
      try run(Self.photographs, Self.images()) {
        try model.appendEncoding(to: &$0, $1, iterations: count, kernels: Self.kernels)
      }
    }
    expectClose(codes[0], try set.array("iteration1_codes").values, 1e-5, "\(set.name) 1")
    expectClose(codes[1], try set.array("iteration2_codes").values, 2e-5, "\(set.name) 2")
    #expect(try model.encoder().iterations == 5)
  }

  @Test(arguments: direct) func storedPrecisions(set: GoldenSet) throws {
    let expected = try set.array("codes").values
    for (precision, least) in [(WeightsPrecision.f16, Float(55)), (.int8, 30)] {
      let encoder = try set.model(precision).encoder()
      let codes = try run(Self.photographs, Self.images()) { try encoder.append(to: &$0, $1) }
      let psnr = Difference(codes, reference: expected).psnr
      #expect(psnr >= least, "\(set.name) \(precision): \(psnr) dB")
    }
  }

  @Test func aFileThatDoesNotSayWhichEncoderIsRefused() throws {
    let path = Golden.temporaryPath("nameless.safetensors")
    try DrawnCheckpoint(shapes: Golden.path("psp_res64", "shapes.json")).write(seed: 1, to: path)
    #expect(throws: CheckpointError.self) {
      _ = try Conversion([.generator: path, .encoder: path]).run(to: Golden.temporaryPath("nameless.idinv"))
    }
  }

  /// The whole way of `invert`: encoded at another size, then refined with the domain term.
  @Test func refinementLowersTheObjective() throws {
    let model = try Self.direct[0].model()
    let target = try Self.direct[0].array("synthesized").values
    let inverter = try Inverter(
      model, options: InversionOptions(iterations: 5, optimizer: .auto, weights: ObjectiveWeights(perceptual: 0)),
      kernels: Self.kernels)
    let result = try inverter.invert(Array(target.prefix(3 * 32 * 32)))
    let first = try #require(result.history.first), last = try #require(result.history.map(\.total).min())
    #expect(last < first.total)
  }
}
