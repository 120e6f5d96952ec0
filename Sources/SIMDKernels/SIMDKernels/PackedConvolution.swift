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
    case winograd(WinogradWeights)
    case reducedWinograd(ReducedWinogradWeights)
    case int8(Int8Weights)
  }

  /// - Parameters:
  ///   - weights: `[O][I][k][k]`, row-major, in forward orientation for both directions; copied.
  ///   - kernels: the table that will run it.
  ///   - input: the shape it will read, which decides the algorithm if `algorithm` is nil; direct if both are nil.
  ///   - algorithm: asks for one. Winograd's takes extents that are multiples of `ConvolutionAlgorithm.winogradMultiple`;
  ///     `reducedWinograd` is `winograd` where the tier has no 16-bit products.
  public init(
    weights: UnsafeBufferPointer<Float>, outputChannels: Int, inputChannels: Int, form: ConvolutionForm,
    direction: Direction, kernels: Kernels, input: BlockedShape? = nil, algorithm: ConvolutionAlgorithm? = nil
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
    let inputs = direction == .forward ? inputChannels : outputChannels
    let outputs = direction == .forward ? outputChannels : inputChannels
    let preferred = input.map {
      ConvolutionAlgorithm.preferred(form: form, direction: direction, input: $0, outputChannels: outputs)
    }
    let choice = algorithm ?? preferred?.algorithm ?? .direct
    if choice == .int8 {
      self.algorithm = .int8(
        Int8Weights(
          source, geometry: ConvolutionGeometry(form, direction), inputs: inputs, outputs: outputs, kernels: kernels))
    } else if choice == .reducedWinograd, let winograd = WinogradForm(form, direction),
      let reduced = kernels.table.reduced
    {
      self.algorithm = .reducedWinograd(
        ReducedWinogradWeights(
          source, form: winograd, inputs: inputs, outputs: outputs, operand: reduced.operand, kernels: kernels))
    } else if choice != .direct, let winograd = WinogradForm(form, direction) {
      self.algorithm = .winograd(
        WinogradWeights(source, form: winograd, inputs: inputs, outputs: outputs, kernels: kernels))
    } else {
      self.algorithm = .direct(
        DirectWeights(
          source, geometry: ConvolutionGeometry(form, direction), inputs: inputs, outputs: outputs,
          kernels: kernels))
    }
  }

  /// The same from an array.
  public convenience init(
    weights: [Float], outputChannels: Int, inputChannels: Int, form: ConvolutionForm, direction: Direction,
    kernels: Kernels, input: BlockedShape? = nil, algorithm: ConvolutionAlgorithm? = nil
  ) {
    let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: weights.count)
    defer { copy.deallocate() }
    _ = copy.initialize(from: weights)
    self.init(
      weights: UnsafeBufferPointer(copy), outputChannels: outputChannels, inputChannels: inputChannels,
      form: form, direction: direction, kernels: kernels, input: input, algorithm: algorithm)
  }

  /// Compact weights, whose memory is theirs: both directions may share them.
  ///
  /// - Parameter algorithm: `winograd` asks for its transforms just before use; else it is direct.
  public init(
    _ weights: CompactWeights, form: ConvolutionForm, direction: Direction, kernels: Kernels,
    algorithm: ConvolutionAlgorithm = .direct
  ) {
    precondition(weights.kernel == form.kernel, "weights of another kernel")
    outputChannels = weights.outputs
    inputChannels = weights.inputs
    self.form = form
    self.direction = direction
    let isTransposed = direction == .backwardData
    if algorithm != .direct, let winograd = WinogradForm(form, direction) {
      self.algorithm = .winograd(
        WinogradWeights(weights, form: winograd, isTransposed: isTransposed, kernels: kernels))
    } else {
      self.algorithm = .direct(
        DirectWeights(
          weights, geometry: ConvolutionGeometry(form, direction), isTransposed: isTransposed, kernels: kernels))
    }
  }

  /// Backward data on the weights that `forward` holds: no memory of its own.
  ///
  /// As fast as an own packing from about 256 channels on 64×64 pixels to 512 on 32×32; slower by half with fewer
  /// channels on more pixels, where an own packing is small anyway, and with few pixels.
  ///
  /// Nil unless `forward` is the forward direction of a 3×3 `same` convolution by Winograd's algorithm.
  public init?(sharingWeightsOf forward: PackedConvolution, kernels: Kernels) {
    guard case .winograd(let weights) = forward.algorithm, forward.form == .same(kernel: 3),
      forward.direction == .forward
    else { return nil }
    outputChannels = forward.outputChannels
    inputChannels = forward.inputChannels
    form = forward.form
    direction = .backwardData
    algorithm = .winograd(WinogradWeights(adjointOf: weights, kernels: kernels))
  }

  /// Bytes of packed weights of its own; compact ones are not.
  public var byteCount: Int {
    switch algorithm {
    case .direct(let weights): weights.compact == nil ? weights.storage.count &* 4 : 0
    case .winograd(let weights): weights.adjoint == nil && weights.compact == nil ? weights.storage.count &* 4 : 0
    case .reducedWinograd(let weights): weights.byteCount
    case .int8(let weights): weights.byteCount
    }
  }

  /// Bytes of packed weights that one `convolve` reads, its own or shared.
  public var readByteCount: Int {
    switch algorithm {
    case .direct(let weights): weights.readByteCount
    case .winograd(let weights): weights.readByteCount
    case .reducedWinograd(let weights): weights.byteCount
    case .int8(let weights): weights.byteCount
    }
  }

  /// Channels that `convolve` reads and writes.
  var sourceChannels: Int { direction == .forward ? inputChannels : outputChannels }
  var targetChannels: Int { direction == .forward ? outputChannels : inputChannels }
}

/// How a convolution is computed.
public enum ConvolutionAlgorithm: Hashable, Sendable {
  /// Every product of the definition (upsampling: of its four phases). Packed weights are as large as the plain ones
  /// (upsampling: 16/9).
  case direct
  /// Minimal filtering: 4 times (upsampling: 2.56 times) fewer products than direct, packed weights 4 times (2.8; its
  /// adjoint 1.8) the plain ones, and a workspace. Forms without it, 1×1, stay direct.
  case winograd
  /// The same on compact weights, which are transformed chunk by chunk just before use: for few pixels and many channels,
  /// where it saves memory and the way from it.
  case compactWinograd
  /// The same with 16-bit operands, scaled tile by tile and output channel by output channel: twice the rate, half the
  /// packed weights, and an error of about 10⁻⁴ of a layer's output.
  case reducedWinograd
  /// Every product of the definition with operands of 8 bits: four times the rate where the tier has an instruction for
  /// it, a quarter of the weights. Each image is scaled by its largest element, each output channel by its largest weight:
  /// an error of about 1 % of a layer's output.
  case int8

  /// Height and width of the low-resolution side must be multiples of this: 4, upsampling 2.
  public static func winogradMultiple(_ form: ConvolutionForm) -> Int { form == .upsample2x ? 2 : 4 }

  /// The faster of `direct` and `winograd`, by measurement, and how large Winograd's weights are.
  ///
  /// Winograd's needs whole tiles, and a whole block of input channels: the direct algorithm skips missing ones. With
  /// fewer than 16 tiles it pays only while its larger weights stay in a cache. The batch does not matter: images give the
  /// same bits alone and in company.
  public static func preferred(
    form: ConvolutionForm, direction: Direction, input: BlockedShape, outputChannels: Int
  ) -> Choice {
    guard let winograd = WinogradForm(form, direction), let tiles = winograd.tiles(input), input.channels >= 16 else {
      return Choice(algorithm: .direct, isLarge: false, suitsCompactWeights: false)
    }
    let rows = winograd.weightRows.count, outputs = (outputChannels + 15) & ~15
    let weightBytes = rows * rows * input.paddedChannels * outputs * 4
    let isLarge = weightBytes > largeWeightBytes
    return Choice(
      algorithm: tiles >= 16 || tiles >= 4 && !isLarge ? .winograd : .direct, isLarge: isLarge,
      suitsCompactWeights: weightBytes > tiles * transformedBytesPerTile)
  }

  public struct Choice: Hashable, Sendable {
    public var algorithm: ConvolutionAlgorithm
    /// Whether Winograd's weights are too large to stay in a cache.
    public var isLarge: Bool
    /// Whether they are so many, and the tiles so few, that making them costs about what it costs to fetch them.
    public var suitsCompactWeights: Bool
  }

  private static let largeWeightBytes = 2 << 20
  /// By measurement, compact against packed: 512 channels on 16×16 pixels (2.4 MB a tile) take 0.8 of the time, on 32×32
  /// (590 kB) 0.93, upsampled from 32×32 (51 kB) 1.02, 256 channels on 64×64 (37 kB) 1.13.
  private static let transformedBytesPerTile = 40 << 10

  /// Whether 8-bit operands are faster than `other`, by measurement with VNNI; on ARM they are always, against products of
  /// floats.
  ///
  /// Direct on codes does 9 products in four times the rate, Winograd in 16 bits 2¼ in twice the rate and its transforms:
  /// those cost most with few input channels, its weights with few pixels. Upsampling keeps 4 of 9 direct products.
  public static func isInt8Faster(
    than other: ConvolutionAlgorithm, form: ConvolutionForm, input: BlockedShape, outputChannels: Int
  ) -> Bool {
    guard input.channels >= 16 else { return false }
    guard other == .reducedWinograd, form == .same(kernel: 3) else { return true }
    let isLarge = input.channels * outputChannels >= 256 * 256
    return input.channels <= 32 || input.pixelCount <= (isLarge ? 16 * 16 : 8 * 8)
  }
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
