import Files
import ArgumentParser

/// Words of the command line that are almost right.
///
/// ArgumentParser looks for what is missing before it looks at what is there: of `invrt x -o y` it says that `-o` is unknown,
/// and of `invert x --outptu y` that `--output` is missing. What was mistyped is found here first.
enum Spelling {
  /// What is wrong with a command's name: "there is no command 'invrt'; did you mean 'invert'?".
  static func unknownCommand(_ arguments: [String], in root: any ParsableCommand.Type) -> String? {
    var words = arguments[...]
    var command: any ParsableCommand.Type = root
    let isHelp = words.first == "help"
    if isHelp { words = words.dropFirst() }
    for word in words {
      let commands = subcommands(of: command)
      // Options come first, or arguments of a command without others.
      guard !word.hasPrefix("-"), isHelp || !commands.isEmpty else { return nil }
      if let next = commands.first(where: { $0.name == word }) {
        command = next.type
        continue
      }
      // A container with a command by default takes arguments, too.
      if !isHelp, command.configuration.defaultSubcommand != nil { return nil }
      let names = commands.filter { $0.isShown }.map { $0.name }
      let place = isHelp ? "help: " : ""
      guard !names.isEmpty else { return "\(place)there is no command '\(word)'; expected nothing more" }
      if let near = nearest(word, among: names) {
        return "\(place)there is no command '\(word)'; did you mean '\(near)'?"
      }
      return "\(place)there is no command '\(word)'; expected one of \(names.joined(separator: ", "))"
    }
    return nil
  }

  private struct Subcommand {
    var name: String
    var isShown: Bool
    var type: any ParsableCommand.Type
  }

  /// What may follow a command's name. Other names that a command has had still lead to it.
  private static func subcommands(of command: any ParsableCommand.Type) -> [Subcommand] {
    var result: [Subcommand] = []
    for type in command.configuration.subcommands {
      let configuration = type.configuration
      result.append(Subcommand(name: type._commandName, isShown: configuration.shouldDisplay, type: type))
      for alias in configuration.aliases { result.append(Subcommand(name: alias, isShown: false, type: type)) }
    }
    return result
  }

  /// The first option that the command does not have: "unknown option '--outptu'; did you mean '--output'?".
  static func unknownOption(_ arguments: [String], in root: any ParsableCommand.Type) -> String? {
    var command = root
    var words = arguments[...]
    while let word = words.first, let next = subcommands(of: command).first(where: { $0.name == word }) {
      command = next.type
      words = words.dropFirst()
    }
    if let standard = command.configuration.defaultSubcommand { command = standard }
    guard let known = Known(command) else { return nil }
    for word in words.prefix(while: { $0 != "--" }) where word.hasPrefix("-") {
      let name = String(word.drop { $0 == "-" }.prefix { $0 != "=" })
      if word.hasPrefix("--") {
        guard !known.options.contains(name) else { continue }
        return "unknown option '--\(name)'\(hint(for: name, known) ?? "")"
      }
      // One hyphen, where other programs have a whole word: -lr. It may also be a value, or several short options.
      guard name.count > 1, let hint = hint(for: name, known, guesses: false) else { continue }
      return "unknown option '-\(name)'\(hint)"
    }
    return nil
  }

  /// All options of a command and of those below it, without hyphens.
  static func options(in root: any ParsableCommand.Type) -> Set<String> {
    root.configuration.subcommands.reduce(Known(root)?.options ?? []) { $0.union(options(in: $1)) }
  }

  /// What an unknown option may have meant, to follow its name.
  ///
  /// - Parameter guesses: whether words count that only look like an option's.
  private static func hint(for name: String, _ known: Known, guesses: Bool = true) -> String? {
    let word = hyphenated(name)
    var near = known.options.contains(word) ? [word] : OptionSynonyms.options(for: word, among: known.options)
    if near.isEmpty, guesses {
      near = nearest(word, among: known.options).map { [$0] } ?? beginning(with: word, among: known.options)
    }
    if !near.isEmpty { return "; did you mean \(near.map { "'--\($0)'" }.joined(separator: " or "))?" }
    if OptionSynonyms.accelerators.contains(word) { return "; idinv-lite computes on the processor alone" }
    guard OptionSynonyms.inputs.contains(word), let argument = known.argument else { return nil }
    return "; <\(argument)> comes without an option"
  }

  /// Another program's word as one of this program's: `num_steps` and `numSteps` are "num-steps".
  private static func hyphenated(_ name: String) -> String {
    var result = ""
    for letter in name {
      if letter.isUppercase, let last = result.last, last != "-" { result.append("-") }
      result += letter == "_" ? "-" : letter.lowercased()
    }
    return result
  }

  /// Options that a word of at least three letters begins, if they are few.
  private static func beginning(with word: String, among names: Set<String>) -> [String] {
    let found = word.count < 3 ? [] : names.filter { $0.hasPrefix(word) }.sorted()
    return found.count > 3 ? [] : found
  }

  /// What a command takes.
  private struct Known {
    var options: Set<String>
    /// What it takes without an option: "images".
    var argument: String?

    init?(_ command: any ParsableCommand.Type) {
      guard let description = try? JSONText.decode(Description.self, from: command._dumpHelp().utf8) else {
        return nil
      }
      let arguments = description.command.arguments ?? []
      let names = arguments.flatMap { $0.names ?? [] }.filter { $0.kind == "long" }
      // These all commands have.
      options = Set(names.map(\.name)).union([
        "help", "version", "help-hidden", "generate-completion-script", "experimental-dump-help",
      ])
      argument = arguments.first { $0.kind == "positional" }?.valueName
    }
  }

  /// ArgumentParser's own description of a command.
  private struct Description: Decodable {
    struct Command: Decodable {
      struct Argument: Decodable {
        struct Name: Decodable {
          var kind: String
          var name: String
        }
        var kind: String
        var valueName: String?
        var names: [Name]?
      }
      var arguments: [Argument]?
    }
    var command: Command
  }

  /// The name that is nearest, if a third of its letters is right.
  static func nearest(_ word: String, among names: some Collection<String>) -> String? {
    let ranked: [(name: String, distance: Int)] = names.map { (name: $0, distance: distance(word, $0)) }
    let first = ranked.min { a, b in a.distance != b.distance ? a.distance < b.distance : a.name < b.name }
    guard let first, first.distance <= max(1, min(3, first.name.count / 3)) else { return nil }
    return first.name
  }

  /// Insertions, removals, replacements and exchanges of neighbors that turn one word into the other (optimal string alignment).
  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.unicodeScalars), Array(b.unicodeScalars))
    var rows = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in 0...a.count { rows[i][0] = i }
    for j in 0...b.count { rows[0][j] = j }
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    for i in 1...a.count {
      for j in 1...b.count {
        let change = a[i - 1] == b[j - 1] ? 0 : 1
        rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + change)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
        }
      }
    }
    return rows[a.count][b.count]
  }
}
