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
    if let mistake = Spelling.unknownCommand(arguments, in: IdinvLite.self) {
      StandardStreams.printError("idinv-lite: \(mistake)")
      exit(withError: ExitCode(Status.usage.rawValue))
    }
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      guard exitCode(for: error) == .validationFailure, !(error is ExitCode) else { exit(withError: error) }
      let mistake = Spelling.unknownOption(arguments, in: IdinvLite.self)
      StandardStreams.printError("idinv-lite: \(usageMessage(error, mistake: mistake))")
      exit(withError: ExitCode(Status.usage.rawValue))
    }
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
