import Quant
import Runtime

/// Weights of the objective's terms; the published values by default (Zhu et al., ECCV 2020, sec. 4).
package struct ObjectiveWeights: Sendable, Equatable, Encodable {
  package var pixel: Float
  /// λ_vgg.
  package var perceptual: Float
  /// λ_dom.
  package var domain: Float
  /// Layers of the perceptual network whose outputs are compared, ascending, numbered from 0 as in its file; nil for the last,
  /// as published. The term is the sum over them.
  package var perceptualLayers: [Int]?

  package init(pixel: Float = 1, perceptual: Float = 5e-5, domain: Float = 2, perceptualLayers: [Int]? = nil) {
    self.pixel = pixel
    self.perceptual = perceptual
    self.domain = domain
    self.perceptualLayers = perceptualLayers
  }

  /// - Throws: `.badOption` for layers that the network does not have.
  func layers(of network: FeatureNetwork) throws(InversionError) -> [Int] {
    let count = network.specification.layers.count
    guard let perceptualLayers else { return [count - 1] }
    let isAscending = zip(perceptualLayers, perceptualLayers.dropFirst()).allSatisfy { $0 < $1 }
    guard !perceptualLayers.isEmpty, isAscending, perceptualLayers.allSatisfy({ (0..<count).contains($0) }) else {
      throw .badOption(
        name: "perceptual layers", expected: "ascending numbers from 0 to \(count - 1), the network's layers",
        found: perceptualLayers.map(String.init).joined(separator: ","))
    }
    return perceptualLayers
  }
}

/// The value of the objective for one image, term by term.
package struct Losses: Sendable, Equatable, Codable {
  /// mean((m·(x − G(z)))²), pixels in the model's range.
  package var pixel: Float
  /// mean((F(m·x) − F(m·G(z)))²), added up over the layers that are compared; 0 where the term is off.
  package var perceptual: Float
  /// mean((z − E(G(z)))²); 0 where the term is off.
  package var domain: Float
  /// Σ weight · term.
  package var total: Float

  package init(pixel: Float, perceptual: Float, domain: Float, total: Float) {
    self.pixel = pixel
    self.perceptual = perceptual
    self.domain = domain
    self.total = total
  }
}

/// The domain-regularized objective of one batch of images, with its gradient by the codes:
///
/// L(z) = λ_pix·‖m·(x − G(z))‖² + λ_vgg·‖F(m·x) − F(m·G(z))‖² + λ_dom·‖z − E(G(z))‖²
///
/// with mean squared errors, as the published code writes eq. 4. The mask m is 1 in an inversion and a box in a
/// diffusion. Forward and backward are one prepared graph; the target's features are computed once.
package final class Objective {
  package let batch: Int
  package let weights: ObjectiveWeights
  package let isMasked: Bool
  /// Where the codes lie; gradients are along it.
  package let space: CodeSpace
  private let model: Model
  private let kernels: Kernels
  private let step: PreparedGraph

  /// Where the step's inputs and results are.
  private let built: ObjectiveGraph
  private let layers: [Int]

  /// Images of one batch, [batch, 3, R, R]: number of values.
  package let imageValueCount: Int
  /// Reads the targets' features; prepared for the first of them, and for any batch.
  var features: ComparedFeatures?
  private let layerCount: Int
  /// Codes of one batch, [batch, L, D]: number of values.
  package let codeCount: Int

  /// Builds and prepares the graph. A term whose weight is 0 is left out of it, and so is its network.
  ///
  /// - Parameters:
  ///   - batch: images refined side by side; their objectives do not mix.
  ///   - isMasked: whether a mask is given with the target.
  package init(
    _ model: Model, weights: ObjectiveWeights = ObjectiveWeights(), space: CodeSpace = .wPlus, batch: Int = 1,
    isMasked: Bool = false, kernels: Kernels
  ) throws(InversionError) {
    let kernels = kernels.forOptimizing
    let networks = try ObjectiveGraph.Networks(model, weights, kernels: kernels)
    let (built, step) = try wrapGraph { () throws(GraphError) in
      let built = try ObjectiveGraph(networks, weights, batch: batch, isMasked: isMasked)
      return (built, try PreparedGraph(built.graph, kernels: kernels, arena: model.arena))
    }
    for (seed, weight) in built.seeds { step.write([Float](repeating: weight, count: batch), to: seed) }
    self.built = built
    self.step = step
    self.model = model
    self.kernels = kernels
    self.weights = weights
    self.batch = batch
    self.isMasked = isMasked
    self.space = space
    layers = networks.layers
    layerCount = networks.generator.specification.layerCount
    imageValueCount = step.graph.shape(of: built.target).extents.reduce(1, *)
    codeCount = batch * networks.generator.codeCount
  }

  /// An image as the objective compares with it.
  package struct Target: Sendable {
    /// m·x, [3, R, R].
    var image: [Float]
    var mask: [Float]?
    /// F(m·x), layer by layer; none where the term is off.
    var features: [[Float]]
  }

  /// The graph that computes a target's features; nil where the term is off. For accounts of memory.
  package static func targetFeatures(
    of model: Model, weights: ObjectiveWeights, kernels: Kernels
  ) throws(InversionError) -> AnyObject? {
    guard weights.perceptual != 0 else { return nil }
    let (features, generator) = (try model.features(), try model.generator().specification)
    return try ComparedFeatures(
      features, layers: try weights.layers(of: features),
      image: .image(
        batch: 1, channels: generator.imageChannels, height: generator.resolution, width: generator.resolution),
      model: model, kernels: kernels)
  }

  /// Masks one image and computes its features.
  ///
  /// - Parameters:
  ///   - image: [3, R, R] in the model's pixel range.
  ///   - mask: [3, R, R] of 0 and 1; exactly where the objective is masked.
  package func prepareTarget(_ image: [Float], mask: [Float]? = nil) throws(InversionError) -> Target {
    precondition((mask != nil) == isMasked)
    guard image.count == imageValueCount / batch, mask?.count ?? image.count == image.count else {
      throw .badShape(
        what: "target", expected: "\(step.graph.shape(of: built.target))", found: [image.count])
    }
    let masked = mask.map { mask in image.indices.map { image[$0] * mask[$0] } } ?? image
    var features: [[Float]] = []
    if !layers.isEmpty {
      if self.features == nil {
        var extents = step.graph.shape(of: built.target).extents
        extents[0] = 1
        self.features = try ComparedFeatures(
          try model.features(), layers: layers,
          image: .image(batch: 1, channels: extents[1], height: extents[2], width: extents[3]), model: model,
          kernels: kernels)
      }
      features = self.features?(masked) ?? []
    }
    return Target(image: masked, mask: mask, features: features)
  }

  /// Sets what the codes of each row are compared with; the last target serves the rows beyond.
  package func set(_ targets: [Target]) {
    precondition((1...batch).contains(targets.count))
    let rows = (0..<batch).map { targets[min($0, targets.count - 1)] }
    step.write(rows.flatMap(\.image), to: built.target)
    if let mask = built.mask { step.write(rows.flatMap { $0.mask! }, to: mask) }
    for (index, tensor) in built.targetFeatures.enumerated() {
      step.write(rows.flatMap { $0.features[index] }, to: tensor)
    }
  }

  /// Sets the images to be inverted, and computes their features.
  ///
  /// - Parameters:
  ///   - images: [batch, 3, R, R] in the model's pixel range.
  ///   - mask: [batch, 3, R, R] of 0 and 1; exactly where the objective is masked.
  package func setTarget(_ images: [Float], mask: [Float]? = nil) throws(InversionError) {
    guard images.count == imageValueCount, mask?.count ?? imageValueCount == imageValueCount else {
      throw .badShape(
        what: "target", expected: "\(step.graph.shape(of: built.target))", found: [images.count / max(batch, 1)])
    }
    let count = imageValueCount / batch
    var targets: [Target] = []
    for row in 0..<batch {
      let range = row * count..<(row + 1) * count
      targets.append(try prepareTarget(Array(images[range]), mask: mask.map { Array($0[range]) }))
    }
    set(targets)
  }

  /// What one evaluation gives.
  package struct Evaluation: Sendable {
    /// One entry per image of the batch.
    package var losses: [Losses]
    /// ∂L/∂z along the space of the codes, [batch, L, D].
    package var gradient: [Float]

    /// ∂L/∂z of one image, [L, D].
    package func gradient(of row: Int) -> [Float] {
      let count = gradient.count / losses.count
      return Array(gradient[row * count..<(row + 1) * count])
    }
  }

  /// The objective and its gradient at `codes` [batch, L, D].
  package func evaluate(_ codes: [Float]) -> Evaluation {
    step.write(codes, to: built.code)
    step.run()
    let pixel = step.read(built.pixel)
    let perceptual = built.perceptual.map { step.read($0) }
    let domain = built.domain.map(step.read)
    let losses = (0..<batch).map { index in
      let (p, f, d) = (pixel[index], perceptual.reduce(0) { $0 + $1[index] }, domain?[index] ?? 0)
      return Losses(
        pixel: p, perceptual: f, domain: d,
        total: weights.pixel * p + weights.perceptual * f + weights.domain * d)
    }
    return Evaluation(losses: losses, gradient: alongSpace(step.read(built.gradient)))
  }

  /// Gradients [batch, L, D], without their parts that lead out of the space.
  private func alongSpace(_ gradients: [Float]) -> [Float] {
    guard space != .wPlus else { return gradients }
    let count = codeCount / batch
    return (0..<batch).flatMap { row in
      space.projection(of: Array(gradients[row * count..<(row + 1) * count]), layerCount: layerCount)
    }
  }

  /// The graph of one step, for reports on its operators and memory.
  package var preparedGraph: PreparedGraph { step }
}
