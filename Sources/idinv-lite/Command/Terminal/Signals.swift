import Files
import Glibc
import Synchronization
import Workflows

/// Ctrl-C and `kill`: the first sets a flag that long loops poll, so that the best code so far is saved; the
/// second ends the process at once.
enum Signals {
  /// Starts to listen. Call once, before the work begins.
  static func install() {
    // Touched here, so that the handler never is the one to initialize it.
    _ = received.load(ordering: .relaxed)
    _ = cancellation.isCancelled
    for number in [SIGINT, SIGTERM] {
      // `nohup` and shells that start something in the background have it ignored: it stays so.
      var before = sigaction()
      guard sigaction(number, nil, &before) == 0, !isIgnored(before) else { continue }
      signal(number, onSignal)
    }
  }

  /// What holds for every command, from the start: a file that grows beyond the limit is an error of writing like others, and
  /// a mapped file that is shortened ends the program with a line that names it.
  static func prepare() {
    signal(SIGXFSZ, SIG_IGN)
    MappedRanges.prepare()
    for number in Fatal.numbers { Fatal.install(number) }
  }

  private static func isIgnored(_ action: sigaction) -> Bool {
    unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
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

/// Signals of faults. Swift's runtime prints a backtrace at them, by a program that waits for ever where memory cannot be read,
/// and so holds the pipes and locks that it inherits; and it goes on where somebody has sent the signal, as `kill -SEGV` does.
/// So it gets the signals only where the environment asks for backtraces.
private enum Fatal {
  static let numbers = [SIGSEGV, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGQUIT, SIGBUS]

  /// What the runtime does, by number of the signal; written before any handler is there.
  nonisolated(unsafe) static let before: UnsafeMutablePointer<sigaction> = {
    let actions = UnsafeMutablePointer<sigaction>.allocate(capacity: 65)
    actions.initialize(repeating: sigaction(), count: 65)
    return actions
  }()

  static let wantsBacktrace = getenv("SWIFT_BACKTRACE") != nil

  /// The thread that had the first fault, or 0.
  static let thread = Atomic<UInt>(0)

  static func install(_ number: Int32) {
    _ = wantsBacktrace
    _ = thread.load(ordering: .relaxed)
    guard sigaction(number, nil, &before[Int(number)]) == 0 else { return }
    var action = sigaction()
    // On the runtime's stack for signals, as it wants it.
    action.sa_flags = SA_SIGINFO | (before[Int(number)].sa_flags & Int32(bitPattern: UInt32(SA_ONSTACK)))
    action.__sigaction_handler.sa_sigaction = onFault
    sigaction(number, &action, nil)
  }
}

/// As every handler, async-signal-safe. A touch behind the end of a mapped file, or a disk that cannot give its bytes, gets a
/// line and code 74; all else a line, or what the runtime has for it, and then the end that the signal means.
private func onFault(
  _ number: Int32, _ information: UnsafeMutablePointer<siginfo_t>?, _ context: UnsafeMutableRawPointer?
) {
  func say(_ text: StaticString) { _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount) }
  // Threads that read the same file have the same fault: one of them speaks, and ends the others.
  let own = UInt(pthread_self())
  let (isFirst, first) = Fatal.thread.compareExchange(expected: 0, desired: own, ordering: .relaxed)
  while !isFirst, first != own { pause() }
  if number == SIGBUS, let address = information?.pointee._sifields._sigfault.si_addr,
    let path = MappedRanges.path(at: UInt(bitPattern: address))
  {
    say("\nidinv-lite: ")
    _ = write(STDERR_FILENO, path, strlen(path))
    say(
      ": became shorter, or could not be read, while it was in use; expected a file that stays as it is during a run\n")
    _exit(74)
  }
  let before = Fatal.before[Int(number)]
  if !Fatal.wantsBacktrace {
    say("\nidinv-lite: ended by signal ")
    var digits: (UInt8, UInt8) = (UInt8(48 + number / 10), UInt8(48 + number % 10))
    _ = number < 10 ? write(STDERR_FILENO, &digits.1, 1) : write(STDERR_FILENO, &digits, 2)
    say(": a fault in the program, unless somebody sent it; SWIFT_BACKTRACE=enable=yes shows where\n")
  } else if before.sa_flags & SA_SIGINFO != 0, let handler = before.__sigaction_handler.sa_sigaction {
    handler(number, information, context)
  }
  signal(number, SIG_DFL)
  raise(number)
}
