import Quant
import SIMDKernels
import Synchronization

/// What is known of a convolution's forward products with operands of 8 bits.
package enum Int8Permission: Hashable, Sendable {
  case refused
  /// Taken where `Kernels.int8` is `everywhere`: nothing is known, or a difference is.
  case onRequest
  /// A calibration found no harm: taken where that is faster.
  case granted
}

/// The frozen weights of one convolution, packed on demand for the CPU at hand.
///
/// What is packed is made once and shared by all graphs; compact weights (`ConvolutionStorage.swift`) by both directions.
package final class ConvolutionWeights: Sendable {
  package let name: String
  package let outputChannels: Int
  package let inputChannels: Int
  package let form: ConvolutionForm
  let bias: ConstantBuffer?
  package let storage: WeightStorage
  /// Whether forward products may take operands of 8 bits.
  package let int8: Int8Permission
  /// Whether packed weights may be halves: those of f16 files are, and those of int8 files lose nothing that matters.
  let mayBeHalves: Bool
  let source: ConvolutionSource
  let packed = Mutex<[Packing: PackedConvolution]>([:])
  let compact = Mutex<[CompactPacking: CompactWeights]>([:])
  let uses = Mutex<[Direction: Use]>([:])

  struct Packing: Hashable {
    var direction: Direction
    var algorithm: ConvolutionAlgorithm
    var tier: Tier
    /// Sizes only: never to be mistaken for weights.
    var isPlanned: Bool
  }

  struct CompactPacking: Hashable {
    var element: CompactWeights.Element
    var tier: Tier
    var isPlanned: Bool
  }

  /// Borrows a tensor [O, I, k, k] of a mapped model file.
  ///
  /// - Parameter bias: [O] or nil.
  package init(
    _ tensor: WeightTensor, form: ConvolutionForm, bias: [Float]?, storage: WeightStorage = .fastest,
    int8: Int8Permission = .refused
  ) {
    name = tensor.name
    outputChannels = tensor.shape[0]
    inputChannels = tensor.shape[1]
    self.form = form
    self.bias = bias.map(ConstantBuffer.init)
    self.storage = storage
    mayBeHalves = tensor.dtype != .f32
    self.int8 = int8
    source = ConvolutionSource(tensor)
  }

  /// Weights from anywhere.
  ///
  /// - Parameters:
  ///   - bias: [O] or nil.
  ///   - mayBeHalves: whether packed weights may be halves.
  ///   - int8: whether forward products may take operands of 8 bits.
  ///   - load: gives the weights as [O, I, k, k]; called once per packing, so that they need not stay in memory.
  package init(
    name: String, outputChannels: Int, inputChannels: Int, form: ConvolutionForm, bias: [Float]? = nil,
    mayBeHalves: Bool = false, int8: Int8Permission = .refused, storage: WeightStorage = .fastest,
    load: @escaping @Sendable () -> [Float]
  ) {
    self.name = name
    self.outputChannels = outputChannels
    self.inputChannels = inputChannels
    self.form = form
    self.bias = bias.map(ConstantBuffer.init)
    self.storage = storage
    self.mayBeHalves = mayBeHalves
    self.int8 = int8
    source = ConvolutionSource(load)
  }

  var kernelArea: Int { form.kernel * form.kernel }

  /// Whether each direction has 16-bit weights of its own, which need no turning, although one could read the other's: those of
  /// 128 channels or fewer are small, and the larger part of a step of few pixels would be the turning.
  var hasOwnBackward: Bool { storage == .fastest && outputChannels * inputChannels <= 128 * 128 }

  /// Packed weights for one direction, reading tensors of shape `input`.
  ///
  /// - Parameter isExact: whether 8-bit operands are out of the question.
  func packed(
    _ direction: Direction, reading input: BlockedShape, isExact: Bool, for kernels: Kernels
  ) throws(GraphError) -> PackedConvolution {
    let algorithm = algorithm(direction, reading: input, storage, isExact: isExact, kernels)
    noteUse(
      direction, algorithm, compactly: self.algorithm(direction, reading: input, .compact, isExact: true, kernels),
      reading: input)
    let key = Packing(
      direction: direction, algorithm: algorithm, tier: kernels.table.tier, isPlanned: kernels.isPlanning)
    if let existing = packed.withLock({ $0[key] }) { return existing }
    if let shared = try sharedWithForward(key, reading: input, for: kernels) {
      return packed.withLock { $0.keep(shared, for: key) }
    }
    if let compact = try compactWeights(algorithm, for: kernels) {
      let made: PackedConvolution
      do throws(OutOfMemory) {
        made = try PackedConvolution(
          compact, form: form, direction: direction, kernels: kernels, algorithm: algorithm)
      } catch {
        throw GraphError.outOfMemory(byteCount: error.byteCount)
      }
      // Units of words are found by reading all weights.
      didUse()
      return packed.withLock { $0.keep(made, for: key) }
    }
    let expected = outputChannels * inputChannels * kernelArea
    let made = try source.withValues(count: expected, isPlanning: kernels.isPlanning) {
      (weights) throws(GraphError) -> PackedConvolution in
      guard weights.count == expected else {
        throw .badWeights(name: name, expected: "\(expected) values", found: "\(weights.count)")
      }
      do throws(OutOfMemory) {
        return try PackedConvolution(
          weights: weights, outputChannels: outputChannels, inputChannels: inputChannels, form: form,
          direction: direction, kernels: kernels, algorithm: algorithm)
      } catch {
        throw GraphError.outOfMemory(byteCount: error.byteCount)
      }
    }
    return packed.withLock { $0.keep(made, for: key) }
  }

  /// Backward weights that are the forward ones, read another way: as fast where there are many channels and few pixels,
  /// which is where an own packing would be large.
  private func sharedWithForward(
    _ key: Packing, reading input: BlockedShape, for kernels: Kernels
  ) throws(GraphError) -> PackedConvolution? {
    var forwardInput = input
    forwardInput.channels = inputChannels
    (forwardInput.height, forwardInput.width) = (form.inputExtent(input.height), form.inputExtent(input.width))
    guard key.direction == .backwardData, form == .same(kernel: 3) || form == .transposed2x, !hasOwnBackward,
      forwardInput.pixelCount <= 64 * 64,
      [.winograd, .reducedWinograd, .smallReducedWinograd].contains(key.algorithm)
    else { return nil }
    guard algorithm(.forward, reading: forwardInput, storage, isExact: true, kernels) == key.algorithm else {
      return nil
    }
    return PackedConvolution(
      sharingWeightsOf: try packed(.forward, reading: forwardInput, isExact: true, for: kernels), kernels: kernels)
  }

  /// The fastest algorithm for weights that are stored like this. The choice looks at one image, so that a batch gives the
  /// same bits as its images one by one.
  ///
  /// Winograd's weights are four times as large, and cannot be halves: large ones are made of compact ones just before
  /// use, where that is not slower. 16-bit operands halve them and double the gain.
  private func algorithm(
    _ direction: Direction, reading input: BlockedShape, _ storage: WeightStorage, isExact: Bool,
    _ kernels: Kernels
  ) -> ConvolutionAlgorithm {
    var image = input
    image.batch = 1
    let exact = exactAlgorithm(direction, reading: image, storage, kernels)
    guard direction == .forward, !isExact, storage == .fastest || !isCompactible else { return exact }
    return takesInt8(insteadOf: exact, reading: image, kernels) ? .int8 : exact
  }

  private func takesInt8(
    insteadOf other: ConvolutionAlgorithm, reading image: BlockedShape, _ kernels: Kernels
  ) -> Bool {
    guard int8 != .refused else { return false }
    switch kernels.int8 {
    case .never: return false
    case .everywhere: return true
    case .whereFaster:
      guard int8 == .granted else { return false }
      return ConvolutionAlgorithm.isInt8Faster(than: other, form: form, input: image)
    }
  }

  /// Of floats, or of 16 bits where the kernels say so, for one image.
  private func exactAlgorithm(
    _ direction: Direction, reading image: BlockedShape, _ storage: WeightStorage, _ kernels: Kernels
  ) -> ConvolutionAlgorithm {
    let choice = ConvolutionAlgorithm.preferred(
      form: form, direction: direction, input: image,
      outputChannels: direction == .forward ? outputChannels : inputChannels, isCompactible: isCompactible)
    let isCompact = storage != .fastest && isCompactible
    let isReduced =
      kernels.precision == .reduced && kernels.table.reducedDirect != nil
      && ConvolutionAlgorithm.suitsDirectWords(form, channels: image.channels)
    if choice.suitsSmallWords, kernels.precision == .reduced, !isCompact { return .smallReducedWinograd }
    guard choice.algorithm == .winograd else { return isReduced ? .reducedDirect : choice.algorithm }
    if isCompact { return choice.suitsCompactWeights ? .compactWinograd : isReduced ? .reducedDirect : .direct }
    if kernels.precision == .reduced { return choice.suitsWords || !isReduced ? .reducedWinograd : .reducedDirect }
    return isCompactible && choice.isFasterCompact && choice.isLarge ? .compactWinograd : .winograd
  }

  /// Floating-point operations of the definition on input of this shape, forward or backward.
  func work(on input: BlockedShape) -> Int {
    let products = form.products(height: input.height, width: input.width)
    return 2 * input.batch * products * outputChannels * inputChannels * kernelArea
  }
}

/// y = activation(W ∗ x + b): a convolution with zero padding and a stride of 1 or 2, nearest ×2 up-sampling followed by
/// one of stride 1, or a transposed convolution of stride 2.
///
/// Input [N, I, H, W] → output [N, O, H, W], or [N, O, 2H, 2W] for `.upsample2x`, [N, O, H/2, W/2] for `.downsample2x`,
/// [N, O, 2H + 1, 2W + 1] for `.transposed2x`.
package struct Convolution: Operator {
  package let weights: ConvolutionWeights
  package let activation: Activation
  /// Whether 8-bit operands are out of the question here, whatever the weights permit.
  package let isExact: Bool

  package init(_ weights: ConvolutionWeights, activation: Activation = .none, isExact: Bool = false) {
    self.weights = weights
    self.activation = activation
    self.isExact = isExact
  }

  package var name: String { "convolution" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let input = try blocked(inputs[0])
    try require(
      input.channels == weights.inputChannels, "[N, \(weights.inputChannels), H, W] (\(weights.name))", inputs[0])
    let form = weights.form
    try require(
      form != .downsample2x || input.height % 2 == 0 && input.width % 2 == 0,
      "an even height and width (\(weights.name))", inputs[0])
    return .blocked(
      BlockedShape(
        batch: input.batch, channels: weights.outputChannels, height: form.outputExtent(input.height),
        width: form.outputExtent(input.width), halo: input.halo))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let kernels = site.kernels
    let plan = ConvolutionPlan(
      try weights.packed(.forward, reading: try blocked(site.inputs[0]), isExact: isExact, for: kernels),
      input: try blocked(site.inputs[0]), output: try blocked(site.output), kernels: kernels)
    let (weights, bias, activation) = (weights, weights.bias, activation)
    return PreparedOperator(
      workspaceByteCount: plan.workspaceByteCount, work: weights.work(on: try blocked(site.inputs[0])),
      execution: plan.execution, effectiveWork: weights.cost(.forward),
      constantByteCount: plan.packed.readByteCount
    ) { memory in
      kernels.convolve(
        plan, input: memory.inputs[0], output: memory.output, bias: bias?.base, activation: activation,
        workspace: memory.workspace)
      weights.didUse()
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let gradSum = try appendActivationBackward(&graph, activation, node: node, gradOutput: gradOutput)
    let input = try blocked(graph.shape(of: node.inputs[0]))
    return [try graph.append(ConvolutionBackwardData(weights: weights, inputShape: input), gradSum)]
  }
}

/// ∂L/∂x = Wᵀ ∗ ∂L/∂y of a `Convolution` without its activation.
struct ConvolutionBackwardData: Operator {
  let weights: ConvolutionWeights
  let inputShape: BlockedShape

  var name: String { "convolution-backward-data" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { .blocked(inputShape) }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let kernels = site.kernels
    let plan = ConvolutionPlan(
      try weights.packed(.backwardData, reading: try blocked(site.inputs[0]), isExact: true, for: kernels),
      input: try blocked(site.inputs[0]), output: inputShape, kernels: kernels)
    let weights = weights
    return PreparedOperator(
      workspaceByteCount: plan.workspaceByteCount, work: weights.work(on: inputShape), execution: plan.execution,
      effectiveWork: weights.cost(.backwardData), constantByteCount: plan.packed.readByteCount
    ) { memory in
      kernels.convolve(
        plan, input: memory.inputs[0], output: memory.output, bias: nil, activation: .none, workspace: memory.workspace)
      weights.didUse()
    }
  }
}

extension Dictionary {
  /// Keeps what has been made for a key; where another thread has made the same meanwhile, there is only its.
  mutating func keep(_ made: Value, for key: Key) -> Value {
    if let existing = self[key] { return existing }
    self[key] = made
    return made
  }
}
