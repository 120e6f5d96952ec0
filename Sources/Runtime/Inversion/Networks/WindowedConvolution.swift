import Quant
import Runtime

/// A convolution of any size and stride: the engine's own where it has one, else windows as channels and a 1×1 convolution.
struct WindowedConvolution: Sendable {
  fileprivate let weights: ConvolutionWeights
  /// Nil for a convolution that the engine has.
  fileprivate let patches: Patches?

  func append(
    to graph: inout Graph, _ input: TensorID, activation: Activation = .none
  ) throws(GraphError) -> TensorID {
    var features = input
    if let patches { features = try graph.append(patches, features) }
    return try graph.append(Convolution(weights, activation: activation), features)
  }
}

extension WeightLoader {
  /// Weights `prefix.weight` [O, I, k, k] and `prefix.bias` [O].
  func windowedConvolution(
    _ prefix: String, kernel: Int, stride: Int = 1, padding: Int
  ) throws(InversionError) -> WindowedConvolution {
    if (kernel == 3 || kernel == 1), stride == 1, padding == kernel / 2 {
      return WindowedConvolution(weights: try convolution(prefix, form: .same(kernel: kernel)), patches: nil)
    }
    return WindowedConvolution(
      weights: try flattenedConvolution(prefix),
      patches: Patches(kernel: kernel, stride: stride, padding: padding))
  }
}
