import CKernelShims
@_exported import KernelABI
import Glibc

/// The kernels in force on this machine and the number of threads they run on. A value, cheap to copy.
///
/// Every operator partitions its *outputs* only and reduces in fixed chunks, so results do not depend on the thread
/// count, bit for bit. The tiers with fused multiply-add agree bit for bit too.
package struct Kernels: Sendable {
  /// The function table of the tier in force.
  package let table: KernelTable
  /// Threads an operator may use.
  package private(set) var threadCount: Int
  /// Threads that were asked for: more than there are where the system has no more for this process.
  package let wantedThreadCount: Int
  /// How exact matrix products are: `full` or `reduced`.
  package let precision: Precision
  /// Where forward convolutions take operands of 8 bits.
  package private(set) var int8: Int8Use
  /// A worker's part of the second-level cache, for choosing block sizes. Results do not depend on it.
  var cacheByteCount: Int
  /// What a band of rows of one tensor should take: a few tensors share the cache while nodes take turns on a band. Results do not
  /// depend on it.
  package var bandByteCount: Int
  /// Most that the transformed tiles of several images should take together. By measurement, a step of 8 images: 20 MB make
  /// it take 1.1 times as long, no limit 1.15, 5 MB 1.05. Results do not depend on it.
  var passByteCount = 10 << 20
  /// Whether nothing is to be done: see `planning`.
  package private(set) var isPlanning = false

  /// - Parameters:
  ///   - threadCount: 0 means one per physical core this process may use (affinity and CPU quota respected). Where the
  ///     system does not let it have so many threads, there are fewer; results are the same.
  ///   - cap: the highest tier to use; `nil` reads `IDINV_ISA`. An unset, empty or unknown value caps nothing:
  ///     callers that want to report a typing mistake ask `Tier.capFromEnvironment()` first.
  ///   - precision: `reduced` is `full` where the tier has no 16-bit products, `automatic` also where they are of halves.
  ///   - int8: `whereFaster` is `never` where the tier has no fast 8-bit products.
  package init(threadCount: Int = 0, cap: Tier? = nil, precision: Precision = .full, int8: Int8Use = .never) {
    wantedThreadCount = threadCount > 0 ? threadCount : Processor.coreCount()
    self.threadCount = idinv_threads_available(wantedThreadCount)
    cacheByteCount = SecondLevelCache().share(threadCount: self.threadCount)
    bandByteCount = cacheByteCount / 8
    let cap = cap ?? (try? Tier.capFromEnvironment())
    let admitted = KernelRegistry.availableTiers.filter { tier in cap.map { tier.isAdmitted(by: $0) } ?? true }
    table = KernelRegistry.table(admitted.last ?? .scalar)
    self.precision =
      switch (precision, table.reduced?.operand) {
      case (.full, _), (_, nil), (.automatic, .float16): .full
      case (.reduced, _), (.automatic, .int16): .reduced
      }
    self.int8 = int8 == .whereFaster && !table.int8.isFast ? .never : int8
  }

  /// Kernels that do nothing, for finding out what a graph would need: with them weights are packed in sizes only, into
  /// memory that is never touched.
  package var planning: Kernels {
    var copy = self
    copy.isPlanning = true
    return copy
  }

  /// The same for codes that are optimized or scored. Where products of 16 bits read one copy of a layer's weights in both
  /// directions, forward ones of 8 bits would need another: at full size they save 0.5 % of a step and take 60 MB.
  package var forOptimizing: Kernels {
    guard int8 == .whereFaster, precision == .reduced, table.reducedDirect != nil else { return self }
    var copy = self
    copy.int8 = .never
    return copy
  }

  /// The same for each of several users that compute at the same time: the threads divided among them.
  package func divided(among userCount: Int) -> [Kernels] {
    (0..<userCount).map { user in
      var copy = self
      copy.threadCount = max(1, threadCount / userCount + (user < threadCount % userCount ? 1 : 0))
      return copy
    }
  }

  /// The tiers this build holds and this CPU can run, lowest first.
  package static var availableTiers: [Tier] { KernelRegistry.availableTiers }
}

/// How exact the matrix products of convolutions are.
package enum Precision: Hashable, Sendable {
  /// Operands and sums of single precision.
  case full
  /// Winograd's products with 16-bit operands: an error of about 10⁻⁴ of a layer's output with integers, ten times that
  /// with halves.
  case reduced
  /// `reduced` with integers, else `full`: whoever wants halves asks for them.
  case automatic
}

/// Where forward convolutions take operands of 8 bits, of those that permit it.
package enum Int8Use: Hashable, Sendable {
  case never
  /// Where that is the fastest.
  case whereFaster
  case everywhere
}

/// What this module refuses.
package enum KernelError: Error, Hashable, Sendable {
  /// `IDINV_ISA` names no tier.
  case unknownTier(value: String, expected: [String])
}

extension Tier {
  /// The cap that `IDINV_ISA` asks for; nil if unset or empty.
  package static func capFromEnvironment() throws(KernelError) -> Tier? {
    guard let value = getenv("IDINV_ISA").map({ String(cString: $0) }), !value.isEmpty else { return nil }
    guard let tier = Tier(rawValue: value) else {
      throw .unknownTier(value: value, expected: allCases.map(\.rawValue))
    }
    return tier
  }
}

/// What follows a linear operator, element by element.
package enum Activation: Hashable, Sendable {
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
