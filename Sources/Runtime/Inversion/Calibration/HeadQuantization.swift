import Quant
import Runtime

/// The dense heads of an encoder in 8 bits, with biases that take back what the rounding of the weights adds on average.
///
/// Most of what a head reads is alike for all pictures, so that most of the rounding's effect is a constant of each output.
struct HeadQuantization {
  struct Head {
    /// Of its weights.
    var name: String
    var bias: [Float]
    var weights: DenseLayerWeights
  }

  let heads: [Head]

  /// - Parameter images: what the average is taken over.
  /// - Throws: `.graph`, `.model`.
  init(_ names: [String], of model: Model, images: [[Float]], kernels: Kernels) throws(InversionError) {
    let means = try Self.means(of: names, model, images, kernels)
    var heads: [Head] = []
    for name in names {
      guard let mean = means[name] else { continue }
      let tensor = try wrapModel { () throws(ModelFileError) in try model.file.tensor(name) }
      let biasName = Self.biasName(of: name)
      let bias = try wrapModel { () throws(ModelFileError) in try model.file.tensor(biasName).floats() }
      let rounded = DenseLayerWeights(rounding: tensor)
      let (before, after) = try wrapGraph { () throws(GraphError) in
        (
          try Self.product(try DenseLayerWeights(tensor, bias: nil), mean, kernels),
          try Self.product(rounded, mean, kernels)
        )
      }
      tensor.adviseDontNeed()
      let corrected = bias.indices.map { bias[$0] + (before[$0] - after[$0]) }
      guard let weights = rounded.replacingBias(corrected) else { continue }
      heads.append(Head(name: name, bias: corrected, weights: weights))
    }
    self.heads = heads
  }

  static func biasName(of weights: String) -> String { String(weights.dropLast("weight".count)) + "bias" }

  private static func product(
    _ weights: DenseLayerWeights, _ input: [Float], _ kernels: Kernels
  ) throws(GraphError) -> [Float] {
    var graph = Graph()
    let x = graph.input(.matrix(rows: 1, columns: input.count))
    let y = try graph.append(Dense(weights), x)
    graph.markOutput(y)
    return try PreparedGraph(graph, kernels: kernels).run([(x, input)], reading: [y])[0]
  }

  /// What each head reads, on average over the images.
  private static func means(
    of names: [String], _ model: Model, _ images: [[Float]], _ kernels: Kernels
  ) throws(InversionError) -> [String: [Float]] {
    let encoder = try model.encoder(), side = try model.imageResolution()
    let average = try model.averageImage(kernels: kernels)
    return try wrapGraph { () throws(GraphError) in
      var graph = Graph()
      let image = graph.input(
        .image(batch: 1, channels: encoder.specification.imageChannels, height: side, width: side))
      graph.markOutput(try encoder.append(to: &graph, image, average: average))
      var inputs: [(name: String, tensor: TensorID)] = []
      for node in graph.nodes {
        guard let name = (node.operation as? Dense)?.weights.name, names.contains(name) else { continue }
        graph.markOutput(node.inputs[0])
        inputs.append((name, node.inputs[0]))
      }
      let prepared = try PreparedGraph(graph, kernels: kernels, arena: model.arena)
      var sums: [String: [Double]] = [:]
      for values in images {
        for (read, input) in zip(prepared.run([(image, values)], reading: inputs.map(\.tensor)), inputs) {
          var sum = sums[input.name] ?? [Double](repeating: 0, count: read.count)
          for i in read.indices { sum[i] += Double(read[i]) }
          sums[input.name] = sum
        }
      }
      return sums.mapValues { sum in sum.map { Float($0 / Double(max(1, images.count))) } }
    }
  }
}
