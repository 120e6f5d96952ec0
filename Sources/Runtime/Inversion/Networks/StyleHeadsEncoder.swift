import Quant
import Runtime

/// An encoder of pSp, e4e or ReStyle with frozen weights (`StyleHeadsSpecification`): image of 256×256 → w+.
struct StyleHeadsEncoder: EncoderNetwork {
  private let heads: StyleHeadsSpecification
  private let stem: ConvolutionWeights
  /// The same weights for the image so far, in an iterated encoder: the sum of both is the convolution of six channels.
  private let stemBeside: ConvolutionWeights?
  private let stemActivation: ParametricReLU
  private let units: ImprovedResidualUnits
  private let laterals: [ConvolutionWeights]
  private let styles: [Head]
  let startCode: [Float]
  private let columns: Int

  /// Slope of the heads' leaky ReLU.
  private static let slope: Float = 0.01

  /// Convolutions of stride 2 down to one pixel, then a dense layer.
  private struct Head: Sendable {
    let convolutions: [ConvolutionWeights]
    let dense: DenseLayerWeights
    let side: Int
  }

  init(
    _ specification: EncoderSpecification, _ heads: StyleHeadsSpecification, from weights: WeightLoader
  ) throws(InversionError) {
    self.heads = heads
    (stem, stemBeside) = try weights.stem("encoder.stem", images: heads.iterations == nil ? 1 : 2)
    stemActivation = ParametricReLU(try weights.values("encoder.stem.slope"))
    units = try ImprovedResidualUnits(
      "encoder", stem: specification.stemChannels, channels: specification.blockChannels, units: heads.units,
      from: weights)
    var laterals: [ConvolutionWeights] = []
    for index in 0..<(heads.usesPyramid ? 2 : 0) {
      laterals.append(try weights.convolution("encoder.lateral.\(index)", form: .same(kernel: 1)))
    }
    self.laterals = laterals
    var styles: [Head] = []
    for index in 0..<specification.layerCount {
      let side = heads.mapSide(ofHead: index)
      var convolutions: [ConvolutionWeights] = []
      for step in 0..<side.trailingZeroBitCount {
        // A hundred of them, of a million weights each and on few pixels: one copy serves both directions.
        convolutions.append(
          try weights.convolution("encoder.head.\(index).conv.\(step)", form: .downsample2x, storage: .compact))
      }
      styles.append(
        Head(convolutions: convolutions, dense: try weights.dense("encoder.head.\(index).dense"), side: side))
    }
    self.styles = styles
    startCode = try weights.values("encoder.start")
    columns = specification.layerCount * specification.wDimension
  }

  func append(to graph: inout Graph, _ image: TensorID, beside: TensorID?) throws(GraphError) -> TensorID {
    var features = try graph.append(Convolution(stem), image)
    if let stemBeside, let beside {
      features = try graph.append(Sum(), features, try graph.append(Convolution(stemBeside), beside))
    }
    let maps = try units.append(to: &graph, try graph.append(stemActivation, features))
    var bySide = [16: maps[3]]
    if heads.usesPyramid {
      bySide[32] = try appendFiner(to: &graph, maps[3], maps[2], laterals[0], side: 32)
      bySide[64] = try appendFiner(to: &graph, bySide[32]!, maps[1], laterals[1], side: 64)
    }
    var rows: [TensorID] = []
    for head in styles { rows.append(try append(head, to: &graph, bySide[head.side]!)) }
    var code = try graph.append(Concatenate(), rows)
    if heads.isProgressive {
      // Row 0 is w, the others what they differ from it: add w to all but the first.
      let width = columns / rows.count
      let first = try graph.append(Tile(count: rows.count), rows[0])
      let mask = [Float](repeating: 0, count: width) + [Float](repeating: 1, count: columns - width)
      code = try graph.append(Sum(), code, try graph.append(ColumnAffine(scale: mask, shift: nil), first))
    }
    return code
  }

  /// The coarser map, enlarged, plus a convolution of a finer one.
  private func appendFiner(
    to graph: inout Graph, _ coarse: TensorID, _ fine: TensorID, _ lateral: ConvolutionWeights, side: Int
  ) throws(GraphError) -> TensorID {
    let enlarged = try graph.append(Resize(height: side, width: side, method: .bilinear), coarse)
    return try graph.append(Sum(), enlarged, try graph.append(Convolution(lateral), fine))
  }

  private func append(_ head: Head, to graph: inout Graph, _ map: TensorID) throws(GraphError) -> TensorID {
    var features = map
    for convolution in head.convolutions {
      features = try graph.append(
        Convolution(convolution, activation: .leakyReLU(slope: Self.slope)), features)
    }
    return try graph.append(Dense(head.dense), try graph.append(Flatten(), features))
  }
}
