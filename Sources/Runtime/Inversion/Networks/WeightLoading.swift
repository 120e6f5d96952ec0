import Quant
import Runtime

/// Weights that a model need not load, by their names.
struct ReusedWeights {
  /// Only with the same permission for 8 bits.
  var convolutions: [String: ConvolutionWeights] = [:]
  var denses: [String: DenseLayerWeights] = [:]
}

/// How the networks fetch their weights out of a model file, and what they fetched.
final class WeightLoader {
  let file: ModelFile
  let memory: MemoryPolicy
  /// Convolutions by the names of their weights; those not named are refused.
  let int8: [String: Int8Permission]
  /// What another model of the same file has already loaded, by the names of the weights.
  private let reused: ReusedWeights
  private(set) var convolutions: [ConvolutionWeights] = []
  private(set) var denses: [DenseLayerWeights] = []
  private(set) var squares: [SquaredWeights] = []

  init(
    _ file: ModelFile, memory: MemoryPolicy, int8: [String: Int8Permission], reusing: ReusedWeights = ReusedWeights()
  ) {
    self.file = file
    self.memory = memory
    self.int8 = int8
    reused = reusing
  }

  private func tensor(_ name: String) throws(InversionError) -> WeightTensor {
    try wrapModel { () throws(ModelFileError) in try file.tensor(name) }
  }

  /// A small tensor, dequantized.
  func values(_ name: String) throws(InversionError) -> [Float] { try tensor(name).floats() }

  /// Convolution weights `prefix.weight` [O, I, k, k] and, unless told otherwise, `prefix.bias` [O]. They are read and
  /// packed when a graph first needs them; the file's pages are given back afterwards.
  ///
  /// - Parameter storage: where the policy names none, unless the file has floats: then the fastest.
  func convolution(
    _ prefix: String, form: ConvolutionForm, hasBias: Bool = true, storage: WeightStorage = .fastest
  ) throws(InversionError) -> ConvolutionWeights {
    let weight = try tensor("\(prefix).weight"), permission = int8[weight.name] ?? .refused
    if let known = reused.convolutions[weight.name], known.int8 == permission {
      convolutions.append(known)
      return known
    }
    let loaded = ConvolutionWeights(
      weight, form: form, bias: hasBias ? try values("\(prefix).bias") : nil,
      storage: memory.convolutions[weight.name] ?? (weight.dtype == .f32 ? .fastest : storage), int8: permission)
    convolutions.append(loaded)
    return loaded
  }

  /// Weights `prefix.weight` [O, I, k, k] and `prefix.bias` [O] as those of a 1×1 convolution that reads windows as channels.
  func flattenedConvolution(_ prefix: String) throws(InversionError) -> ConvolutionWeights {
    let weight = try tensor("\(prefix).weight")
    let loaded = ConvolutionWeights(
      name: weight.name, outputChannels: weight.shape[0], inputChannels: weight.shape[1...].reduce(1, *),
      form: .same(kernel: 1), bias: try values("\(prefix).bias"), mayBeHalves: weight.dtype != .f32
    ) { weight.floats() }
    convolutions.append(loaded)
    return loaded
  }

  /// A convolution of several images, `prefix.weight` [O, images · 3, 3, 3] and `prefix.bias` [O], as one for each: their
  /// outputs add up. The first has the bias.
  func stem(
    _ prefix: String, images: Int
  ) throws(InversionError) -> (first: ConvolutionWeights, second: ConvolutionWeights?) {
    guard images == 2 else { return (try convolution(prefix, form: .same(kernel: 3)), nil) }
    let weight = try tensor("\(prefix).weight"), bias = try values("\(prefix).bias")
    let (outputs, channels) = (weight.shape[0], weight.shape[1] / 2)
    func half(_ index: Int) -> ConvolutionWeights {
      let loaded = ConvolutionWeights(
        name: weight.name, outputChannels: outputs, inputChannels: channels, form: .same(kernel: 3),
        bias: index == 0 ? bias : nil, mayBeHalves: weight.dtype != .f32
      ) {
        let values: [Float] = weight.floats(), count = channels * 9
        var rows: [Float] = []
        rows.reserveCapacity(outputs * count)
        for row in 0..<outputs {
          let start = (2 * row + index) * count
          rows += values[start..<start + count]
        }
        return rows
      }
      convolutions.append(loaded)
      return loaded
    }
    return (half(0), half(1))
  }

  /// A convolution of stride 2 behind StyleGAN2's filter, with weights `prefix.weight` [O, I, 3, 3] and `prefix.bias` [O].
  func downsamplingConvolution(_ prefix: String) throws(InversionError) -> ConvolutionWeights {
    let weight = try tensor("\(prefix).weight")
    let loaded = ConvolutionWeights(
      downsampling: weight, bias: try values("\(prefix).bias"),
      storage: memory.convolutions[weight.name] ?? .fastest)
    convolutions.append(loaded)
    return loaded
  }

  /// The sums of squared weights `prefix.weight` over each kernel.
  func squaredWeights(_ prefix: String) throws(InversionError) -> SquaredWeights {
    let loaded = SquaredWeights(try tensor("\(prefix).weight"))
    squares.append(loaded)
    return loaded
  }

  /// Dense weights `prefix.weight` [O, I] and, unless told otherwise, `prefix.bias` [O], used where they lie.
  func dense(_ prefix: String, hasBias: Bool = true) throws(InversionError) -> DenseLayerWeights {
    let weight = try tensor("\(prefix).weight")
    if let known = reused.denses[weight.name] {
      denses.append(known)
      return known
    }
    let bias = hasBias ? try values("\(prefix).bias") : nil
    let loaded = try wrapGraph { () throws(GraphError) in
      try DenseLayerWeights(weight, bias: bias, isStreamed: memory.streamsDense)
    }
    denses.append(loaded)
    return loaded
  }
}
