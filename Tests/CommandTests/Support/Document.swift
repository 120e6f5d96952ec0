import Foundation
import Testing

/// A document of the project, and the commands in its code blocks.
struct Document: CustomTestStringConvertible {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// All documents: those in the root, in `docs`, and those that explain a folder.
  static let all: [Document] = ["", "docs", "models", "models/training", "bench", "bench/arm", "bench/peers", "python"]
    .flatMap {
      folder in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)) ?? []
      return names.filter { $0.hasSuffix(".md") }.sorted().map {
        Document(path: folder.isEmpty ? $0 : "\(folder)/\($0)")
      }
    }

  /// Relative to the project's root.
  let path: String
  var testDescription: String { path }

  func text() throws -> String {
    try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
  }

  /// A line of a code block that starts something.
  struct Line {
    /// Without prompt, comment and line breaks.
    var command: String
    /// What a `console` block shows below it.
    var output: [String] = []
    /// In a fenced block, and so meant to be run as it stands; indented ones belong to figures.
    var isFenced: Bool

    /// The words behind `idinv-lite`, if that is what the line starts.
    var arguments: [String]? {
      let words = command.split(separator: " ").map(String.init).drop { $0.contains("=") || $0 == "time" }
      guard let program = words.first, program.split(separator: "/").last == "idinv-lite" else { return nil }
      return words.dropFirst().prefix { $0 != "&&" && $0 != ">" && $0 != "|" }.map { $0 }
    }
  }

  func lines() throws -> [Line] {
    var lines: [Line] = []
    var fence: String?
    var pending = ""
    for line in try text().split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("```") {
        fence = fence == nil ? String(line.dropFirst(3)) : nil
        continue
      }
      let isIndented = fence == nil && line.hasPrefix("    ")
      guard fence != nil || isIndented else { continue }
      if fence == "console", pending.isEmpty, !line.hasPrefix("$ ") {
        if !lines.isEmpty { lines[lines.count - 1].output.append(line) }
        continue
      }
      var command = line.trimmingCharacters(in: .whitespaces)
      if command.hasPrefix("$ ") { command.removeFirst(2) }
      if let comment = command.range(of: #"(^|\s+)#\s.*$"#, options: .regularExpression) {
        command.removeSubrange(comment)
      }
      pending += pending.isEmpty ? command : " " + command
      if pending.hasSuffix("\\") {
        pending.removeLast()
        continue
      }
      if !pending.isEmpty { lines.append(Line(command: pending, isFenced: fence != nil)) }
      pending = ""
    }
    return lines
  }

  /// Targets of links and pictures that are not addresses.
  func links() throws -> [String] {
    let text = try self.text()
    let patterns = [#/\]\(([^)\s]+)\)/#, #/src="([^"]+)"/#]
    return patterns.flatMap { pattern in text.matches(of: pattern).map { String($0.output.1) } }
      .filter { !$0.contains("://") && !$0.hasPrefix("mailto:") }
  }

  /// The names by which headings are linked to.
  func anchors() throws -> Set<String> {
    Set(
      try text().split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
        let title = line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
        return String(title.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" })
          .replacingOccurrences(of: " ", with: "-")
      })
  }

  /// Options in the text, as `--this`.
  func mentionedOptions() throws -> Set<String> {
    Set(try text().matches(of: #/`(--[a-z0-9-]+)/#).map { String($0.output.1) })
  }
}
