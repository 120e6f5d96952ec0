import Synchronization

/// Says to a run that it is to end early; shared by the one who wants that and the run, on any threads.
///
/// Setting it is one atomic store, so that a signal handler may do it.
package final class Cancellation: Sendable {
  private let flag = Atomic(false)

  package init() {}

  package func cancel() { flag.store(true, ordering: .relaxed) }

  package var isCancelled: Bool { flag.load(ordering: .relaxed) }
}

/// A run ended early, because it was to.
package struct Cancelled: Error {
  /// What is kept, and how to go on; nil where there is nothing to say.
  package var message: String?
  /// The parameter that goes on.
  package var remedy: String?

  package init(_ message: String? = nil, remedy: String? = nil) {
    self.message = message
    self.remedy = remedy
  }

  /// A run that keeps a journal.
  package static func resumable(journal: String) -> Cancelled {
    Cancelled("interrupted; what is done is in \(journal), and the same command goes on")
  }
}

/// A run has no result: every image was skipped, and each reason has been told.
package struct NothingDone: Error {
  package init() {}
}
