import Files
import FoundationEssentials
import Glibc
import Imaging

/// This program, started again for one measuring task.
package final class MeasuringProcess {
  /// How it ended.
  package enum End: Equatable {
    case complete
    /// Told to stop.
    case stopped
    /// Of itself, before it was done: out of memory, say. Its own words are on standard error.
    case failed(reason: String)
  }

  private let pid: pid_t
  private let output: Int32
  private let context: RunContext
  private let began = ContinuousClock.now

  /// - Parameter path: where the task is put for the process to read; removed as soon as that is done.
  package init(_ task: MeasuringTask, path: String, arguments: [String], context: RunContext) throws {
    try AtomicFile.write([UInt8](try JSONEncoder().encode(task)), to: path, links: .replaced, isSynced: false)
    defer { Folder.removeFile(path) }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Self.notStarted(errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, path, O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    let words = [Program.arguments.first ?? "idinv-lite"] + arguments
    let argv = words.map { word in PathText.withSystemPath(word) { strdup($0) } } + [nil]
    defer { for pointer in argv { free(pointer) } }
    var pid: pid_t = 0
    guard let program = Program.path else { throw Self.notStarted(ENOENT) }
    let code = PathText.withSystemPath(program) { posix_spawn(&pid, $0, &actions, nil, argv, environ) }
    close(ends[1])
    guard code == 0 else {
      close(ends[0])
      throw Self.notStarted(code)
    }
    self.pid = pid
    self.context = context
    output = ends[0]
  }

  deinit { close(output) }

  /// Waits for the process, and tells what it says and when, in seconds since its start; `visit` returns whether to go on.
  package func run(_ visit: (MeasuringEvent, Double) throws -> Bool) throws -> End {
    var rest = Data()
    var isStopped = false
    var failure: (any Error)?
    while let piece = read() {
      guard !isStopped else { continue }
      rest.append(piece)
      let seconds = began.duration(to: .now) / .seconds(1)
      do {
        while let lineEnd = rest.firstIndex(of: 0x0a) {
          let line = Data(rest[rest.startIndex..<lineEnd])
          rest = Data(rest[(lineEnd + 1)...])
          guard !isStopped else { continue }
          isStopped = try !visit(try JSONText.decode(MeasuringEvent.self, from: line), seconds)
        }
      } catch {
        failure = error
        isStopped = true
      }
      if isStopped || context.isCancelled {
        isStopped = true
        kill(pid, SIGTERM)
      }
    }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    if let failure { throw failure }
    if isStopped || context.isCancelled { return .stopped }
    if status == 0 { return .complete }
    let signal = status & 0x7f
    return .failed(
      reason: signal == 0
        ? "the measuring process ended with exit code \(status >> 8 & 0xff)"
        : "the measuring process was ended by signal \(signal)\(signal == SIGKILL ? ", as where memory runs out" : "")")
  }

  /// What the process has said since; nil at the end. Empty after a while without a word.
  private func read() -> Data? {
    var descriptor = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
    guard poll(&descriptor, 1, 200) > 0 else { return Data() }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = Glibc.read(output, &buffer, buffer.count)
    if count < 0 { return errno == EINTR ? Data() : nil }
    return count == 0 ? nil : Data(buffer[..<count])
  }

  private static func notStarted(_ code: Int32) -> Failure {
    Failure(.internalError, "the measuring process cannot be started: \(String(cString: strerror(code)))")
  }
}
