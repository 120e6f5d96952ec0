/// A packed convolution bound to shapes: blocking, tables and workspace are decided here, once.
package final class ConvolutionPlan: Sendable {
  package let packed: PackedConvolution
  package let input: BlockedShape, output: BlockedShape
  let blocking: Blocking
  /// Zeros: the bias of a convolution without one.
  let zeros: AlignedFloats
  private let workers: Int
  private let tier: Tier

  enum Blocking: Sendable {
    case direct(DirectBlocking)
    case winograd(WinogradBlocking)
    case reducedWinograd(ReducedWinogradBlocking)
    case int8(DirectBlocking, Int8Workspace)
  }

  /// `input` is what the operator reads (gy for `backwardData`) and needs halo 1 unless the kernel is 1×1.
  package init(_ packed: PackedConvolution, input: BlockedShape, output: BlockedShape, kernels: Kernels) {
    let geometry = ConvolutionGeometry(packed.form, packed.direction)
    precondition(
      input.channels == packed.sourceChannels && output.channels == packed.targetChannels,
      "channels of the shapes and of the weights differ")
    precondition(
      input.batch == output.batch && output.height == geometry.outputExtent(input.height)
        && output.width == geometry.outputExtent(input.width), "extents of input and output do not match the form")
    precondition(input.halo >= (geometry.needsHalo ? 1 : 0), "the input needs a halo")
    let panels =
      switch packed.algorithm {
      case .direct(let weights): weights.panels
      case .winograd(let weights): weights.panels
      case .reducedWinograd(let weights): weights.panels
      case .int8(let weights): weights.panels
      }
    precondition(
      panels.allSatisfy { $0.blocks == 1 || $0.blocks * 16 == kernels.table.wideGemm.nr },
      "the weights were packed for another tier")
    self.packed = packed
    workers = kernels.threadCount
    tier = kernels.table.tier
    self.input = input
    self.output = output
    zeros = AlignedFloats(few: max(32, output.paddedChannels))
    switch packed.algorithm {
    case .direct(let weights):
      blocking = .direct(
        DirectBlocking(weights, geometry: geometry, input: input, output: output, kernels: kernels))
    case .winograd(let weights):
      precondition(weights.form.tiles(input) != nil, "Winograd's algorithm needs whole tiles")
      blocking = .winograd(WinogradBlocking(weights, input: input, output: output, kernels: kernels))
    case .reducedWinograd(let weights):
      precondition(weights.form.tiles(input) != nil, "Winograd's algorithm needs whole tiles")
      blocking = .reducedWinograd(
        ReducedWinogradBlocking(weights, input: input, output: output, kernels: kernels))
    case .int8(let weights):
      precondition(weights.inputOffset == kernels.table.int8.inputOffset, "the weights were packed for another tier")
      blocking = .int8(
        DirectBlocking(weights, geometry: geometry, input: input, output: output, kernels: kernels),
        Int8Workspace(weights, input: input))
    }
  }

  /// Whether `kernels` may run this plan: tiles are those of a tier, scratch memory is for so many threads.
  func fits(_ kernels: Kernels) -> Bool { kernels.table.tier == tier && kernels.threadCount <= workers }

  /// What the chosen algorithm executes, for models of its speed.
  package var execution: ConvolutionExecution {
    let outputs = output.paddedChannels
    switch packed.algorithm {
    case .direct(let weights):
      // Each phase computes its own share of the output's pixels.
      let perPixel = weights.taps * weights.inputBlocks * weights.channelsPerTap
      return ConvolutionExecution(
        matrixWork: 2 * output.batch * output.pixelCount * perPixel * outputs, transformByteCount: 0)
    case .winograd(let weights):
      var execution = execution(weights.form, inputBlocks: weights.inputBlocks)
      if case .winograd(let blocking) = blocking, blocking.expansion != nil {
        // Each block of tiles makes the matrices anew, from nine taps.
        let perPair = (9 + weights.form.weightRows.count * weights.form.weightRows.count) * 4
        execution.transformByteCount += blocking.grouping.blockCount * perPair * weights.inputBlocks * 16 * outputs
      }
      return execution
    case .reducedWinograd(let weights): return execution(weights.form, inputBlocks: weights.inputBlocks)
    case .int8(let weights):
      // Quantisation reads twice and writes a quarter.
      return ConvolutionExecution(
        matrixWork: 2 * output.batch * output.pixelCount * weights.taps * weights.inputBlocks * 16 * outputs,
        transformByteCount: input.byteCount / 4 * 9)
    }
  }

  private func execution(_ form: WinogradForm, inputBlocks: Int) -> ConvolutionExecution {
    let outputs = output.paddedChannels, tiles = input.batch * (form.tiles(input) ?? 0)
    let vectors = form.inputVectorCount * inputBlocks + form.outputVectorCount * outputs / 16
    return ConvolutionExecution(
      matrixWork: 2 * tiles * form.productCount * inputBlocks * 16 * outputs, transformByteCount: tiles * vectors * 64)
  }

  /// Bytes of scratch memory `convolve` needs, 64-byte aligned; 0 if none.
  package var workspaceByteCount: Int {
    switch blocking {
    case .direct(let blocking): workers &* blocking.workerFloats &* 4
    case .winograd(let blocking): blocking.workspaceByteCount
    case .reducedWinograd(let blocking): blocking.workspaceByteCount
    case .int8(_, let workspace): workspace.byteCount
    }
  }
}

/// What an algorithm does, which may be less than the definition of the convolution asks for.
package struct ConvolutionExecution: Hashable, Sendable {
  /// Floating-point operations of its matrix products, padding included.
  package var matrixWork: Int
  /// Bytes that its transforms load and store, from and to whatever cache.
  package var transformByteCount: Int
}

extension Kernels {
  /// output = activation(A input + bias), or the same with Aᵀ for `backwardData`. Buffers do not overlap.
  ///
  /// Each output is the sum, in one fixed order, of its products: the same bits for any thread count and blocking.
  /// - Parameters:
  ///   - bias: `[output channels padded to 16]`, padding zero.
  ///   - workspace: `plan.workspaceByteCount` bytes, 64-byte aligned; nil if that is 0.
  package func convolve(
    _ plan: ConvolutionPlan, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    bias: UnsafePointer<Float>? = nil, activation: Activation = .none, workspace: UnsafeMutableRawPointer? = nil
  ) {
    precondition(plan.fits(self), "a plan runs on the kernels it was made for")
    let bias = bias ?? UnsafePointer(plan.zeros.base)
    switch (plan.packed.algorithm, plan.blocking) {
    case (.direct(let weights), .direct(let blocking)):
      convolveDirect(plan, weights, blocking, input, output, bias, activation.slope, workspace)
    case (.winograd(let weights), .winograd(let blocking)):
      convolveWinograd(plan, weights, blocking, input, output, bias, activation.slope, workspace)
    case (.reducedWinograd(let weights), .reducedWinograd(let blocking)):
      convolveReducedWinograd(plan, weights, blocking, input, output, bias, activation.slope, workspace)
    case (.int8(let weights), .int8(let blocking, let memory)):
      convolveInt8(plan, weights, blocking, memory, input, output, bias, activation.slope, workspace!)
    default:
      preconditionFailure("a plan's blocking is made for its packed weights")
    }
  }
}
