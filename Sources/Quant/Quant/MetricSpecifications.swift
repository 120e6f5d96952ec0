/// LPIPS (Zhang et al., CVPR 2018), version 0.1: AlexNet's or VGG16's features at five depths, brought to unit length over the
/// channels, squared difference, weighted sum over the channels, mean over the pixels, sum over the depths.
///
/// Tensors, for convolution `i` and depth `t`, whose features are those behind the ReLU:
///
/// | name | shape |
/// |---|---|
/// | `lpips.conv.{i}.weight`, `.bias` | [Cout, Cin, k, k], [Cout]; the first carries the scale of the input |
/// | `lpips.linear.{t}` | [C]: the weights of the channels, 0 or more |
package struct LPIPSSpecification: Codable, Equatable, Sendable {
  package enum Network: String, Codable, CaseIterable, Sendable {
    case alex, vgg
  }

  package struct Layer: Sendable {
    package var kernel = 3, stride = 1, padding = 1
    /// Whether a maximum pooling of stride 2 is before it: 3×3 in AlexNet, 2×2 in VGG16.
    package var isPooled = false
    /// Whether its output is compared.
    package var isCompared = false
  }

  package var network: Network
  /// Output channels of the convolutions.
  package var channels: [Int]
  /// Added to the R, G and B planes.
  package var inputShift: [Float]

  package init(network: Network, channels: [Int], inputShift: [Float]) {
    self.network = network
    self.channels = channels
    self.inputShift = inputShift
  }

  package var layers: [Layer] { network.layers }
  /// Output channels of the layers that are compared.
  package var comparedChannels: [Int] { zip(layers, channels).filter(\.0.isCompared).map(\.1) }
}

extension LPIPSSpecification.Network {
  /// Of the convolutions, as torchvision has them.
  package var layers: [LPIPSSpecification.Layer] {
    typealias Layer = LPIPSSpecification.Layer
    switch self {
    case .alex:
      return [
        Layer(kernel: 11, stride: 4, padding: 2, isCompared: true),
        Layer(kernel: 5, padding: 2, isPooled: true, isCompared: true), Layer(isPooled: true, isCompared: true),
        Layer(isCompared: true), Layer(isCompared: true),
      ]
    case .vgg:
      let (pooled, compared): (Set<Int>, Set<Int>) = ([2, 4, 7, 10], [1, 3, 6, 9, 12])
      return (0..<13).map { Layer(isPooled: pooled.contains($0), isCompared: compared.contains($0)) }
    }
  }

  /// The smallest side of an image of which a pixel is left at each depth.
  package var leastSide: Int { self == .alex ? 32 : 16 }
}

extension LPIPSSpecification: NetworkSpecification {
  package static var part: NetworkPart { .lpips }
  package static var place: WritableKeyPath<ModelSpecification, Self?> { \.lpips }

  package func validate(in model: ModelSpecification) throws(ModelFileError) {
    guard channels.count == layers.count else {
      throw .specification(
        field: "lpips.channels", found: "\(channels.count) convolutions",
        expected: "\(layers.count), as \(network.rawValue) has")
    }
    let limit = ModelSpecification.extentLimit
    guard channels.allSatisfy({ (1...limit).contains($0) }) else {
      throw .specification(field: "lpips.channels", found: "\(channels)", expected: "widths from 1 to \(limit)")
    }
    guard inputShift.count == 3, inputShift.allSatisfy(\.isFinite) else {
      throw .specification(field: "lpips.inputShift", found: "\(inputShift)", expected: "three finite numbers")
    }
  }
}

/// The network that tells whether two pictures show one person: IR-SE50 of ArcFace (Deng et al., CVPR 2019), as e4e and pSp
/// measure their identity loss with it.
///
/// An image is brought to 256×256, the face is cut out (`crop`) and brought to 112×112 by means of windows. The units are those of
/// `StyleHeadsSpecification`; the head is dense, with its normalizations folded. Pictures are as alike as the cosine of the
/// angle between their outputs. The images are faces aligned as in FFHQ.
///
/// Tensors: `identity.stem…`, `identity.unit.{i}…` as `StyleHeadsSpecification`'s; `identity.head.weight` [F, C·7·7], `.bias` [F].
package struct IdentitySpecification: Codable, Equatable, Sendable {
  package var stemChannels: Int
  /// Widths of the stages, their units, and channels of the squeezed mean.
  package var blockChannels: [Int]
  package var units: [Int]
  package var squeezed: [Int]
  /// Length of the output.
  package var featureCount: Int

  package init(stemChannels: Int, blockChannels: [Int], units: [Int], squeezed: [Int], featureCount: Int) {
    self.stemChannels = stemChannels
    self.blockChannels = blockChannels
    self.units = units
    self.squeezed = squeezed
    self.featureCount = featureCount
  }

  /// Side of the images that the face is cut out of, of what the network reads, and of its last map.
  package static let imageSide = 256, side = 112, lastSide = 7
  /// Rows and columns of the face.
  package static let cropRows = 35..<223, cropColumns = 32..<220
}

extension IdentitySpecification: NetworkSpecification {
  package static var part: NetworkPart { .identity }
  package static var place: WritableKeyPath<ModelSpecification, Self?> { \.identity }

  package func validate(in model: ModelSpecification) throws(ModelFileError) {
    let limit = ModelSpecification.extentLimit
    guard blockChannels.count == 4, units.count == 4, squeezed.count == 4 else {
      throw .specification(
        field: "identity.blockChannels, units, squeezed", found: "\(blockChannels), \(units), \(squeezed)",
        expected: "four of each")
    }
    guard ([stemChannels, featureCount] + blockChannels + squeezed).allSatisfy({ (1...limit).contains($0) }),
      units.allSatisfy({ (1...128).contains($0) })
    else {
      throw .specification(
        field: "identity.stemChannels, blockChannels, squeezed, featureCount, units",
        found: "\(stemChannels), \(blockChannels), \(squeezed), \(featureCount), \(units)",
        expected: "widths from 1 to \(limit), and 1 to 128 units in a stage")
    }
  }
}

extension LPIPSSpecification {
  package func tensors(in model: ModelSpecification) -> [TensorRequirement] {
    var list: [TensorRequirement] = [], inputs = 3
    for (index, (layer, outputs)) in zip(layers, channels).enumerated() {
      let shape = [outputs, inputs, layer.kernel, layer.kernel]
      list.append(TensorRequirement(name: "lpips.conv.\(index).weight", shape: shape, role: .outputWeight))
      list.append(TensorRequirement(name: "lpips.conv.\(index).bias", shape: [outputs], role: .vector))
      inputs = outputs
    }
    for (depth, channels) in comparedChannels.enumerated() {
      list.append(TensorRequirement(name: "lpips.linear.\(depth)", shape: [channels], role: .vector))
    }
    return list
  }
}

extension IdentitySpecification {
  package func tensors(in model: ModelSpecification) -> [TensorRequirement] {
    let inputs = (blockChannels.last ?? 0) * Self.lastSide * Self.lastSide
    return improvedResidualTensors(
      "identity", stem: [stemChannels, 3], channels: blockChannels, units: units, squeezed: squeezed,
      role: .outputWeight
    ) + [
      TensorRequirement(name: "identity.head.weight", shape: [featureCount, inputs], role: .outputWeight),
      TensorRequirement(name: "identity.head.bias", shape: [featureCount], role: .vector),
    ]
  }
}
