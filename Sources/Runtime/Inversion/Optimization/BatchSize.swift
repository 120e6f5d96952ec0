import Runtime

/// How many images are refined side by side.
package enum BatchSize {
  /// More images gain nothing that can be measured, and take memory.
  package static let most = 8

  /// Batches to be tried, the largest first.
  package static func candidates(imageCount: Int) -> [Int] {
    let largest = max(1, min(most, imageCount))
    return [largest] + [4, 2, 1].filter { $0 < largest }
  }

  /// Batches to be tried where one is asked for.
  ///
  /// - Parameter batch: 0 for as many as gain something.
  package static func batches(_ batch: Int, imageCount: Int) -> [Int] {
    batch == 0 ? candidates(imageCount: imageCount) : [max(1, min(batch, imageCount))]
  }

  /// The largest arena that gains something. Rows share weights and the work of starting an operator; but tensors of an
  /// arena beyond all caches are fetched from memory by each operator anew, which costs what sharing gains.
  package static let mostArenaBytes = 256 << 20

  /// The largest batch, up to `most`, of which each row takes `arenaBytes` within `limit` bytes; at least 1.
  static func fitting(arenaBytes: Int, limit: Int = mostArenaBytes) -> Int {
    max(1, min(most, limit / max(arenaBytes, 1)))
  }
}
