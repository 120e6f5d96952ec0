/// The domain-guided encoder (Zhu et al., ECCV 2020, eq. 2): a stem, residual blocks each behind a 2×2 average
/// pooling, and a dense head that gives all L·D entries of the code.
///
/// With leaky ReLU (0.2) as φ: stem φ(conv(x)); block, after the pooling, φ(conv2(φ(conv1(x)))) + shortcut, where the
/// shortcut is φ(conv(x)), or x itself where Cin = Cout; Chidden = min(Cin, Cout). The head is linear.
///
/// Tensors, batch normalization folded:
///
/// | name | shape |
/// |---|---|
/// | `encoder.stem.weight`, `.bias` | [C₀, 3, 3, 3], [C₀] |
/// | `encoder.block.{i}.shortcut.weight`, `.bias` | [Cout, Cin, 1, 1], [Cout]; only where Cin ≠ Cout |
/// | `encoder.block.{i}.conv1.weight`, `.bias` | [Chidden, Cin, 3, 3], [Chidden] |
/// | `encoder.block.{i}.conv2.weight`, `.bias` | [Cout, Chidden, 3, 3], [Cout] |
/// | `encoder.head.weight`, `.bias` | [L·D, C·4·4] (input order C, H, W), [L·D] |
package struct EncoderSpecification: Equatable, Sendable {
  /// What its layers are, and with it which tensors they have.
  package var architecture: EncoderArchitecture
  /// Side of the images that it reads.
  package var resolution: Int
  package var wDimension: Int
  package var layerCount: Int
  package var imageChannels: Int
  package var stemChannels: Int
  /// Output channels of each residual block, in order; there are log2(resolution) − 2 of them.
  package var blockChannels: [Int]

  package init(
    resolution: Int, wDimension: Int, layerCount: Int, imageChannels: Int, stemChannels: Int,
    blockChannels: [Int], architecture: EncoderArchitecture = .inDomain
  ) {
    self.architecture = architecture
    self.resolution = resolution
    self.wDimension = wDimension
    self.layerCount = layerCount
    self.imageChannels = imageChannels
    self.stemChannels = stemChannels
    self.blockChannels = blockChannels
  }
}

extension EncoderSpecification: NetworkSpecification {
  package static var part: NetworkPart { .encoder }
  package static var place: WritableKeyPath<ModelSpecification, Self?> { \.encoder }

  package func validate(in model: ModelSpecification) throws(ModelFileError) {
    switch architecture {
    case .inDomain, .tensorFlow, .filtered: try validateInDomain()
    case .styleHeads(let heads): try validate(heads)
    case .pyramid(let pyramid): try validate(pyramid)
    }
    guard let generator = model.generator else { return }
    func match(_ field: String, _ generator: Int, _ encoder: Int) throws(ModelFileError) {
      guard generator == encoder else {
        throw .specification(
          field: "encoder.\(field)", found: "\(encoder)",
          expected: "\(generator), as the generator has: the two belong to different models")
      }
    }
    // Others read images of a size of their own, whatever the generator's.
    if architecture.readsGeneratorsSize { try match("resolution", generator.resolution, resolution) }
    try match("layerCount", generator.layerCount, layerCount)
    try match("wDimension", generator.wDimension, wDimension)
    try match("imageChannels", generator.imageChannels, imageChannels)
  }

  private func validateInDomain() throws(ModelFileError) {
    let blocks = try check("encoder", resolution: resolution, layers: layerCount, imageChannels: imageChannels)
    try check("encoder.wDimension", wDimension, 1...ModelSpecification.extentLimit)
    try check("encoder.stemChannels", stemChannels, 1...ModelSpecification.extentLimit)
    try check("encoder.blockChannels.count", blockChannels.count, blocks - 1...blocks - 1)
    for channels in blockChannels {
      try check("encoder.blockChannels", channels, 1...ModelSpecification.extentLimit)
    }
  }

  package func tensors(in model: ModelSpecification) -> [TensorRequirement] {
    switch architecture {
    case .inDomain: break
    case .tensorFlow: return tensorFlowTensors
    case .filtered: return filteredTensors
    case .styleHeads(let heads): return styleHeadTensors(of: self, heads)
    case .pyramid(let pyramid): return tensors(pyramid)
    }
    let outputs = layerCount * wDimension
    let inputs = (blockChannels.last ?? stemChannels) * 16
    return residualTrunk("encoder", [imageChannels, stemChannels] + blockChannels)
      + weightAndBias("encoder.head", [outputs, inputs], .weight)
  }
}

extension EncoderSpecification {
  /// Three maps of 64, 32 and 16 pixels come of four stages that each halve the image.
  private func validate(_ heads: StyleHeadsSpecification) throws(ModelFileError) {
    let limit = 1...ModelSpecification.extentLimit
    try check("encoder.resolution", resolution, StyleHeadsSpecification.resolution...StyleHeadsSpecification.resolution)
    try check("encoder.layerCount", layerCount, 4...20)
    try check("encoder.imageChannels", imageChannels, 3...3)
    try check("encoder.wDimension", wDimension, limit)
    try check("encoder.stemChannels", stemChannels, limit)
    try check("encoder.blockChannels.count", blockChannels.count, 4...4)
    for channels in blockChannels { try check("encoder.blockChannels", channels, limit) }
    try check("encoder.architecture.styleHeads.units.count", heads.units.count, 4...4)
    for count in heads.units { try check("encoder.architecture.styleHeads.units", count, 1...128) }
    try check("encoder.architecture.styleHeads.squeezed.count", heads.squeezed.count, 4...4)
    for channels in heads.squeezed { try check("encoder.architecture.styleHeads.squeezed", channels, limit) }
    if let iterations = heads.iterations {
      try check("encoder.architecture.styleHeads.iterations", iterations, 1...100)
    }
  }
}

extension EncoderSpecification {
  /// Names as at `EncoderArchitecture.tensorFlow`.
  fileprivate var tensorFlowTensors: [TensorRequirement] {
    func layer(_ name: String, _ shape: [Int]) -> [TensorRequirement] {
      weightAndBias("encoder.\(name)", shape, .weight)
        + ["scale", "shift"].map { TensorRequirement(name: "encoder.\(name).\($0)", shape: [shape[0]], role: .vector) }
    }
    var list = layer("stem", [stemChannels, imageChannels, 5, 5])
    var inputs = stemChannels
    for (block, outputs) in blockChannels.enumerated() {
      let hidden = min(inputs, outputs)
      if inputs != outputs {
        list += weightAndBias("encoder.block.\(block).shortcut", [outputs, inputs, 1, 1], .weight)
      }
      list += layer("block.\(block).conv1", [hidden, inputs, 3, 3])
      list += layer("block.\(block).conv2", [outputs, hidden, 3, 3])
      inputs = outputs
    }
    return list + weightAndBias("encoder.head", [layerCount * wDimension, inputs * 16], .weight)
  }
}
