/// Weights rearranged for one form, one direction and one tier.
///
/// Backward data is a convolution of its own: it maps gradients of `outputChannels` to gradients of `inputChannels`.
package final class PackedConvolution: Sendable {
  /// Channels of the convolution as trained (those of x and y, whatever the direction).
  package let outputChannels: Int, inputChannels: Int
  package let form: ConvolutionForm
  package let direction: Direction
  /// The weights as the algorithm reads them, which decides it.
  let weights: any AlgorithmWeights

  /// - Parameters:
  ///   - weights: `[O][I][k][k]`, row-major, in forward orientation for both directions; copied.
  ///   - kernels: the table that will run it.
  ///   - input: the shape it will read, which decides the algorithm if `algorithm` is nil; direct if both are nil.
  ///   - algorithm: asks for one. Winograd's takes extents that are multiples of `ConvolutionAlgorithm.winogradMultiple`;
  ///     those in 16 bits are `winograd`, and `reducedDirect` is `direct`, where the tier has no such products.
  package init(
    weights: UnsafeBufferPointer<Float>, outputChannels: Int, inputChannels: Int, form: ConvolutionForm,
    direction: Direction, kernels: Kernels, input: BlockedShape? = nil, algorithm: ConvolutionAlgorithm? = nil
  ) throws(OutOfMemory) {
    let k = form.kernel
    precondition(k == 1 || k == 3, "kernels of 1×1 and 3×3 only")
    precondition(weights.count == outputChannels * inputChannels * k * k, "weights must be [O][I][k][k]")
    self.outputChannels = outputChannels
    self.inputChannels = inputChannels
    self.form = form
    self.direction = direction
    let source = DirectedWeights(
      weights: weights, kernel: k, inputChannels: inputChannels, isTransposed: direction == .backwardData)
    let inputs = direction == .forward ? inputChannels : outputChannels
    let outputs = direction == .forward ? outputChannels : inputChannels
    let preferred = input.map {
      ConvolutionAlgorithm.preferred(
        form: form, direction: direction, input: $0, outputChannels: outputs, isCompactible: false)
    }
    let choice = algorithm ?? preferred?.algorithm ?? .direct
    let geometry = ConvolutionGeometry(form, direction)
    let winograd = choice == .direct || choice == .reducedDirect ? nil : WinogradForm(form, direction, choice.formSize)
    if choice == .int8 {
      self.weights = try Int8Weights(source, geometry: geometry, inputs: inputs, outputs: outputs, kernels: kernels)
    } else if choice == .reducedDirect, kernels.table.reducedDirect != nil {
      self.weights = try ReducedDirectWeights(
        source, geometry: geometry, inputs: inputs, outputs: outputs, kernels: kernels)
    } else if choice == .reducedWinograd || choice == .smallReducedWinograd, let winograd,
      let reduced = kernels.table.reduced
    {
      self.weights = try ReducedWinogradWeights(
        source, form: winograd, inputs: inputs, outputs: outputs, operand: reduced.operand, kernels: kernels)
    } else if let winograd {
      self.weights = try WinogradWeights(source, form: winograd, inputs: inputs, outputs: outputs, kernels: kernels)
    } else {
      self.weights = try DirectWeights(source, geometry: geometry, inputs: inputs, outputs: outputs, kernels: kernels)
    }
  }

  /// The same from an array.
  package convenience init(
    weights: [Float], outputChannels: Int, inputChannels: Int, form: ConvolutionForm, direction: Direction,
    kernels: Kernels, input: BlockedShape? = nil, algorithm: ConvolutionAlgorithm? = nil
  ) throws(OutOfMemory) {
    let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: weights.count)
    defer { copy.deallocate() }
    _ = copy.initialize(from: weights)
    try self.init(
      weights: UnsafeBufferPointer(copy), outputChannels: outputChannels, inputChannels: inputChannels,
      form: form, direction: direction, kernels: kernels, input: input, algorithm: algorithm)
  }

  /// Compact weights, whose memory is theirs: both directions may share them.
  ///
  /// - Parameter algorithm: `winograd` asks for its transforms just before use, `reducedDirect` for words; else it is direct.
  package init(
    _ weights: CompactWeights, form: ConvolutionForm, direction: Direction, kernels: Kernels,
    algorithm: ConvolutionAlgorithm = .direct
  ) throws(OutOfMemory) {
    precondition(weights.kernel == form.kernel, "weights of another kernel")
    outputChannels = weights.outputs
    inputChannels = weights.inputs
    self.form = form
    self.direction = direction
    let isTransposed = direction == .backwardData
    if algorithm == .reducedDirect, kernels.table.reducedDirect != nil {
      self.weights = try ReducedDirectWeights(
        weights, geometry: ConvolutionGeometry(form, direction), isTransposed: isTransposed, kernels: kernels)
    } else if algorithm != .direct, algorithm != .reducedDirect,
      let winograd = WinogradForm(form, direction, algorithm.formSize), winograd.outputRest == 0
    {
      self.weights = WinogradWeights(weights, form: winograd, isTransposed: isTransposed, kernels: kernels)
    } else {
      self.weights = DirectWeights(
        weights, geometry: ConvolutionGeometry(form, direction), isTransposed: isTransposed, kernels: kernels)
    }
  }

  /// Backward data on the weights that `forward` holds: no memory of its own.
  ///
  /// As fast as an own packing from about 256 channels on 64×64 pixels to 512 on 32×32; slower by half with fewer
  /// channels on more pixels, where an own packing is small anyway, and with few pixels.
  ///
  /// Nil unless `forward` is the forward direction of a 3×3 `same` convolution by Winograd's algorithm, of floats or of
  /// integers, or of a transposed one.
  package init?(sharingWeightsOf forward: PackedConvolution, kernels: Kernels) {
    guard forward.form == .same(kernel: 3) || forward.form == .transposed2x, forward.direction == .forward else {
      return nil
    }
    if let weights = forward.weights as? WinogradWeights {
      self.weights = WinogradWeights(adjointOf: weights, forward.form, kernels: kernels)
    } else if let weights = forward.weights as? ReducedWinogradWeights, kernels.table.reducedDirect != nil {
      self.weights = ReducedWinogradWeights(adjointOf: weights, forward.form, kernels: kernels)
    } else {
      return nil
    }
    outputChannels = forward.outputChannels
    inputChannels = forward.inputChannels
    form = forward.form
    direction = .backwardData
  }

  /// Bytes of packed weights of its own; compact and shared ones are not.
  package var byteCount: Int { weights.byteCount }

  /// Bytes of packed weights that one `convolve` reads, its own or shared.
  package var readByteCount: Int { weights.readByteCount }

  /// Channels that `convolve` reads and writes.
  var sourceChannels: Int { direction == .forward ? inputChannels : outputChannels }
  var targetChannels: Int { direction == .forward ? outputChannels : inputChannels }
}
