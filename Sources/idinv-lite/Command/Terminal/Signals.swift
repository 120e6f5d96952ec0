#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization
import Workflows

/// Ctrl-C and `kill`: the first sets a flag that long loops poll, so that the best code so far is saved; the
/// second ends the process at once.
enum Signals {
  /// Starts to listen. Call once, before the work begins.
  static func install() {
    // Touched here, so that the handler never is the one to initialise it.
    _ = received.load(ordering: .relaxed)
    _ = cancellation.isCancelled
    signal(SIGINT, onSignal)
    signal(SIGTERM, onSignal)
  }

  /// Cancelled by the first signal.
  static let cancellation = Cancellation()

  /// The exit code after an interruption: 130 after Ctrl-C, 143 after `kill`; 0 if there was none.
  static var exitCode: Int32 {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? 0 : 128 + number
  }

  /// Keeps the signals for this thread, which will wait for them: threads that are started from here on do not get them.
  static func hold() {
    var stopping = sigset_t()
    sigemptyset(&stopping)
    sigaddset(&stopping, SIGINT)
    sigaddset(&stopping, SIGTERM)
    pthread_sigmask(SIG_BLOCK, &stopping, nil)
  }

  /// Sleeps until the first signal; `hold` was called before any other thread was started.
  static func waitForOne() {
    var none = sigset_t()
    sigemptyset(&none)
    while received.load(ordering: .relaxed) == 0 { sigsuspend(&none) }
  }

  /// The first signal's number, or 0.
  fileprivate static let received = Atomic<Int32>(0)
}

/// Runs on whatever thread the signal hits, between any two instructions: only async-signal-safe calls.
private func onSignal(_ number: Int32) {
  let (isFirst, _) = Signals.received.compareExchange(
    expected: 0, desired: number, ordering: .relaxed)
  if !isFirst { _exit(128 + number) }
  Signals.cancellation.cancel()
}
