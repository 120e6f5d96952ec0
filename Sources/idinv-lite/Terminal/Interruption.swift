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
