/// Weights rearranged for one form, one direction and one tier.
///
/// Backward data is a convolution of its own: it maps gradients of `outputChannels` to gradients of `inputChannels`.
public final class PackedConvolution: Sendable {
  /// Channels of the convolution as trained (those of x and y, whatever the direction).
  public let outputChannels: Int, inputChannels: Int
  public let form: ConvolutionForm
  public let direction: Direction
  /// How it is computed.
  let algorithm: Algorithm

  enum Algorithm: Sendable {
    case direct(DirectWeights)
  }

  /// - Parameters:
  ///   - weights: `[O][I][k][k]`, row-major, in forward orientation for both directions; copied.
  ///   - kernels: the table that will run it.
  public init(
    weights: UnsafeBufferPointer<Float>, outputChannels: Int, inputChannels: Int, form: ConvolutionForm,
    direction: Direction, kernels: Kernels
  ) {
    let k = form.kernel
    precondition(k == 1 || k == 3, "kernels of 1×1 and 3×3 only")
    precondition(weights.count == outputChannels * inputChannels * k * k, "weights must be [O][I][k][k]")
    self.outputChannels = outputChannels
    self.inputChannels = inputChannels
    self.form = form
    self.direction = direction
    let source = ConvolutionWeights(
      weights: weights, kernel: k, inputChannels: inputChannels, isTransposed: direction == .backwardData)
    algorithm = .direct(
      DirectWeights(
        source, geometry: ConvolutionGeometry(form, direction),
        inputs: direction == .forward ? inputChannels : outputChannels,
        outputs: direction == .forward ? outputChannels : inputChannels, kernels: kernels))
  }

  /// The same from an array.
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
  public var byteCount: Int {
    switch algorithm {
    case .direct(let weights): weights.storage.count &* 4
    }
  }

  /// Channels that `convolve` reads and writes.
  var sourceChannels: Int { direction == .forward ? inputChannels : outputChannels }
  var targetChannels: Int { direction == .forward ? outputChannels : inputChannels }
}

/// Weights as they come, seen from the direction at hand: `o` and `c` are channels written and read.
struct ConvolutionWeights {
  var weights: UnsafeBufferPointer<Float>
  var kernel: Int
  var inputChannels: Int
  var isTransposed: Bool

  /// The kernel that connects the channels, row-major.
  @inline(__always) func base(o: Int, c: Int) -> UnsafePointer<Float> {
    weights.baseAddress! + (isTransposed ? c &* inputChannels &+ o : o &* inputChannels &+ c) &* kernel &* kernel
  }
}
