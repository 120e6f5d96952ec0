/// A buffer's life: the nodes between which its bytes must stay untouched.
package struct UsageRecord: Equatable, Sendable {
  /// Index of the node that writes it first, and of the node that reads it last.
  package var firstNode: Int
  package var lastNode: Int
  package var byteCount: Int

  package init(firstNode: Int, lastNode: Int, byteCount: Int) {
    self.firstNode = firstNode
    self.lastNode = lastNode
    self.byteCount = byteCount
  }

  func overlaps(_ other: UsageRecord) -> Bool {
    firstNode <= other.lastNode && other.firstNode <= lastNode
  }
}

/// Offsets of buffers in one arena.
package struct MemoryPlan: Equatable, Sendable {
  /// Byte offset of each buffer, a multiple of `MemoryPlan.alignment`.
  package var offsets: [Int]
  package var byteCount: Int
  /// The most bytes that live at one node: no plan can be smaller.
  package var lowerBound: Int

  package static let alignment = 64

  static func rounded(_ byteCount: Int) -> Int { (byteCount + alignment - 1) / alignment * alignment }

  /// Places buffers so that no two that live at the same node overlap.
  ///
  /// Greedy by size: the largest buffer first, each at the lowest offset where it fits between those already placed
  /// whose lives cross its own (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020).
  package init(_ records: [UsageRecord]) {
    var offsets = [Int](repeating: 0, count: records.count)
    var total = 0
    let order = records.indices.sorted {
      records[$0].byteCount == records[$1].byteCount
        ? $0 < $1 : records[$0].byteCount > records[$1].byteCount
    }
    var placed: [Int] = []  // ascending by offset
    for index in order where records[index].byteCount > 0 {
      let byteCount = Self.rounded(records[index].byteCount)
      var candidate = 0
      for other in placed where records[other].overlaps(records[index]) {
        if candidate + byteCount <= offsets[other] { break }
        candidate = max(candidate, offsets[other] + Self.rounded(records[other].byteCount))
      }
      offsets[index] = candidate
      total = max(total, candidate + byteCount)
      let position = placed.firstIndex { offsets[$0] > candidate } ?? placed.endIndex
      placed.insert(index, at: position)
    }
    self.offsets = offsets
    self.byteCount = total

    var peak = 0
    let lastNode = records.map(\.lastNode).max() ?? -1
    if lastNode >= 0 {
      var change = [Int](repeating: 0, count: lastNode + 2)
      for record in records {
        change[max(0, record.firstNode)] += Self.rounded(record.byteCount)
        change[record.lastNode + 1] -= Self.rounded(record.byteCount)
      }
      var live = 0
      for delta in change {
        live += delta
        peak = max(peak, live)
      }
    }
    lowerBound = peak
  }
}
