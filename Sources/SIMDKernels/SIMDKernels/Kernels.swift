@_exported import KernelABI

/// The kernels in force on this machine and the number of threads they run on. A value, cheap to copy.
///
/// Every operator partitions its *outputs* only and reduces in fixed chunks, so results do not depend on the thread
/// count, bit for bit.
public struct Kernels: Sendable {
  /// The function table of the tier in force.
  public let table: KernelTable
  /// Threads an operator may use.
  public let threadCount: Int

  /// - Parameters:
  ///   - threadCount: 0 means one per physical core this process may use (affinity and CPU quota respected).
  ///   - cap: the highest tier to use; `nil` reads `IDINV_ISA`. An unset, empty or unknown value caps nothing:
  ///     callers that want to report a typing mistake ask `Tier.capFromEnvironment()` first.
  public init(threadCount: Int = 0, cap: Tier? = nil) {
    self.threadCount = max(1, threadCount)
    table = KernelTable(tier: .scalar)
  }

  /// The tiers this build holds and this CPU can run, lowest first.
  public static var availableTiers: [Tier] { [.scalar] }
}

/// What follows a linear operator, element by element.
public enum Activation: Hashable, Sendable {
  case none
  /// `x > 0 ? x : slope · x`; a slope of 0 is ReLU.
  case leakyReLU(slope: Float)

  /// The slope on the negative side; 1 for none.
  var slope: Float {
    switch self {
    case .none: 1
    case .leakyReLU(let slope): slope
    }
  }
}
