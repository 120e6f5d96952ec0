import Inversion
import SIMDKernels

/// How a model computes: threads, arithmetic, memory.
public struct EngineOptions: Sendable, Equatable {
  /// Arithmetic of the large convolutions.
  public enum Arithmetic: String, Sendable, CaseIterable {
    /// The fastest that shows no difference.
    case auto
    /// Single precision throughout.
    case f32
    /// 16-bit operands, where the processor multiplies them faster.
    case f16
    /// 8-bit operands in the layers that the model's calibration allows.
    case int8
  }

  /// Threads that an operator uses; 0 for one per physical core that this process may use. Results do not depend on it.
  public var threads: Int
  public var arithmetic: Arithmetic
  /// The most bytes that the process should take while the model computes; nil for what the system has left. Speed is given
  /// up for it where necessary.
  public var memoryBudget: Int?

  public init(threads: Int = 0, arithmetic: Arithmetic = .auto, memoryBudget: Int? = nil) {
    self.threads = threads
    self.arithmetic = arithmetic
    self.memoryBudget = memoryBudget
  }

  /// The kernels that these options ask for.
  func kernels() throws(IdinvError) -> Kernels {
    guard (0...1024).contains(threads) else {
      throw IdinvError(.invalidArgument, "threads: expected 0 to 1024, found \(threads)")
    }
    if let memoryBudget, memoryBudget < 1 {
      throw IdinvError(.invalidArgument, "memory budget: expected a positive number of bytes, found \(memoryBudget)")
    }
    let cap = try IdinvError.wrapping { try Tier.capFromEnvironment() }
    let (precision, int8): (Precision, Int8Use) =
      switch arithmetic {
      case .auto: (.automatic, .whereFaster)
      case .f32: (.full, .never)
      case .f16: (.reduced, .never)
      case .int8: (.automatic, .everywhere)
      }
    let kernels = Kernels(threadCount: threads, cap: cap, precision: precision, int8: int8)
    let lacksIt =
      arithmetic == .int8 && !kernels.table.int8.isFast || arithmetic == .f16 && kernels.precision != .reduced
    if lacksIt {
      throw IdinvError(
        .unavailable,
        "arithmetic \(arithmetic.rawValue): this processor (\(kernels.table.tier.rawValue)) has no fast products of "
          + "that width; expected auto or f32")
    }
    return kernels
  }
}
