import Glibc
import Synchronization

/// How many requests of one kind may be answered at a time: each event stream keeps a thread, each upload its bytes.
final class Places: Sendable {
  private let limit: Int
  private let count = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  /// - Returns: whether there is room for one more; then `leave` must follow.
  func enter() -> Bool {
    guard count.add(1, ordering: .relaxed).newValue <= limit else {
      leave()
      return false
    }
    return true
  }

  func leave() { count.subtract(1, ordering: .relaxed) }
}

/// A short wait of this thread.
enum Pause {
  static func milliseconds(_ count: Int) { usleep(UInt32(count) * 1000) }
}
