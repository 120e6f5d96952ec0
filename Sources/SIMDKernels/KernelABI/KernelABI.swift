/// The functions of one tier. A value, passed in and never global: tests, benches and dispatch hold several at once.
///
/// A table starts as the scalar tier's, complete; each higher tier then overwrites the slots it is good at (`plug…`).
package struct KernelTable: Sendable {
  /// The highest tier plugged in.
  package var tier: Tier
  /// Matrix products of convolutions: the widest tile, and the one for a last single block of output channels.
  package var wideGemm: TapGemm, narrowGemm: TapGemm
  /// Winograd's products with 16-bit operands, where the tier has them faster than in floats.
  package var reduced: ReducedKernels?
  /// Direct convolutions with 16-bit operands, where the tier has them faster than in floats.
  package var reducedDirect: ReducedDirectKernels?
  /// Convolutions with operands of 8 bits.
  package var int8 = Int8Kernels()
  /// Transforms of Winograd's minimal filtering.
  package var winograd = WinogradKernels()
  package var elementwise = ElementwiseKernels()
  package var normalization = NormalizationKernels()
  package var modulation = ModulationKernels()
  package var resampling = ResamplingKernels()
  package var layout = LayoutKernels()
  package var dense = DenseKernels()

  /// A table of kernels that trap: the start of `plugScalar`.
  package init() {
    tier = .scalar
    wideGemm = TapGemm(mr: 1, nr: 16) { _ in unplugged() }
    narrowGemm = wideGemm
  }
}

/// What a slot holds before a tier is plugged in.
@usableFromInline func unplugged() -> Never { preconditionFailure("kernel table used before a tier was plugged in") }

package typealias FloatSource = UnsafePointer<Float>
package typealias FloatTarget = UnsafeMutablePointer<Float>
