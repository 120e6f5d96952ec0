import Quant
import Runtime

/// How the networks fetch their weights out of a model file.
extension ModelFile {
  /// A small tensor, dequantised.
  func values(_ name: String) throws(InversionError) -> [Float] {
    try wrapModel { () throws(ModelFileError) in try tensor(name) }.floats()
  }

  /// Convolution weights `prefix.weight` [O, I, k, k] and, unless told otherwise, `prefix.bias` [O]. They are read and
  /// packed when a graph first needs them; the file's pages are given back afterwards.
  func convolution(
    _ prefix: String, form: ConvolutionForm, hasBias: Bool = true
  ) throws(InversionError) -> ConvolutionWeights {
    let weight = try wrapModel { () throws(ModelFileError) in try tensor("\(prefix).weight") }
    return ConvolutionWeights(
      name: weight.name, outputChannels: weight.shape[0], inputChannels: weight.shape[1], form: form,
      bias: hasBias ? try values("\(prefix).bias") : nil, asHalves: weight.dtype != .f32
    ) {
      let values = weight.floats()
      weight.adviseDontNeed()
      return values
    }
  }

  /// Dense weights `prefix.weight` [O, I] and `prefix.bias` [O], used where they lie.
  func dense(_ prefix: String) throws(InversionError) -> DenseLayerWeights {
    let weight = try wrapModel { () throws(ModelFileError) in try tensor("\(prefix).weight") }
    let bias = try values("\(prefix).bias")
    return try wrapGraph { () throws(GraphError) in try DenseLayerWeights(weight, bias: bias) }
  }
}
