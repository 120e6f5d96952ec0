import Runtime

/// The graph of one step: images of codes, the terms of the objective, and its gradient by the codes.
struct ObjectiveGraph {
  /// The networks of the terms whose weight is not 0.
  struct Networks {
    let generator: Generator
    let features: FeatureNetwork?
    /// Those of `features` that are compared.
    let layers: [Int]
    let encoder: Encoder?
    let average: AverageImage?

    init(_ model: Model, _ weights: ObjectiveWeights, kernels: Kernels) throws(InversionError) {
      generator = try model.generator()
      features = weights.perceptual == 0 ? nil : try model.features()
      layers = try features.map { (features) throws(InversionError) in try weights.layers(of: features) } ?? []
      encoder = weights.domain == 0 ? nil : try model.encoder()
      average = encoder == nil ? nil : try model.averageImage(kernels: kernels)
    }
  }

  private(set) var graph = Graph()
  let code: TensorID
  let target: TensorID
  let mask: TensorID?
  /// One for each layer that is compared.
  private(set) var targetFeatures: [TensorID] = []
  /// Values of the terms, [1, batch].
  let pixel: TensorID
  private(set) var perceptual: [TensorID] = []
  private(set) var domain: TensorID?
  let gradient: TensorID
  /// Inputs that take a term's weight, for each image of the batch.
  private(set) var seeds: [(tensor: TensorID, weight: Float)]

  private typealias Gradient = (tensor: TensorID, seed: TensorID)

  /// Each network's backward follows its forward, so that the tensors of only one wait for it at a time. The order of
  /// the gradients is the order in which they are added up.
  init(_ networks: Networks, _ weights: ObjectiveWeights, batch: Int, isMasked: Bool) throws(GraphError) {
    let specification = networks.generator.specification
    let imageShape = Shape.image(
      batch: batch, channels: specification.imageChannels, height: specification.resolution,
      width: specification.resolution)
    var builder = Builder(batch: batch)
    code = builder.graph.input(.matrix(rows: batch, columns: networks.generator.codeCount))
    target = builder.graph.input(imageShape)
    mask = isMasked ? builder.graph.input(imageShape) : nil
    let image = try networks.generator.appendSynthesis(to: &builder.graph, code, isExact: true)
    var compared = image
    if let mask { compared = try builder.graph.append(Mask(), image, mask) }
    let pixelTerm = try builder.term(target, compared, weight: weights.pixel)
    pixel = pixelTerm.tensor
    builder.gradients = [pixelTerm]
    if let features = networks.features {
      (targetFeatures, perceptual) = try builder.addPerceptual(
        features, compared, layers: networks.layers, weight: weights.perceptual)
    }
    if let encoder = networks.encoder {
      domain = try builder.addDomain(
        encoder, average: networks.average, image: image, code: code, weight: weights.domain)
    }
    guard let gradient = try builder.graph.appendGradients(of: builder.gradients, by: [code])[0] else {
      throw GraphError.notDifferentiable(operator: "objective")
    }
    builder.graph.markOutput(gradient)
    self.gradient = gradient
    graph = builder.graph
    seeds = builder.seeds
  }

  /// What is there of the graph so far.
  private struct Builder {
    let batch: Int
    var graph = Graph()
    var seeds: [(tensor: TensorID, weight: Float)] = []
    /// Tensors that the gradient by the codes starts from.
    var gradients: [Gradient] = []

    init(batch: Int) { self.batch = batch }

    mutating func term(_ a: TensorID, _ b: TensorID, weight: Float) throws(GraphError) -> Gradient {
      let loss = try graph.append(MeanSquaredError(), a, b)
      graph.markOutput(loss)
      let seed = graph.input(.matrix(rows: 1, columns: batch))
      seeds.append((seed, weight))
      return (loss, seed)
    }

    mutating func addPerceptual(
      _ features: FeatureNetwork, _ image: TensorID, layers: [Int], weight: Float
    ) throws(GraphError) -> (targets: [TensorID], terms: [TensorID]) {
      var targets: [TensorID] = []
      var terms: [Gradient] = []
      for ours in try features.appendCompared(to: &graph, image, layers: layers) {
        let theirs = graph.input(graph.shape(of: ours))
        targets.append(theirs)
        terms.append(try term(theirs, ours, weight: weight))
      }
      if let gradient = try graph.appendGradients(of: terms, by: [image])[0] {
        gradients.insert((image, gradient), at: 0)
      }
      return (targets, terms.map(\.tensor))
    }

    /// z enters this term twice: as itself and through E(G(z)).
    mutating func addDomain(
      _ encoder: Encoder, average: AverageImage?, image: TensorID, code: TensorID, weight: Float
    ) throws(GraphError) -> TensorID {
      let term = try term(code, try encoder.append(to: &graph, image, average: average), weight: weight)
      let results = try graph.appendGradients(of: [term], by: [image, code])
      for (tensor, gradient) in zip([image, code], results) {
        if let gradient { gradients.insert((tensor, gradient), at: 0) }
      }
      return term.tensor
    }
  }
}
