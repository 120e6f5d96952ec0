import Quant

/// The mean of w over random z, for generators that were stored without it (Karras et al., CVPR 2019, appendix B).
enum MappingMean {
  /// Standard deviations of the mean are 1/64 of those of w.
  static let sampleCount = 4096

  /// A mapping layer with all constants folded in: [O, I] and [O]; behind it a leaky ReLU of slope 0.2.
  typealias Layer = (weights: [Float], bias: [Float])

  /// The layers of a StyleGAN, folded.
  ///
  /// - Parameters:
  ///   - inputs: dimension of z.
  ///   - widths: output features of each mapping layer.
  /// - Throws: as `PartReader.floats`.
  static func layers(_ reader: PartReader, inputs: Int, widths: [Int]) throws(CheckpointError) -> [Layer] {
    var layers: [Layer] = []
    var width = inputs
    for (layer, features) in widths.enumerated() {
      let multiplier = 0.01
      let scale = Folding.weightScale(fanIn: max(1, width)) * multiplier
      layers.append(
        (
          Folding.scaled(try reader.floats(TensorNames.Mapping.weight(layer)), by: scale),
          Folding.scaled(try reader.floats(TensorNames.Mapping.bias(layer)), by: multiplier)
        ))
      width = features
    }
    return layers
  }

  /// [D], or [L·D] where the mapping network gives a w to each layer. The same numbers each time: z have a fixed seed.
  static func estimate(_ layers: [Layer]) -> [Float] {
    guard let first = layers.first, let last = layers.last, !first.bias.isEmpty else { return [] }
    let inputs = first.weights.count / first.bias.count, width = last.bias.count
    var random = TorchRandom(seed: 0)
    var sums = [Double](repeating: 0, count: width)
    for _ in 0..<Self.sampleCount / 16 {
      var rows = Self.normalized(random.normals(16 * inputs), width: inputs)
      for layer in layers { rows = Self.dense(rows, layer.weights, layer.bias) }
      for (index, row) in rows.enumerated() { sums[index] += Double(row.sum()) }
    }
    return sums.map { Float($0 / Double(Self.sampleCount)) }
  }

  /// Sixteen z side by side, one in each lane: z / √(mean z² + 1e-8).
  private static func normalized(_ values: [Float], width: Int) -> [SIMD16<Float>] {
    var rows = [SIMD16<Float>](repeating: .zero, count: width)
    for lane in 0..<16 {
      for index in 0..<width { rows[index][lane] = values[lane * width + index] }
    }
    var squares = SIMD16<Float>.zero
    for row in rows { squares += row * row }
    let factor = 1 / (squares / Float(width) + 1e-8).squareRoot()
    return rows.map { $0 * factor }
  }

  /// φ(W·x + b), φ the leaky ReLU of slope 0.2.
  private static func dense(_ rows: [SIMD16<Float>], _ weights: [Float], _ bias: [Float]) -> [SIMD16<Float>] {
    bias.indices.map { output in
      var sum = SIMD16<Float>(repeating: bias[output])
      let start = output * rows.count
      for index in rows.indices { sum += rows[index] * weights[start + index] }
      return pointwiseMax(sum, sum * 0.2)
    }
  }
}
