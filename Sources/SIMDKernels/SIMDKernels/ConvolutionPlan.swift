/// A packed convolution bound to shapes: blocking, tables and workspace are decided here, once.
package final class ConvolutionPlan: Sendable {
  package let packed: PackedConvolution
  package let input: BlockedShape, output: BlockedShape
  let binding: any ConvolutionBinding
  /// Zeros: the bias of a convolution without one.
  let zeros: AlignedFloats
  private let workers: Int
  private let tier: Tier

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
    precondition(
      packed.weights.panels.allSatisfy { $0.blocks == 1 || $0.blocks * 16 == kernels.table.wideGemm.nr },
      "the weights were packed for another tier")
    self.packed = packed
    workers = kernels.threadCount
    tier = kernels.table.tier
    self.input = input
    self.output = output
    zeros = AlignedFloats(few: max(32, output.paddedChannels))
    binding = packed.weights.bound(
      to: ConvolutionSite(geometry: geometry, input: input, output: output, kernels: kernels))
  }

  /// Whether `kernels` may run this plan: tiles are those of a tier, scratch memory is for so many threads.
  func fits(_ kernels: Kernels) -> Bool { kernels.table.tier == tier && kernels.threadCount <= workers }

  /// What the algorithm executes, for models of its speed.
  package var execution: ConvolutionExecution { binding.execution }

  /// Bytes of scratch memory `convolve` needs, 64-byte aligned; 0 if none.
  package var workspaceByteCount: Int { binding.workspaceByteCount }
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
    let operands = ConvolutionOperands(
      input: input, output: output, bias: bias ?? UnsafePointer(plan.zeros.base), slope: activation.slope,
      workspace: workspace)
    plan.binding.convolve(plan, operands, on: self)
  }
}
