import Foundation
import Testing

/// The built program, run as a user runs it.
enum Command {
  /// Where the program is: beside the test bundle, whatever the scratch path; or where `IDINV_LITE` says.
  static func path() throws -> String {
    if let path = ProcessInfo.processInfo.environment["IDINV_LITE"], !path.isEmpty { return path }
    // The test runner is a program in the build folder, or loads a bundle that its arguments name.
    let runner = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    for start in [runner] + CommandLine.arguments {
      var folder = URL(fileURLWithPath: start).deletingLastPathComponent()
      for _ in 0..<3 {
        let candidate = folder.appendingPathComponent("idinv-lite").path
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder), !isFolder.boolValue {
          return candidate
        }
        folder.deleteLastPathComponent()
      }
    }
    throw NotBuilt()
  }

  /// What starts the program where the machine cannot by itself: an emulator and its options, by `IDINV_LAUNCHER`.
  static var launcher: [String] {
    (ProcessInfo.processInfo.environment["IDINV_LAUNCHER"] ?? "").split(separator: " ").map(String.init)
  }

  /// Whether the program runs at its own speed: without an emulator, and without a sanitizer.
  static let isQuick = launcher.isEmpty && !isSanitized

  /// A machine that does not say what else it does, so that nothing warns of that.
  static let silentMachine = ["IDINV_SYSTEM_ROOT": "/nowhere"]

  /// How much longer things may take than usual: an emulator is slow, a sanitizer too, and so are three of them side by side.
  static let patience: Double = isQuick ? 1 : 20

  struct NotBuilt: Error, CustomStringConvertible {
    var description: String {
      "the program idinv-lite is not beside the test bundle: run 'swift build -c release --build-tests', or set IDINV_LITE"
    }
  }

  /// Whether the program is built with a sanitizer (scripts/sanitize): it maps terabytes, and keeps memory of its own.
  static let isSanitized = ProcessInfo.processInfo.environment["IDINV_SANITIZER"] != nil

  /// ThreadSanitizer maps a file of its own at the start, and does not see that a limit has kept it short.
  static let needsFiles = ProcessInfo.processInfo.environment["IDINV_SANITIZER"] == "thread"

  /// What a run left.
  struct Result {
    /// The exit code, or minus the number of the signal that ended it.
    var status: Int32
    var output: String
    var errors: String
    /// Largest resident set, looked at every two milliseconds; 0 with a sanitizer, whose own memory it would be.
    var peakByteCount: Int
    var timedOut: Bool

    var json: [String: Any] {
      get throws {
        try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
      }
    }
  }

  /// Runs to the end.
  ///
  /// - Parameters:
  ///   - arguments: paths in them are relative to `folder`.
  ///   - prelude: shell commands before the program starts: limits, redirections.
  ///   - mounts: shell commands that change what is mounted, for the program alone (`canMount`).
  static func run(
    _ arguments: [String], in folder: Folder, environment: [String: String] = [:], prelude: String = ":",
    mounts: String? = nil, timeout: Double = 60
  ) throws -> Result {
    try Running(arguments, in: folder, environment: environment, prelude: prelude, mounts: mounts).wait(
      timeout: timeout)
  }

  /// Whether tests may mount something for a program of theirs: they are root's, and not in a container that forbids it.
  static let canMount: Bool = {
    guard geteuid() == 0, launcher.isEmpty else { return false }
    let probe = Process()
    probe.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    probe.arguments = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /proc"]
    probe.standardError = FileHandle.nullDevice
    guard (try? probe.run()) != nil else { return false }
    probe.waitUntilExit()
    return probe.terminationStatus == 0
  }()

  /// Runs, and expects success without a word on standard error.
  @discardableResult
  static func succeed(
    _ arguments: [String], in folder: Folder, environment: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Result {
    let result = try run(arguments, in: folder, environment: environment)
    #expect(result.status == 0, "\(arguments): \(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errors.isEmpty, "\(arguments)", sourceLocation: sourceLocation)
    return result
  }

  /// A started program.
  final class Running {
    let pid: pid_t
    private let outputPath: String
    private let errorPath: String

    init(
      _ arguments: [String], in folder: Folder, environment: [String: String] = [:], prelude: String = ":",
      mounts: String? = nil
    ) throws {
      let scratch = try Folder()
      outputPath = scratch.path + ".out"
      errorPath = scratch.path + ".err"
      var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("IDINV_") && $0.key != "COLUMNS" }
      variables.merge(environment) { $1 }
      // The shell sets folder, streams and limits, and becomes the program: its process is the one to signal.
      let script =
        #"cd "$1" && exec >"$2" 2>"$3" && shift 3 && { "# + (mounts.map { $0 + " && " } ?? "")
        + prelude + #"; } && exec "$@""#
      let program = Command.launcher + [try Command.path()]
      let shell = (mounts == nil ? [] : ["unshare", "-m"]) + ["/bin/sh", "-c", script, "sh"]
      let words = shell + [folder.path, outputPath, errorPath] + program + arguments
      let argv = words.map { strdup($0) } + [nil]
      let envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
      defer { for pointer in argv + envp { free(pointer) } }
      // Threads of the test runner block signals, which a child would inherit.
      var attributes = posix_spawnattr_t()
      posix_spawnattr_init(&attributes)
      defer { posix_spawnattr_destroy(&attributes) }
      var none = sigset_t()
      var all = sigset_t()
      sigemptyset(&none)
      sigfillset(&all)
      posix_spawnattr_setsigmask(&attributes, &none)
      posix_spawnattr_setsigdefault(&attributes, &all)
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
      var pid: pid_t = 0
      let code = posix_spawnp(&pid, words[0], nil, &attributes, argv, envp)
      guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
      self.pid = pid
    }

    func send(_ signal: Int32) { kill(pid, signal) }

    /// Stops the program where it is, until SIGCONT; false where it has ended.
    func pause() -> Bool {
      send(SIGSTOP)
      var information = siginfo_t()
      return waitid(P_PID, id_t(pid), &information, WSTOPPED | WEXITED | WNOWAIT) == 0
        && Int(information.si_code) == Int(CLD_STOPPED)
    }

    /// Waits until `condition` holds; false if it does not in time.
    func wait(until condition: () -> Bool, timeout: Double = 30) -> Bool {
      let end = Date().addingTimeInterval(timeout * Command.patience)
      while Date() < end {
        if condition() { return true }
        usleep(2000)
      }
      return false
    }

    func wait(timeout: Double = 60) throws -> Result {
      let end = Date().addingTimeInterval(timeout * Command.patience)
      var status: Int32 = 0
      var timedOut = false
      var peak = 0
      while waitpid(pid, &status, WNOHANG) == 0 {
        peak = max(peak, residentPeak())
        if Date() > end && !timedOut {
          timedOut = true
          kill(pid, SIGKILL)
        }
        usleep(2000)
      }
      defer {
        unlink(outputPath)
        unlink(errorPath)
      }
      func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
      }
      return Result(
        status: status & 0x7f == 0 ? status >> 8 & 0xff : -(status & 0x7f), output: text(outputPath),
        errors: text(errorPath), peakByteCount: isSanitized ? 0 : peak, timedOut: timedOut)
    }

    /// The most memory that the program has had so far. What `wait4` tells begins with that of the test runner, of which
    /// the process is a copy until it becomes the shell.
    private func residentPeak() -> Int {
      let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) * 1024
    }
  }
}
