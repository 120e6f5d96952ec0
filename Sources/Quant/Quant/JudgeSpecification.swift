/// A judge: a network of its own that reads attributes off an image, for measuring what the other networks make. It shares
/// nothing with them, neither weights nor training images nor a place in the objective, so that it has no reason to like
/// what they like.
///
/// The residual trunk of `EncoderSpecification` in widths of its own, and one dense layer on its last features, flattened in
/// the order C, H, W. The attributes come in the units that the network was trained for.
///
/// Tensors, for A names, batch normalization and the outputs' mean and deviation folded:
///
/// | name | shape |
/// |---|---|
/// | `judge.stem.weight`, `.bias` | [C₀, 3, 3, 3], [C₀] |
/// | `judge.block.{i}.shortcut`, `.conv1`, `.conv2` | as the encoder's |
/// | `judge.dense.weight`, `.bias` | [A, C·side·side], [A] |
package struct JudgeSpecification: Codable, Equatable, Sendable {
  /// Side of the images that the network was made for.
  package var resolution: Int
  package var imageChannels: Int
  package var stemChannels: Int
  /// Output channels of each residual block, in order; each halves the side.
  package var blockChannels: [Int]
  /// One per attribute, in the order of the outputs; fit to be the name of a file.
  package var names: [String]

  package init(resolution: Int, imageChannels: Int, stemChannels: Int, blockChannels: [Int], names: [String]) {
    self.resolution = resolution
    self.imageChannels = imageChannels
    self.stemChannels = stemChannels
    self.blockChannels = blockChannels
    self.names = names
  }

  /// Side of the last features.
  package var featureSide: Int { resolution >> blockChannels.count }
  package var featureChannels: Int { blockChannels.last ?? stemChannels }
}

extension JudgeSpecification: NetworkSpecification {
  package static var part: NetworkPart { .judge }
  package static var place: WritableKeyPath<ModelSpecification, Self?> { \.judge }

  package func validate(in model: ModelSpecification) throws(ModelFileError) {
    guard (8...2048).contains(resolution), resolution.nonzeroBitCount == 1 else {
      throw .specification(
        field: "judge.resolution", found: "\(resolution)", expected: "a power of two from 8 to 2048")
    }
    guard (1...resolution.trailingZeroBitCount).contains(blockChannels.count) else {
      throw .specification(
        field: "judge.blockChannels", found: "\(blockChannels.count) blocks",
        expected: "1 to \(resolution.trailingZeroBitCount): each halves the side")
    }
    let limit = ModelSpecification.extentLimit
    guard imageChannels == 3, ([stemChannels] + blockChannels).allSatisfy({ (1...limit).contains($0) }) else {
      throw .specification(
        field: "judge.imageChannels, stemChannels, blockChannels",
        found: "\(imageChannels), \(stemChannels), \(blockChannels)", expected: "3, and widths from 1 to \(limit)")
    }
    try AttributeNetworkSpecification.validate(names: names, field: "judge.names")
    if let side = model.imageResolution, resolution != side {
      throw .specification(
        field: "judge.resolution", found: "\(resolution)", expected: "\(side), as the other networks have")
    }
  }

  package func tensors(in model: ModelSpecification) -> [TensorRequirement] {
    let inputs = featureChannels * featureSide * featureSide
    return residualTrunk("judge", [imageChannels, stemChannels] + blockChannels)
      + weightAndBias("judge.dense", [names.count, inputs], .outputWeight)
  }
}
