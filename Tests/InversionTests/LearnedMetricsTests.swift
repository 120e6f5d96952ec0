import Checkpoint
import Imaging
import Inversion
import Quant
import Runtime
import Testing

/// LPIPS and the identity network, with random weights that follow from a seed, against the published implementations in double
/// precision.
@Suite struct LearnedMetricsTests {
  struct Network: CustomTestStringConvertible {
    var name: String
    var seed: UInt32
    /// VGG's thirteen layers have activations on kinks.
    var gradientTolerance: Float
    var testDescription: String { name }

    func array(_ what: String) throws -> [Float] { try Golden.array("lpips", "\(name)_\(what)").values }
    func doubles(_ what: String) throws -> [Double] { try array(what).map(Double.init) }

    /// Its checkpoint, which holds network and linear layers.
    func checkpoint() throws -> String { try Golden.drawn(Golden.path("lpips", "\(name)_shapes.json"), seed: seed) }

    func model(_ precision: WeightsPrecision = .f32) throws -> Model {
      let checkpoint = try checkpoint()
      return try Golden.model(key: "lpips-\(name)-\(precision)") { options in
        options.precision = precision
        return Conversion(lpips: [checkpoint], options: options)
      }
    }
  }
  static let networks = [
    Network(name: "alex", seed: 6001, gradientTolerance: 1e-5),
    Network(name: "vgg", seed: 6002, gradientTolerance: 5e-3),
  ]
  static let kernels = Kernels(threadCount: 2)

  static func identityModel(_ precision: WeightsPrecision = .f32) throws -> Model {
    let checkpoint = try Golden.drawn(Golden.path("identity_tiny", "shapes.json"), seed: 6003)
    return try Golden.model(key: "identity-\(precision)") { options in
      options.precision = precision
      return Conversion([.identity: checkpoint], options: options)
    }
  }

  static func photograph(_ index: Int) throws -> [Float] {
    try PNG.read(Golden.path("e4e_res32", "image\(index).png")).planar()
  }

  @Test(arguments: networks) func distancesOfEachDepth(network: Network) throws {
    let lpips = try #require(try network.model().lpips)
    let (a, b) = (try network.array("image_a"), try network.array("image_b"))
    var graph = Graph()
    let shape = Shape.image(batch: 2, channels: 3, height: 64, width: 64)
    let inputs = [graph.input(shape), graph.input(shape)]
    let outputs = try lpips.appendDistances(to: &graph, inputs[0], inputs[1])
    for output in outputs { graph.markOutput(output) }
    let prepared = try PreparedGraph(graph, kernels: Self.kernels)
    prepared.write(a, to: inputs[0])
    prepared.write(b, to: inputs[1])
    prepared.run()
    let expected = try network.doubles("distance_per_layer"), whole = try network.doubles("distance")
    let found = outputs.map { prepared.read($0).map(Double.init) }
    for image in 0..<2 {
      for depth in 0..<5 {
        let value = found[depth][image], wanted = expected[image * 5 + depth]
        #expect(abs(value - wanted) <= 2e-6 * wanted, "\(network.name) image \(image), depth \(depth)")
      }
      let sum = found.reduce(0) { $0 + $1[image] }
      #expect(abs(sum - whole[image]) <= 1e-6 * whole[image])
    }
  }

  @Test(arguments: networks) func gradientOfTheDistance(network: Network) throws {
    let lpips = try #require(try network.model().lpips)
    var graph = Graph()
    let shape = Shape.image(batch: 2, channels: 3, height: 64, width: 64)
    let inputs = [graph.input(shape), graph.input(shape)]
    let outputs = try lpips.appendDistances(to: &graph, inputs[0], inputs[1])
    let seed = graph.input(graph.shape(of: outputs[0]))
    let gradient = try #require(try graph.appendGradients(of: outputs.map { ($0, seed) }, by: [inputs[0]])[0])
    graph.markOutput(gradient)
    let prepared = try PreparedGraph(graph, kernels: Self.kernels)
    prepared.write(try network.array("image_a"), to: inputs[0])
    prepared.write(try network.array("image_b"), to: inputs[1])
    prepared.write([1, 1], to: seed)
    prepared.run()
    let error = euclideanDifference(prepared.read(gradient), try network.array("grad_image_a"))
    #expect(error <= network.gradientTolerance, "\(network.name): \(error)")
  }

  /// As `evaluate` measures, in all precisions: networks that measure are never stored in 8 bits.
  @Test(arguments: networks) func distanceOfPhotographs(network: Network) throws {
    let (a, b) = (try Self.photograph(0), try Self.photograph(1))
    let expected = try network.doubles("distance_of_the_pngs")[0]
    for (precision, tolerance) in [(WeightsPrecision.f32, 1e-6), (.f16, 1e-3), (.int8, 1e-3)] {
      let metrics = try LearnedMetrics(try network.model(precision), resolution: 256, kernels: Self.kernels)
      let found = try metrics(a, b)
      let lpips = try #require(found.lpips)
      #expect(found.identity == nil && abs(lpips - expected) <= tolerance * expected, "\(precision): \(lpips)")
      #expect(try metrics(b, a).lpips.map { abs($0 - lpips) <= 1e-6 * lpips } == true)
      #expect(try metrics(a, a).lpips == 0)
    }
  }

  @Test func picturesThatAreTooSmallAreRefused() throws {
    let model = try Self.networks[0].model()
    #expect(throws: InversionError.self) {
      _ = try LearnedMetrics(model, resolution: 16, kernels: Self.kernels)
    }
  }

  @Test func identityVectors() throws {
    let network = try #require(try Self.identityModel().identity)
    var graph = Graph()
    let input = graph.input(.image(batch: 2, channels: 3, height: 256, width: 256))
    let output = try network.append(to: &graph, input)
    graph.markOutput(output)
    let prepared = try PreparedGraph(graph, kernels: Self.kernels)
    prepared.write(try Self.photograph(0) + Self.photograph(1), to: input)
    prepared.run()
    let vectors = Self.normalized(prepared.read(output), count: 2)
    let expected = try Golden.array("identity_tiny", "features").values
    #expect(relativeDifference(vectors, expected) <= 5e-6)
  }

  @Test func identityOfPhotographs() throws {
    let (a, b) = (try Self.photograph(0), try Self.photograph(1))
    let loss = Double(try Golden.array("identity_tiny", "id_loss").values[0])
    for (precision, tolerance) in [(WeightsPrecision.f32, 2e-6), (.f16, 2e-3)] {
      let metrics = try LearnedMetrics(try Self.identityModel(precision), resolution: 256, kernels: Self.kernels)
      let cosine = try #require(try metrics(a, b).identity)
      #expect(abs(1 - cosine - loss) <= tolerance * loss, "\(precision): \(1 - cosine)")
      let same = try #require(try metrics(a, a).identity)
      #expect(abs(same - 1) <= 1e-12)
    }
  }

  /// ∂(1 − f₀·f₁) / ∂ image 0, where f are vectors of unit length: every fourth pixel of every fourth row.
  @Test func gradientOfTheIdentity() throws {
    let network = try #require(try Self.identityModel().identity)
    var graph = Graph()
    let input = graph.input(.image(batch: 1, channels: 3, height: 256, width: 256))
    let output = try network.append(to: &graph, input)
    let seed = graph.input(graph.shape(of: output))
    let gradient = try #require(try graph.appendGradients(of: [(output, seed)], by: [input])[0])
    graph.markOutput(output)
    graph.markOutput(gradient)
    let prepared = try PreparedGraph(graph, kernels: Self.kernels)
    func vector(_ index: Int) throws -> [Float] {
      prepared.write(try Self.photograph(index), to: input)
      prepared.write([Float](repeating: 0, count: network.specification.featureCount), to: seed)
      prepared.run()
      return prepared.read(output)
    }
    let other = Self.normalized(try vector(1), count: 1), raw = try vector(0)
    let own = Self.normalized(raw, count: 1)
    let length = raw.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    let cosine = zip(own, other).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    prepared.write(zip(own, other).map { Float(-(Double($1) - cosine * Double($0)) / length) }, to: seed)
    prepared.run()
    let all = prepared.read(gradient)
    var every4: [Float] = []
    for row in 0..<3 * 64 {
      for column in 0..<64 { every4.append(all[4 * row * 256 + 4 * column]) }
    }
    let error = euclideanDifference(every4, try Golden.array("identity_tiny", "grad_image0_every4").values)
    #expect(error <= 1e-5, "\(error)")
  }

  private static func normalized(_ values: [Float], count: Int) -> [Float] {
    let width = values.count / count
    return (0..<count).flatMap { row -> [Float] in
      let vector = values[row * width..<(row + 1) * width]
      let length = vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      return vector.map { Float(Double($0) / length) }
    }
  }
}
