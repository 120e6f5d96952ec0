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
    if let mistake = unknownHelp(arguments[...]) {
      StandardStreams.printError("idinv-lite: \(mistake)")
      exit(withError: ExitCode(Status.usage.rawValue))
    }
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      guard exitCode(for: error) == .validationFailure, !(error is ExitCode) else { exit(withError: error) }
      StandardStreams.printError("idinv-lite: \(usageMessage(error))")
      exit(withError: ExitCode(Status.usage.rawValue))
    }
  }

  /// What is wrong with the words after `help`: for a command that there is not, ArgumentParser shows the general help.
  private static func unknownHelp(_ arguments: ArraySlice<String>) -> String? {
    guard arguments.first == "help" else { return nil }
    var command: any ParsableCommand.Type = IdinvLite.self
    for name in arguments.dropFirst() where !name.hasPrefix("-") {
      let subcommands = command.configuration.subcommands
      guard let next = subcommands.first(where: { $0._commandName == name }) else {
        let names = subcommands.map { $0._commandName }.joined(separator: ", ")
        return "help: there is no command '\(name)'; expected \(names.isEmpty ? "nothing more" : "one of \(names)")"
      }
      command = next
    }
    return nil
  }

  /// ArgumentParser's message without its usage text, and the command whose help has that: "see 'idinv-lite help …'".
  private static func usageMessage(_ error: any Error) -> String {
    var text = message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
    if text.hasSuffix(".") { text.removeLast() }
    if let expected = ExpectedValue.description(for: text) { text += "; expected \(expected)" }
    guard let last = fullMessage(for: error).split(whereSeparator: \.isNewline).last,
      let start = last.firstIndex(of: "'"), let end = last.lastIndex(of: "'"), start < end,
      last.contains("--help")
    else { return text }
    return "\(text); see \(last[start...end])"
  }
}
