import Runtime

/// How many images are refined side by side.
public enum BatchSize {
  /// More images gain nothing that can be measured, and take memory.
  public static let most = 8

  /// Batches to be tried, the largest first.
  public static func candidates(imageCount: Int) -> [Int] {
    let largest = max(1, min(most, imageCount))
    return [largest] + [4, 2, 1].filter { $0 < largest }
  }

  /// The largest arena that gains something. Rows share weights and the work of starting an operator; but tensors of an
  /// arena beyond all caches are fetched from memory by each operator anew, which costs what sharing gains.
  public static let mostArenaBytes = 256 << 20

  /// The largest batch, up to `most`, of which each row takes `arenaBytes` within `limit` bytes; at least 1.
  static func fitting(arenaBytes: Int, limit: Int = mostArenaBytes) -> Int {
    max(1, min(most, limit / max(arenaBytes, 1)))
  }

  /// The largest batch, up to `most` and the number of images, whose arena takes no more than `mostArenaBytes` and half
  /// of the memory that is left; at least 1.
  ///
  /// - Parameters:
  ///   - imageCount: how many images there are.
  ///   - available: bytes; nil where unknown: then it is one at a time.
  public static func fitting(
    _ model: Model, weights: ObjectiveWeights, imageCount: Int, available: Int? = AvailableMemory.byteCount(),
    kernels: Kernels
  ) throws(InversionError) -> Int {
    guard imageCount > 1, let available else { return 1 }
    // An arena grows by less than this per image: constants and workspaces are shared.
    let one = try Objective(model, weights: weights, batch: 1, kernels: kernels).preparedGraph.memoryPlan.byteCount
    return min(imageCount, fitting(arenaBytes: one, limit: min(mostArenaBytes, available / 2)))
  }
}
