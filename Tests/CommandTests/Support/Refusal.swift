import Foundation
import Testing

/// A run that has to fail: how, and in which words.
struct Refusal: Sendable, CustomTestStringConvertible {
  var title: String
  var status: Int32
  /// What the line on standard error has to say.
  var words: [String]
  var arguments: [String]
  /// Puts the files there that the arguments name.
  var prepare: @Sendable (Folder) throws -> Void

  init(
    _ title: String, _ status: Int32, _ words: [String], _ arguments: [String],
    prepare: @escaping @Sendable (Folder) throws -> Void = { _ in }
  ) {
    self.title = title
    self.status = status
    self.words = words
    self.arguments = arguments
    self.prepare = prepare
  }

  var testDescription: String { title }
}

/// What must not work, and how it says so.
@Suite("Bad input")
struct RefusalTests {
  /// Address space of a run in kilobytes: no header talks it into gigabytes.
  #if arch(x86_64)
    static let limits = Command.isSanitized ? ":" : "ulimit -v 3000000"
  #else
    static let limits = ":"
  #endif

  /// `MODEL`, `GENERATOR` and `OTHER` in arguments stand for the golden models.
  static func expand(_ arguments: [String]) throws -> [String] {
    try arguments.map {
      switch $0 {
      case "MODEL": try Golden.model()
      case "GENERATOR": try Golden.generatorModel()
      case "OTHER": try Golden.otherModel()
      default: $0
      }
    }
  }

  /// Runs, and expects one line that says the words, no signal, no hang, no gigabytes, and nothing new in the folder.
  static func expect(_ refusal: Refusal, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try refusal.prepare(place)
    let before = place.contents()
    let result = try Command.run(expand(refusal.arguments), in: place, prelude: limits, timeout: 30)
    #expect(result.status == refusal.status, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(!result.timedOut, sourceLocation: sourceLocation)
    #expect(result.peakByteCount < 200_000_000, sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, "\(result.output)", sourceLocation: sourceLocation)
    #expect(
      result.errors.hasPrefix("idinv-lite: ") && result.errors.hasSuffix("\n")
        && result.errors.split(separator: "\n").count == 1, "\(result.errors)", sourceLocation: sourceLocation)
    for word in refusal.words {
      #expect(result.errors.contains(word), "'\(word)' is not in: \(result.errors)", sourceLocation: sourceLocation)
    }
    let new = place.contents().filter { !before.contains($0) }
    // A folder may be there, but nothing in it except the picture that was read.
    for name in new {
      #expect(
        name == "out" && place.contents(name).allSatisfy { $0.hasSuffix("_ori.png") },
        "left: \(name) \(place.contents(name))",
        sourceLocation: sourceLocation)
    }
  }
}
