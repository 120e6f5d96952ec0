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

  /// The largest arena that gains something. Rows share weights and the work of starting an operator; but tensors of an
  /// arena beyond all caches are fetched from memory by each operator anew, which costs what sharing gains.
  package static let mostArenaBytes = 256 << 20

  /// The largest batch, up to `most`, of which each row takes `arenaBytes` within `limit` bytes; at least 1.
  static func fitting(arenaBytes: Int, limit: Int = mostArenaBytes) -> Int {
    max(1, min(most, limit / max(arenaBytes, 1)))
  }
}

/// Images that are refined side by side: in lanes, which compute at the same time on threads and in an arena of their own, and
/// in the rows of each lane.
package struct SideBySide: Hashable, Sendable {
  package var imageCount: Int
  /// At most one for each image.
  package var laneCount: Int

  package init(_ imageCount: Int, laneCount: Int = 1) {
    self.imageCount = imageCount
    self.laneCount = laneCount
  }

  /// Images of the largest lane.
  var rowCount: Int { (imageCount + laneCount - 1) / laneCount }

  /// What the calling thread renders with meanwhile: lanes have the model's arena and all threads, so that beside them it has an
  /// arena and one thread of its own.
  package func renderer(_ model: Model, _ kernels: Kernels) -> (model: Model, kernels: Kernels) {
    laneCount > 1 ? (model.withOwnArena(), kernels.divided(among: kernels.threadCount)[0]) : (model, kernels)
  }

  /// Ways to be tried, the favorite first.
  ///
  /// An image on one thread waits for no other thread at any of the hundreds of operators of a step. So there is a lane for
  /// each thread, and where there is no memory for that, one for several; further images in the rows of a lane gain nothing.
  ///
  /// - Parameter batch: how many images are asked for; 0 for as many as gain something.
  package static func candidates(_ batch: Int, imageCount: Int, kernels: Kernels) -> [SideBySide] {
    let wanted = max(1, batch == 0 ? imageCount : min(batch, imageCount))
    let most = min(wanted, kernels.threadCount)
    guard batch == 0 else {
      // The same images in one lane, where memory is so short that layers are changed for it.
      return [SideBySide(wanted, laneCount: most)] + (most > 1 ? [SideBySide(wanted)] : [])
    }
    let fewer = sequence(first: 1) { 2 * $0 }.prefix { $0 < most }.reversed()
    return ([most] + fewer).map { SideBySide($0, laneCount: $0) }
  }
}
