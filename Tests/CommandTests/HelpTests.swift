import Foundation
import Testing

@testable import Command

/// The texts in `Help/`. After a wanted change: `IDINV_UPDATE_HELP=1 swift test --filter HelpTests`.
@Suite("Help")
struct HelpTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Help")

  @Test("the help of every command is what it was")
  func pinned() throws {
    let place = try Folder()
    let root = try Command.succeed(["--help"], in: place).output
    let names = Self.subcommands(root)
    var commands = names
    for name in names {
      commands += Self.subcommands(try Command.succeed(["help", name], in: place).output).map { "\(name) \($0)" }
    }
    #expect(
      Set(commands).isSuperset(of: [
        "convert", "info", "verify", "forward", "synthesize", "encode", "invert", "kernels",
      ]))
    for command in ["idinv-lite"] + commands {
      let words = command.split(separator: " ").map(String.init)
      let arguments = command == "idinv-lite" ? ["--help"] : ["help"] + words
      let text = try Command.succeed(arguments, in: place).output
      let file = Self.folder.appendingPathComponent("\(words.joined(separator: "-")).txt")
      if ProcessInfo.processInfo.environment["IDINV_UPDATE_HELP"] != nil {
        try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
      }
      let expected = try? String(contentsOf: file, encoding: .utf8)
      #expect(text == expected, "the help of \(command) has changed: set IDINV_UPDATE_HELP=1 if that is wanted")
      if command != "idinv-lite" {
        #expect(try Command.succeed(words + ["--help"], in: place).output == text)
      }
    }
  }

  /// "  convert                 Convert trained …"
  private static func subcommands(_ help: String) -> [String] {
    let parts = help.components(separatedBy: "SUBCOMMANDS:\n")
    guard parts.count == 2 else { return [] }
    return parts[1].split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }
      .filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }.compactMap {
        $0.split(whereSeparator: { $0 == " " || $0 == "," }).first.map(String.init)
      }
  }

  @Test("without arguments, and with --version")
  func bare() throws {
    let place = try Folder()
    #expect(try Command.succeed([], in: place).output == Command.succeed(["--help"], in: place).output)
    let version = try Command.succeed(["--version"], in: place).output
    #expect(version.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
  }

  @Test("completion scripts are scripts", arguments: ["bash", "zsh", "fish"])
  func completions(shell: String) throws {
    let place = try Folder()
    let script = try Command.succeed(["--generate-completion-script", shell], in: place).output
    #expect(script.contains("lambda-perceptual"))
    guard shell == "bash" else { return }
    try place.write("script", text: script)
    let check = Process()
    check.executableURL = URL(fileURLWithPath: "/bin/bash")
    check.arguments = ["-n", place.at("script")]
    guard FileManager.default.isExecutableFile(atPath: "/bin/bash") else { return }
    try check.run()
    check.waitUntilExit()
    #expect(check.terminationStatus == 0)
  }

  @Test(
    "a typing mistake is one line, with exit code 64",
    arguments: [
      ["bogus"], ["invert", "-o", "out"], ["invert", "a.png"], ["invert", "a.png", "-o", "out", "--bogus"],
      ["invert", "a.png", "-o", "out", "--crop", "left"], ["forward", "nothing", "--input", "a", "--output", "b"],
      ["convert", "-o", "m.idinv"], ["attributes"], ["attributes", "a.png", "--codes", "c.npy"],
      ["boundary", "train", "-o", "out"], ["boundary", "train", "-o", "out", "--codes", "c.npy"],
      ["boundary", "train", "-o", "out", "--codes", "c.npy", "--scores", "s.npy", "--samples", "5"],
      ["boundary", "train", "-o", "out", "--attribute", "yaw", "--attribute-column", "1"],
      ["boundary", "train", "-o", "out", "--codes", "c.npy", "--scores", "s.npy", "--name", "../x"],
      ["boundary", "closed-form", "-o", "out"], ["boundary", "info"], ["boundary", "search-layers"],
      ["convert", "--generator", "g", "-o", "m.idinv", "--weights", "f8"],
      ["synthesize", "-o", "out"], ["synthesize", "-o", "out", "--seeds", "1", "--codes", "c.npy"],
      ["synthesize", "-o", "out", "--codes", "c.npy", "--truncation", "0.5"], ["invert", "a.png", "-o"],
      ["invert", "a.png", "-o", "out", "--optimizer", "sgd"],
      ["invert", "a.png", "-o", "out", "--published", "--iterations", "5"],
      ["invert", "a.png", "-o", "out", "--published", "--optimizer", "auto"],
      ["diffuse", "--targets", "a.png", "--contexts", "a.png", "-o", "out", "--published", "--budget", "2s"],
      ["invert", "a.png", "-o", "out", "--budget", "5"],
      ["invert", "a.png", "-o", "out", "--budget", "0s"],
      ["invert", "a.png", "-o", "out", "--patience", "0"],
      ["invert", "a.png", "-o", "out", "--target-psnr", "nan"],
    ])
  func mistakes(arguments: [String]) throws {
    let line = try #require(IdinvLite.wrongUsage(arguments))
    #expect(line.hasPrefix("idinv-lite: ") && line.hasSuffix("--help'") && !line.contains("\n"), "\(line)")
  }

  @Test(
    "numbers out of range are wrong usage",
    arguments: [
      ("--iterations", ["-1", "nan", "1e3", "1000001", "9223372036854775807", "99999999999999999999", "", "ten"]),
      ("--learning-rate", ["0", "-0.01", "nan", "inf", "-inf", "1e99", "x"]),
      ("--lambda-perceptual", ["-1", "nan", "inf"]), ("--lambda-domain", ["-1", "nan", "inf"]),
      ("--snapshots", ["-1", "1001", "9223372036854775807"]),
      ("--checkpoint-every", ["-1", "-9223372036854775808", "1.5"]),
      ("--batch", ["-1", "1025", "x"]),
      ("--shard", ["0/2", "3/2", "1", "1/0", "-1/2", "1/2/3", "a/b", "auto/0", "auto/", "auto/x"]),
      ("--threads", ["-1", "1025", "9223372036854775807"]), ("--compute", ["f8"]),
    ])
  func numbers(option: String, values: [String]) throws {
    for value in values {
      let line = IdinvLite.wrongUsage(["invert", "a.png", "-o", "out", option, value])
      #expect(line?.contains(option) == true && line?.contains("\n") == false, "\(option) \(value): \(line ?? "")")
    }
  }

  @Test(
    "numbers out of range are wrong usage in the other commands",
    arguments: [
      ["synthesize", "-o", "out", "--seeds", "-1"], ["synthesize", "-o", "out", "--seeds", ""],
      ["synthesize", "-o", "out", "--seeds", "1,,2"], ["synthesize", "-o", "out", "--seeds", "3-1"],
      ["synthesize", "-o", "out", "--seeds", "0-4294967295"],
      ["synthesize", "-o", "out", "--seeds", "18446744073709551616"],
      ["synthesize", "-o", "out", "--seeds", "0-99999999999999999999"],
      ["synthesize", "-o", "out", "--seeds", "1", "--truncation", "nan"],
      ["forward", "generator", "--input", "a", "--output", "b", "--batch", "0"],
      ["convert", "--generator", "g", "-o", "m", "--pixel-range", "1,-1"],
      ["convert", "--generator", "g", "-o", "m", "--pixel-range", "0,nan"],
      ["convert", "--generator", "g", "-o", "m", "--pixel-range", "0"],
      ["convert", "--generator", "g", "-o", "m", "--truncation-psi", "inf"],
      ["convert", "--generator", "g", "-o", "m", "--truncation-layers", "-1"],
      ["convert", "--perceptual", "g", "-o", "m", "--perceptual-layers", "0"],
      ["verify", "m", "--against", "g", "--minimum-psnr", "nan"],
      ["boundary", "train", "-o", "out", "--attribute", "a", "--ratio", "0"],
      ["boundary", "train", "-o", "out", "--attribute", "a", "--ratio", "nan"],
      ["boundary", "train", "-o", "out", "--attribute", "a", "--ratio", "0.51"],
      ["boundary", "train", "-o", "out", "--attribute", "a", "--split", "1"],
      ["boundary", "train", "-o", "out", "--attribute", "a", "--cost", "-1"],
      ["boundary", "train", "-o", "out", "--attribute", "a", "--cost", "inf"],
      ["boundary", "train", "-o", "out", "--attribute", "a", "--samples", "0"],
      ["boundary", "train", "-o", "out", "--attribute", "a", "--samples", "99999999999"],
      ["boundary", "train", "-o", "out", "--attribute", "a", "--layers", "3-1"],
      ["boundary", "closed-form", "0", "-o", "out"], ["boundary", "closed-form", "-1", "-o", "out"],
      ["boundary", "search-layers", "--boundary", "b.npy", "--alpha", "0"],
      ["boundary", "search-layers", "--boundary", "b.npy", "--share", "2"],
    ])
  func otherNumbers(arguments: [String]) throws {
    let line = try #require(IdinvLite.wrongUsage(arguments))
    #expect(!line.contains("\n"), "\(line)")
  }
}
