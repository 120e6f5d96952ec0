import ArgumentParser

/// Ctrl-C in a run that keeps a journal: what is in the journal stays.
struct Interruption: Error {
  /// Says where to go on from.
  ///
  /// - Returns: the exit code to end with.
  static func report(journal: String) -> ExitCode {
    StandardStreams.printError("idinv-lite: interrupted; what is done is in \(journal), and the same command goes on")
    return ExitCode(Signals.exitCode)
  }
}

extension ProgressBar {
  /// Shows a measurement that says what share of it is done, and ends it on Ctrl-C.
  ///
  /// - Parameter measure: told after each share whether to go on; nil where it was ended.
  /// - Throws: the exit code to end with, where it was ended.
  func follow<Result>(_ name: String, _ measure: (@escaping (Double) -> Bool) throws -> Result?) throws -> Result {
    let result = try measure { [self] share in
      update(ProgressState(name: name, step: Int(share * 1000), stepCount: 1000))
      return !Signals.isInterrupted
    }
    clear()
    guard let result else { throw ExitCode(Signals.exitCode) }
    return result
  }
}
