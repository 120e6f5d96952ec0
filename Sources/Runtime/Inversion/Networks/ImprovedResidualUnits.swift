import Quant
import Runtime

/// The IR-SE units of ArcFace's networks (Deng et al., CVPR 2019), which the encoders of pSp's family share: improved residual
/// units with squeeze and excitation (Hu et al., CVPR 2018).
///
/// Unit: shortcut(x) + SE(conv2(PReLU(conv1(norm(x))))). The first unit of each stage has stride 2. Normalizations behind
/// convolutions are folded into them.
struct ImprovedResidualUnits: Sendable {
  private let stages: [[Unit]]

  private struct Unit: Sendable {
    let isStrided: Bool
    let normalization: ChannelAffine
    let conv1: ConvolutionWeights
    let activation: ParametricReLU
    let conv2: ConvolutionWeights
    let squeeze: DenseLayerWeights
    let excite: DenseLayerWeights
    /// Nil where the width stays: then the shortcut is the image, subsampled.
    let shortcut: ConvolutionWeights?
  }

  /// - Parameters:
  ///   - prefix: of the tensors' names, before `unit.0`.
  ///   - stem: channels of the input.
  ///   - channels, units: of each stage.
  init(
    _ prefix: String, stem: Int, channels: [Int], units: [Int], from weights: WeightLoader
  ) throws(InversionError) {
    var stages: [[Unit]] = [], inputs = stem, index = 0
    for (outputs, count) in zip(channels, units) {
      var stage: [Unit] = []
      for position in 0..<count {
        let name = "\(prefix).unit.\(index)", isStrided = position == 0
        stage.append(
          Unit(
            isStrided: isStrided,
            normalization: ChannelAffine(
              scale: try weights.values("\(name).scale"), shift: try weights.values("\(name).shift")),
            conv1: try weights.convolution("\(name).conv1", form: .same(kernel: 3), hasBias: false),
            activation: ParametricReLU(try weights.values("\(name).conv1.slope")),
            conv2: try weights.convolution("\(name).conv2", form: isStrided ? .downsample2x : .same(kernel: 3)),
            squeeze: try weights.dense("\(name).squeeze", hasBias: false),
            excite: try weights.dense("\(name).excite", hasBias: false),
            shortcut: inputs == outputs ? nil : try weights.convolution("\(name).shortcut", form: .same(kernel: 1))))
        inputs = outputs
        index += 1
      }
      stages.append(stage)
    }
    self.stages = stages
  }

  /// - Returns: the map behind each stage.
  func append(to graph: inout Graph, _ features: TensorID) throws(GraphError) -> [TensorID] {
    var features = features, maps: [TensorID] = []
    for stage in stages {
      for unit in stage { features = try append(unit, to: &graph, features) }
      maps.append(features)
    }
    return maps
  }

  private func append(
    _ unit: Unit, to graph: inout Graph, _ features: TensorID
  ) throws(GraphError) -> TensorID {
    var residual = try graph.append(unit.normalization, features)
    residual = try graph.append(Convolution(unit.conv1), residual)
    residual = try graph.append(unit.activation, residual)
    residual = try graph.append(Convolution(unit.conv2), residual)
    let squeezed = try graph.append(
      Dense(unit.squeeze, activation: .leakyReLU(slope: 0)), try graph.append(ChannelMean(), residual))
    let gate = try graph.append(Sigmoid(), try graph.append(Dense(unit.excite), squeezed))
    residual = try graph.append(ChannelScale(), residual, gate)
    var shortcut = features
    if unit.isStrided { shortcut = try graph.append(Subsample(stride: 2), shortcut) }
    if let weights = unit.shortcut { shortcut = try graph.append(Convolution(weights), shortcut) }
    return try graph.append(Sum(), residual, shortcut)
  }
}
