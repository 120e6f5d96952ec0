/// Weights packed for one algorithm and tier. An algorithm is a type of this kind and its binding, in a file of their own, and
/// where `PackedConvolution` packs them.
protocol AlgorithmWeights: Sendable {
  var panels: [Panel] { get }
  /// Bytes of packed weights of its own; compact and shared ones are not.
  var byteCount: Int { get }
  /// Bytes of packed weights that one `convolve` reads, its own or shared.
  var readByteCount: Int { get }

  /// Decides blocking, tables and workspace.
  func bound(to site: ConvolutionSite) -> any ConvolutionBinding
}

/// Packed weights and the blocking that was made for them: all that a convolution of certain shapes needs.
protocol ConvolutionBinding: Sendable {
  /// Bytes of scratch memory, 64-byte aligned; 0 if none.
  var workspaceByteCount: Int { get }
  /// What the algorithm executes.
  var execution: ConvolutionExecution { get }

  func convolve(_ plan: ConvolutionPlan, _ operands: ConvolutionOperands, on kernels: Kernels)
}

/// What packed weights are bound to.
struct ConvolutionSite: Sendable {
  var geometry: ConvolutionGeometry
  /// What the operator reads and writes.
  var input: BlockedShape, output: BlockedShape
  var kernels: Kernels
}

/// What matrix products multiply. A processor has a peak for each.
package enum ProductArithmetic: String, CaseIterable, Sendable {
  case f32
  /// The 16-bit operands of the tier (`ReducedOperand`).
  case words = "16-bit"
  case bytes = "8-bit"
}

/// What an algorithm does, which may be less than the definition of the convolution asks for.
package struct ConvolutionExecution: Hashable, Sendable {
  /// Of its matrix products.
  package var arithmetic = ProductArithmetic.f32
  /// Floating-point operations of its matrix products, padding included.
  package var matrixWork: Int
  /// Bytes that its transforms load and store, from and to whatever cache.
  package var transformByteCount: Int
}

extension ConvolutionExecution {
  /// A direct convolution: each phase has its taps, and an equal share of the pixels.
  ///
  /// - Parameter channels: of the input, padding included.
  init(
    directly taps: [Int], channels: Int, _ output: BlockedShape, arithmetic: ProductArithmetic = .f32,
    transformByteCount: Int
  ) {
    let perPixel = 2 * taps.reduce(0, +) * channels * output.paddedChannels
    self.init(
      arithmetic: arithmetic, matrixWork: output.batch * output.pixelCount / taps.count * perPixel,
      transformByteCount: transformByteCount)
  }
}

/// The memory of one convolution.
struct ConvolutionOperands {
  var input: UnsafePointer<Float>
  var output: UnsafeMutablePointer<Float>
  /// `[output channels padded to 16]`.
  var bias: UnsafePointer<Float>
  /// Of the activation: 1 for none.
  var slope: Float
  var workspace: UnsafeMutableRawPointer?
}
