import ArgumentParser
import SIMDKernels
import Workflows

extension IdinvLite {
  /// Runs the command that the arguments name.
  ///
  /// As ArgumentParser's own entry, but a mistyped command ends in one line like every other error, and a run whose
  /// standard streams are closed does not write its figures into the first file that it opens.
  static func main() {
    StandardStreams.occupyClosed()
    Signals.prepare()
    let arguments = Array(Program.arguments.dropFirst())
    Heap.returnLargeBlocks()
    do {
      if let mistake = Spelling.unknownCommand(arguments, in: IdinvLite.self) { throw WrongUsage(text: mistake) }
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      guard let line = usageLine(error, of: arguments) else { exit(withError: error) }
      StandardStreams.printError(line)
      exit(withError: ExitCode(Status.usage.rawValue))
    }
  }

  private struct WrongUsage: Error {
    var text: String
  }

  /// What the terminal says of a command line that is wrong by itself, without a look at any file; nil for one that can be run.
  static func wrongUsage(_ arguments: [String]) -> String? {
    do {
      if let mistake = Spelling.unknownCommand(arguments, in: IdinvLite.self) { throw WrongUsage(text: mistake) }
      _ = try parseAsRoot(arguments)
      return nil
    } catch {
      return usageLine(error, of: arguments)
    }
  }

  /// Nil where the error is another one than wrong usage.
  private static func usageLine(_ error: any Error, of arguments: [String]) -> String? {
    if let error = error as? WrongUsage { return "idinv-lite: \(error.text); see 'idinv-lite --help'" }
    guard exitCode(for: error) == .validationFailure, !(error is ExitCode) else { return nil }
    let mistake = Spelling.unknownOption(arguments, in: IdinvLite.self)
    return "idinv-lite: \(usageMessage(error, mistake: mistake))"
  }

  /// ArgumentParser's message without its usage text, and the command whose help has that: "see 'idinv-lite help …'".
  private static func usageMessage(_ error: any Error, mistake: String?) -> String {
    var text = (mistake ?? message(for: error)).split(whereSeparator: \.isNewline).joined(separator: " ")
    if text.hasSuffix(".") { text.removeLast() }
    text = printable(text)
    if let expected = ExpectedValue.description(for: text) { text += "; expected \(expected)" }
    guard let last = fullMessage(for: error).split(whereSeparator: \.isNewline).last,
      let start = last.firstIndex(of: "'"), let end = last.lastIndex(of: "'"), start < end,
      last.contains("--help")
    else { return text }
    return "\(text); see \(last[start...end])"
  }
}
