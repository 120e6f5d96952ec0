/// An instruction-set tier: one compiled copy of the kernels, chosen at run time by what the CPU can do.
///
/// The raw value is the name users see: in `IDINV_ISA`, in kernel names and in `idinv-lite kernels`.
package enum Tier: String, CaseIterable, Hashable, Sendable {
  /// The legible fallback: baseline instructions of the architecture, which on ARM fuse multiplication and addition.
  case scalar
  /// x86-64-v3: AVX2, FMA, F16C.
  case x86v3
  /// x86-64-v4: AVX-512 F, BW, CD, DQ, VL.
  case x86v4
  /// x86-64-v4 with AVX-512 VNNI: 16-bit products at twice the rate, 8-bit ones at four times.
  case x86v4vnni
  /// 64-bit ARM with Advanced SIMD (every ARMv8-A core).
  case neon
  /// Armv8.2-A with arithmetic on halves (Cortex-A55, Cortex-A75 and later): 16-bit products at twice the rate.
  case neonfp16
  /// The same with dot products of bytes (most of the same cores: Cortex-A55, Cortex-A75 and later): 8-bit products at four times the rate.
  case neondot
  /// Armv8.6-A with matrix products of bytes (Cortex-A710, Neoverse V1 and later): 8-bit products at seven times.
  case neoni8mm

  /// Position within an architecture: a cap admits every tier of its architecture with a rank up to its own.
  package var rank: Int {
    switch self {
    case .scalar: 0
    case .x86v3, .neon: 1
    case .x86v4, .neonfp16: 2
    case .x86v4vnni, .neondot: 3
    case .neoni8mm: 4
    }
  }

  private var isARM: Bool { [.neon, .neonfp16, .neondot, .neoni8mm].contains(self) }

  /// Whether a cap of `cap` leaves this tier usable. A cap of another architecture leaves `scalar` only.
  package func isAdmitted(by cap: Tier) -> Bool {
    self == .scalar || isARM == cap.isARM && rank <= cap.rank
  }
}
