import Foundation

/// How much a test computes. Under an emulator a step takes seconds: with `IDINV_FEWER_STEPS`, which `scripts/arm64` sets, the
/// same is looked at on fewer steps and images.
enum Effort {
  static let isLow = ProcessInfo.processInfo.environment["IDINV_FEWER_STEPS", default: ""] != ""

  static func count(_ full: Int, low: Int) -> Int { isLow ? low : full }
}
