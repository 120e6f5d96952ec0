import Checkpoint
import Imaging
import Testing
import Workflows

@testable import Command

/// Libraries name parameters, and the terminal the options that are meant.
@Suite("Error lines")
struct ErrorLineTests {
  static let lines: [(error: any Error, line: String)] = [
    (Failure(.badData, at: "a.png", remedies: ["landmarks", "aligned"], "no"), "a.png: no (--landmarks, --aligned)"),
    (Failure(.badData, at: "a.png", "no"), "a.png: no"),
    (Failure(.usage, of: "shard", "no"), "--shard: no"),
    (LocatedError(path: "a", error: Failure(.badData, remedies: ["judge none"], "no")), "a: no (--judge none)"),
    (
      CheckpointError.inFile(path: "g.pt", .badOption(name: "which", found: "b", expected: "a")),
      "g.pt: --which: expected a, found b"
    ),
  ]

  @Test(arguments: lines.indices) func exact(index: Int) {
    #expect(terminalLine(Self.lines[index].error) == Self.lines[index].line)
  }

  static let helped: [(error: any Error, remedy: String)] = [
    (ImagingError.notSquare(path: "a", width: 1, height: 2), " (--crop center)"),
    (ImagingError.tooMuchMemory(path: "a", width: 1, height: 2, needed: 9, limit: 3), " (--memory-budget)"),
    (ImagingError.tooLargeToEncode(format: "JPEG", width: 1, height: 2, limit: 1), " (--format png)"),
    (CheckpointError.reversedChannels(tensor: "a"), " (--perceptual-input)"),
  ]

  @Test(arguments: helped.indices) func remedies(index: Int) {
    let (error, remedy) = Self.helped[index]
    #expect(terminalLine(error) == "\(error)" + remedy)
  }
}
