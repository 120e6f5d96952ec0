import Quant
import Runtime

/// How the networks fetch their weights out of a model file, and what they fetched.
final class WeightLoader {
  let file: ModelFile
  let memory: MemoryPolicy
  /// Convolutions by the names of their weights; those not named are refused.
  let int8: [String: Int8Permission]
  private(set) var convolutions: [ConvolutionWeights] = []
  private(set) var denses: [DenseLayerWeights] = []

  init(_ file: ModelFile, memory: MemoryPolicy, int8: [String: Int8Permission]) {
    self.file = file
    self.memory = memory
    self.int8 = int8
  }

  private func tensor(_ name: String) throws(InversionError) -> WeightTensor {
    try wrapModel { () throws(ModelFileError) in try file.tensor(name) }
  }

  /// A small tensor, dequantised.
  func values(_ name: String) throws(InversionError) -> [Float] { try tensor(name).floats() }

  /// Convolution weights `prefix.weight` [O, I, k, k] and, unless told otherwise, `prefix.bias` [O]. They are read and
  /// packed when a graph first needs them; the file's pages are given back afterwards.
  func convolution(
    _ prefix: String, form: ConvolutionForm, hasBias: Bool = true
  ) throws(InversionError) -> ConvolutionWeights {
    let weight = try tensor("\(prefix).weight")
    let loaded = ConvolutionWeights(
      weight, form: form, bias: hasBias ? try values("\(prefix).bias") : nil,
      storage: memory.convolutions[weight.name] ?? .fastest, int8: int8[weight.name] ?? .refused)
    convolutions.append(loaded)
    return loaded
  }

  /// Dense weights `prefix.weight` [O, I] and `prefix.bias` [O], used where they lie.
  func dense(_ prefix: String) throws(InversionError) -> DenseLayerWeights {
    let weight = try tensor("\(prefix).weight")
    let bias = try values("\(prefix).bias")
    let loaded = try wrapGraph { () throws(GraphError) in
      try DenseLayerWeights(weight, bias: bias, isStreamed: memory.streamsDense)
    }
    denses.append(loaded)
    return loaded
  }
}
