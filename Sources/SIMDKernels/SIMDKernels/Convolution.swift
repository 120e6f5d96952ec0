/// The convolutions this library knows.
public enum ConvolutionForm: Hashable, Sendable {
  /// Odd kernel, stride 1, zero padding of (k − 1)/2: 1 and 3.
  case same(kernel: Int)
  /// Nearest-neighbour upsampling by 2, then a 3×3 `same` convolution.
  case upsample2x
}

/// Which of the two linear maps of a convolution.
public enum Direction: Hashable, Sendable {
  /// y = A x.
  case forward
  /// gx = Aᵀ gy.
  case backwardData
}

/// Weights rearranged for one form, one direction and one tier.
public final class PackedConvolution: Sendable {
  public let outputChannels: Int, inputChannels: Int
  public let form: ConvolutionForm
  public let direction: Direction

  /// - Parameter weights: `[O][I][k][k]`, row-major, in forward orientation for both directions; copied.
  public init(
    weights: UnsafeBufferPointer<Float>, outputChannels: Int, inputChannels: Int, form: ConvolutionForm,
    direction: Direction, kernels: Kernels
  ) {
    self.outputChannels = outputChannels
    self.inputChannels = inputChannels
    self.form = form
    self.direction = direction
  }

  public convenience init(
    weights: [Float], outputChannels: Int, inputChannels: Int, form: ConvolutionForm, direction: Direction,
    kernels: Kernels
  ) {
    let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: weights.count)
    defer { copy.deallocate() }
    _ = copy.initialize(from: weights)
    self.init(
      weights: UnsafeBufferPointer(copy), outputChannels: outputChannels, inputChannels: inputChannels,
      form: form, direction: direction, kernels: kernels)
  }

  /// Bytes of packed weights.
  public var byteCount: Int { 0 }
}

/// A packed convolution bound to shapes: blocking, tables and workspace are decided here, once.
public final class ConvolutionPlan: Sendable {
  public let packed: PackedConvolution
  public let input: BlockedShape, output: BlockedShape

  /// `input` is what the operator reads (gy for `backwardData`) and needs halo 1 unless the kernel is 1×1.
  public init(_ packed: PackedConvolution, input: BlockedShape, output: BlockedShape, kernels: Kernels) {
    self.packed = packed
    self.input = input
    self.output = output
  }

  /// Bytes of scratch memory `convolve` needs, 64-byte aligned; 0 if none.
  public var workspaceByteCount: Int { 0 }
}

extension Kernels {
  /// output = activation(A input + bias), or Aᵀ input for `backwardData`. Buffers do not overlap.
  ///
  /// - Parameter bias: `[output channels padded to 16]`, padding zero.
  public func convolve(
    _ plan: ConvolutionPlan, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    bias: UnsafePointer<Float>? = nil, activation: Activation = .none, workspace: UnsafeMutableRawPointer? = nil
  ) { preconditionFailure("not yet") }
}
