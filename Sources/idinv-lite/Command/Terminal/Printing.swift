import ArgumentParser
import Imaging
import Reports
import Workflows

extension JSONOutput {
  /// Prints a value on standard output.
  static func print(_ value: some Encodable) throws {
    try StandardStreams.printOutput(text(value))
  }
}

extension ReportingOptions {
  /// Ends a command: the JSON object on standard output where it was asked for, else a line, unless quiet.
  func summarize(_ line: String, json object: () -> some Encodable) throws {
    if json {
      try JSONOutput.print(object())
    } else if !quiet {
      try StandardStreams.printOutput(line + "\n")
    }
  }

  /// Says how an inversion ended, and ends the command with the right exit code.
  ///
  /// - Parameter skipsBad: whether images that were skipped are no failure.
  func finish(_ outcome: InversionOutcome, _ output: OutputFolder, skipsBad: Bool) throws {
    tellForeign(outcome.foreign)
    if json {
      try StandardStreams.printFile(output.path("summary.json"))
    } else if !quiet {
      try StandardStreams.printOutput(
        outcome.line(output) + (outcome.isComplete ? "\n" : " (interrupted: the best codes so far)\n"))
    }
    if !outcome.isComplete { throw Cancelled() }
    if outcome.skippedCount > 0, !skipsBad { throw ExitCode(Status.badData.rawValue) }
  }

  /// Warns of pictures that are far from what the model was trained on.
  func tellForeign(_ pictures: [(name: String, verdict: DomainVerdict)]) {
    guard !quiet, let first = pictures.first else { return }
    let others = pictures.count > 1 ? " and \(pictures.count - 1) more" : ""
    StandardStreams.tell(
      "warning: \(printable(first.name))\(others): far from what the model was trained on (in-domain score "
        + "\(first.verdict.times)): edits will look wrong")
  }

  /// Says what an editing command has made, and ends it with the right exit code.
  func finish(_ outcome: EditingOutcome) throws {
    let line = "\(outcome.line) in \(Figure.duration(outcome.seconds)); report: \(outcome.page)"
    if json {
      try JSONOutput.print(outcome.summary)
    } else if !quiet {
      try StandardStreams.printOutput(line + (outcome.isComplete ? "\n" : " (interrupted)\n"))
    }
    if !outcome.isComplete { throw Cancelled() }
    if outcome.skippedCount > 0 { throw ExitCode(Status.badData.rawValue) }
  }

  /// Who a command's runs belong to: they draw a bar on the terminal, tell of skipped images there, and end on Ctrl-C.
  func context() -> RunContext {
    let bar = ProgressBar(isQuiet: quiet)
    return RunContext(cancellation: Signals.cancellation) { event in
      switch event {
      case .progress(let state): bar.update(state)
      case .paused: bar.clear()
      case .skipped(_, let error):
        bar.clear()
        StandardStreams.printError("idinv-lite: \(terminalLine(error))")
      case .warning(let message):
        bar.clear()
        StandardStreams.printError("idinv-lite: \(message)")
      }
    }
  }
}

extension InversionOutcome {
  /// What the last line on the terminal says.
  fileprivate func line(_ output: OutputFolder) -> String {
    "\(counted(invertedCount, "image")) in \(printed("%.1f", seconds)) s, median PSNR "
      + "\(printed("%.2f", medianPSNR)) dB, \(stops.text); report: \(output.path("inversion.html"))"
  }
}

extension ParsableCommand {
  /// Runs the body of a command: an error becomes one line on standard error and an exit code.
  ///
  /// - Parameter skipsBad: whether it is no failure that every image was skipped.
  func reporting(skipsBad: Bool = false, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as ExitCode {
      throw error
    } catch let error as ValidationError {
      throw error
    } catch let error as Cancelled {
      if let message = error.message {
        StandardStreams.printError("idinv-lite: \(message)\(remedyText(error.remedy))")
      }
      throw ExitCode(Signals.exitCode)
    } catch is NothingDone {
      if skipsBad { return }
      throw ExitCode(Status.badData.rawValue)
    } catch {
      StandardStreams.printError("idinv-lite: \(terminalLine(error))")
      throw ExitCode(Status(FailureKind(error)).rawValue)
    }
  }
}
