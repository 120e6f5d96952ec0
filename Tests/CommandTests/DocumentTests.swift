import Checkpoint
import Foundation
import Testing

@Suite("Documents")
struct DocumentTests {
  // MARK: Links

  @Test("links lead to files and headings", arguments: Document.all)
  func links(document: Document) throws {
    let folder = URL(fileURLWithPath: document.path, relativeTo: Document.root).deletingLastPathComponent()
    for link in try document.links() {
      let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let target = parts[0].isEmpty ? document.path : folder.appendingPathComponent(parts[0]).standardizedFileURL.path
      let file = URL(fileURLWithPath: target, relativeTo: Document.root).standardizedFileURL.path
      #expect(FileManager.default.fileExists(atPath: file), "\(link)")
      if parts.count == 2, file.hasSuffix(".md") {
        let relative = String(file.dropFirst(Document.root.standardizedFileURL.path.count + 1))
        #expect(try Document(path: relative).anchors().contains(parts[1]), "\(link)")
      }
    }
  }

  // MARK: Options

  /// The pinned help of the command that these words call.
  private func help(_ arguments: [String]) throws -> String? {
    let commands = [arguments.prefix(2).joined(separator: "-"), arguments.first ?? ""]
    for command in arguments.first == "bench" ? commands + ["bench-speed"] : commands {
      let file = HelpTests.folder.appendingPathComponent("\(command).txt")
      // 'bench' alone is 'bench speed'.
      if command != "bench", FileManager.default.fileExists(atPath: file.path) {
        return try String(contentsOf: file, encoding: .utf8)
      }
    }
    return nil
  }

  private func names(_ option: String, in help: String) -> Bool {
    help.range(of: "\(option)(?![a-z0-9-])", options: .regularExpression) != nil
  }

  @Test("commands have the options that documents give them", arguments: Document.all)
  func options(document: Document) throws {
    for line in try document.lines() {
      guard let arguments = line.arguments, let first = arguments.first, first != "help", first.allSatisfy(\.isLetter)
      else {
        continue
      }
      let help = try #require(try self.help(arguments), "no such command: \(line.command)")
      for word in arguments where word.hasPrefix("-") && word != "-" {
        let option = String(word.prefix { $0 != "=" })
        #expect(names(option, in: help), "\(line.command)")
      }
    }
  }

  @Test("options in the text exist in some command")
  func mentionedOptions() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: HelpTests.folder.path)
    let helps = try files.map { try String(contentsOf: HelpTests.folder.appendingPathComponent($0), encoding: .utf8) }
    for document in Document.all where document.path == "README.md" || document.path.hasPrefix("docs/") {
      for option in try document.mentionedOptions() {
        #expect(helps.contains { names(option, in: $0) }, "\(document.path): \(option)")
      }
    }
  }

  // MARK: Commands

  /// What a reader has who follows a document: images, codes and boundaries of the names in it, and the shipped model.
  private func workplace() throws -> Folder {
    let place = try Folder()
    let models = Document.root.appendingPathComponent("models")
    func link(_ name: String, _ target: String) throws {
      let folder = (place.at(name) as NSString).deletingLastPathComponent
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: place.at(name), withDestinationPath: models.appendingPathComponent(target).path)
    }
    try link("models", "")
    for name in ["ffhq256.idinv", "model.idinv", "my.idinv"] { try link(name, "default.idinv") }
    for name in ["smile", "age", "glasses"] {
      try link("\(name).npy", "boundaries/\(name).npy")
      try link("\(name).json", "boundaries/\(name).json")
    }
    for (folder, faces) in ["photos": 1...2, "faces": 3...5, "paintings": 6...6, "crowd": 7...8] {
      for face in faces { try link("\(folder)/face\(face).png", "examples/face-0\(face).png") }
    }
    try link("face.png", "examples/face-01.png")
    try link("face2.png", "examples/face-02.png")
    // One's own scores of 100 images.
    let scores = NumpyArray(shape: [100], floats: (0..<100).map { Float($0 * 37 % 100) })
    try scores.write(to: place.at("scores.npy"))
    return place
  }

  /// Runs a line as a shell does, with the program in its path.
  private func run(_ line: String, in place: Folder) throws -> (status: Int32, output: String) {
    let program = URL(fileURLWithPath: try Command.path())
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = URL(fileURLWithPath: place.path)
    var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("IDINV_") && $0.key != "COLUMNS" }
    environment["PATH"] = program.deletingLastPathComponent().path + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
    environment["IDINV_MODEL"] = Document.root.appendingPathComponent("models/default.idinv").path
    process.environment = environment
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }

  /// Figures differ from machine to machine.
  private func masked(_ text: String) -> String {
    text.replacing(#/[-−]?\d[\d.,]*/#) { _ in "#" }.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Commands that need what a test does not have: published checkpoints, landmarks, many minutes.
  private static let leftOut = ["convert", "verify", "align", "curvature", "calibrate", "evaluate", "bench"]
  /// The same with fewer samples.
  private static let shorter = ["--seeds 0-9999": "--seeds 0-99", "--samples 10000": "--samples 300 --ratio 0.2"]

  @Test(
    "commands of documents run, in their order, and print what is shown",
    .enabled(if: Command.launcher.isEmpty),
    arguments: [("README.md", 3), ("docs/USING.md", 7), ("docs/EDITING.md", 4), ("docs/BOUNDARIES.md", 5)])
  func commands(document: String, count: Int) throws {
    let place = try workplace()
    // A result folder, as documents take one for granted; README makes its own.
    if document != "README.md" {
      #expect(try run("idinv-lite invert -q --iterations 2 face.png face2.png -o results", in: place).status == 0)
    }
    var done = 0
    for line in try Document(path: document).lines() where line.isFenced {
      guard let command = line.arguments?.first, !Self.leftOut.contains(command), !line.command.contains("IDINV_ISA"),
        !line.command.hasPrefix("scripts/")
      else { continue }
      var text = line.command
      for (long, short) in Self.shorter { text = text.replacingOccurrences(of: long, with: short) }
      if text.contains("--scores") { text += " --ratio 0.2" }
      let result = try run(text, in: place)
      #expect(result.status == 0, "\(text): \(result.output)")
      let shown = line.output.joined(separator: "\n")
      if !shown.isEmpty { #expect(masked(result.output) == masked(shown), "\(text)") }
      done += 1
    }
    #expect(done >= count, "commands of \(document) that were run: \(done)")
  }
}
