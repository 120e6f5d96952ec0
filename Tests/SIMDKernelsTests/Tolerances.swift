/// Every tolerance of this suite, relative to the largest magnitude the oracle produced (or summed, where stated).
enum Tolerance {
  /// One or two roundings.
  static let elementwise = 1e-6
  /// Relative to Σ|products|: float sums of up to about 10⁴ terms.
  static let product = 2e-6
  /// Winograd's transforms add roundings of their own.
  static let winograd = 1e-5
  /// Operands of 16 bits, relative to the largest output.
  static let reduced = 1e-3
  /// The same in halves, whose sums of 32 products are halves too.
  static let halves = 1e-2
  /// Operands of 8 bits: root of the mean square, relative to the output's.
  static let int8 = 2e-2
  static let tanh = 5e-7
  static let statistics = 2e-6
  static let loss = 2e-6
  /// ⟨Ax, y⟩ against ⟨x, Aᵀy⟩, relative to ‖Ax‖·‖y‖.
  static let adjoint = 1e-6
}
