import Checkpoint
import Foundation
import TestSupport
import Testing

@testable import Workflows

/// What kills in the read of a picture lead to. A kill there leaves a journal that ends with "reading": these tests cut journals off.
@Suite("Reads that the program did not survive")
struct InterruptedReadTests {
  private let place: Folder
  /// A shard keeps its journal. Its images are 0, 2, 4, 6, 8.
  private let arguments: [String]
  private let path: String

  init() throws {
    place = try ManyImagesTests.folder(of: 10)
    arguments = try ManyImagesTests.arguments("--shard", "1/2", "--batch", "2", "-o")
    try Command.succeed(arguments + ["whole"], in: place)
    path = place.at("out/inversion.journal")
  }

  private typealias File = Journal<RunDescription, InversionRecord>

  private func records() throws -> [InversionRecord] {
    var records: [InversionRecord] = []
    _ = try File(opening: path, isAppending: false) { record, _ in records.append(record) }
    return records
  }

  private func resume() throws -> Command.Result { try Command.run(arguments + ["out", "--resume"], in: place) }

  /// What kills at once, in the reads of these images, leave.
  private func killInFirstRead(of lines: [Int] = [4]) throws {
    let header = try File(opening: place.at("whole/inversion.journal"), isAppending: false) { _, _ in }.header
    try FileManager.default.createDirectory(atPath: place.at("out"), withIntermediateDirectories: true)
    let journal = try File(creating: path, header: header)
    for line in lines {
      let name = "seed000\(line)"
      try journal.append(
        InversionRecord(line: line, name: name, path: "in/\(name).png", source: nil, elapsed: 0, outcome: .reading))
    }
  }

  /// What a kill in the second read leaves: all other images are done.
  private func killInSecondRead() throws {
    try killInFirstRead()
    let result = try resume()
    #expect(result.status == 0, "\(result.errors)")
    let bytes = try place.bytes("out/inversion.journal")
    let ends = bytes.indices.filter { bytes[$0] == 0x0a }
    // The header, a read that was interrupted, five images of three records each; the last one is cut after its first.
    try #require(ends.count == 1 + 1 + 5 * 3)
    try place.write("out/inversion.journal", Array(bytes[...ends[ends.count - 3]]))
    for suffix in InvertedImage.suffixes {
      try FileManager.default.removeItem(atPath: place.at("out/seed0004_\(suffix).png"))
    }
  }

  @Test("a kill in the read of an image costs nothing: it is read last and alone, and the results are the same")
  func once() throws {
    try killInFirstRead()
    let result = try resume()
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(try ManyImagesTests.differing(place, "whole", "out") == ["inversion.journal"])
    let records = try records()
    #expect(records.filter(\.isFinal).map(\.line).sorted() == [0, 2, 4, 6, 8])
    // Nothing else is at work when it is read.
    #expect(records.suffix(3).map(\.line) == [4, 4, 4])
    #expect(records.suffix(3).first?.source == FileDigest(path: place.at("in/seed0004.png")))
  }

  @Test("kills in the reads of different images, or between reads, count for none of them")
  func different() throws {
    try killInFirstRead(of: [4, 0, 6])
    let result = try resume()
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(try ManyImagesTests.differing(place, "whole", "out") == ["inversion.journal"])
    // The three are read last, one after the other.
    let finals = try records().filter(\.isFinal).map(\.line)
    #expect(finals.prefix(2).sorted() == [2, 8] && finals.suffix(3) == [0, 4, 6])
  }

  @Test("a second one, when all others are done, has the image skipped, once and for all")
  func twice() throws {
    try killInSecondRead()
    for attempt in 1...2 {
      let result = try resume()
      #expect(
        result.status == 65
          && result.errors.contains("in/seed0004.png: the program ended twice while it read this picture"),
        "attempt \(attempt): \(result.status) \(result.errors)")
      let records = try records()
      let finals = records.filter(\.isFinal)
      #expect(finals.map(\.line).sorted() == [0, 2, 4, 6, 8], "attempt \(attempt)")
      // Not even begun a third time.
      #expect(records.last?.skipReason != nil && records.count == 1 + 4 * 3 + 2, "attempt \(attempt)")
      #expect(try place.array("out/inverted_codes.npy").shape == [4, 8, 32])
      let summary = try place.json("out/summary.json")
      #expect((summary["skipped"] as? [Any])?.count == 1 && summary["complete"] as? Bool == true)
      for line in [0, 2, 6, 8] {
        let name = "seed000\(line)_inv.png"
        #expect(try place.bytes("out/\(name)") == place.bytes("whole/\(name)"))
      }
    }
  }

  @Test("another picture of the name is read")
  func replaced() throws {
    try killInSecondRead()
    try place.write("in/seed0004.png", try place.bytes("in/seed0002.png"))
    let result = try resume()
    #expect(result.status == 0, "\(result.errors)")
    #expect(try place.bytes("out/seed0004_inv.png") == place.bytes("whole/seed0002_inv.png"))
  }
}

@Suite("Reads of photographs that the program did not survive")
struct InterruptedEditTests {
  @Test("a photograph that ended the program comes last, and is skipped where it does so again")
  func edits() throws {
    let place = try Folder()
    let names = ["a", "b", "c"]
    for (index, name) in names.enumerated() { try place.writePicture("photos/\(name).png", index: index % 2) }
    try NumpyArray(shape: [1, 32], floats: (0..<32).map { Float(($0 * 7) % 5) - 2 }).write(to: place.at("b.npy"))
    func edit(_ more: String...) throws -> Command.Result {
      try Command.run(
        [
          "edit", "photos", "--aligned", "-m", Golden.model(), "-b", "b.npy", "--alpha", "-1,1", "--iterations", "2",
          "-o", "out", "--json",
        ] + more, in: place)
    }
    func lines() throws -> [Substring] { try place.text("out/edits.jsonl").split(separator: "\n") }
    /// Of each photograph in the journal: whether it was read, or edited.
    func edited() throws -> [String] {
      try lines().filter { $0.contains(#""edited""#) }.compactMap { line in
        names.first { line.contains(#""path":"photos/\#($0).png""#) }
      }
    }
    let whole = try edit()
    #expect(whole.status == 0, "\(whole.errors)")
    let picture = try place.bytes("out/b_alpha+1.png")
    #expect(try edited() == names)
    let journal = try lines()
    try #require(journal.count == 1 + 3 * 3)

    // The first kill, in the read of b.
    let firstRead = journal[4]
    try #require(firstRead.contains(#""reading""#) && firstRead.contains("photos/b.png"))
    try place.write("out/edits.jsonl", text: journal[...0].joined() + "\n" + firstRead + "\n")
    let once = try edit("--resume")
    #expect(once.status == 0 && once.errors.isEmpty, "\(once.errors)")
    #expect(try edited() == ["a", "c", "b"])
    #expect(try place.bytes("out/b_alpha+1.png") == picture)
    let photos = try #require(try once.json["photos"] as? [[String: Any]])
    #expect(photos.map { $0["name"] as? String } == names)

    // The second one, when it is read again.
    try place.write("out/edits.jsonl", text: try lines().dropLast(2).joined(separator: "\n") + "\n")
    for attempt in 1...2 {
      let twice = try edit("--resume")
      #expect(
        twice.status == 65
          && twice.errors.contains("photos/b.png: the program ended twice while it read this picture"),
        "attempt \(attempt): \(twice.errors)")
      #expect((try twice.json["photos"] as? [Any])?.count == 2)
      #expect(try edited() == ["a", "c"])
    }
    try FileManager.default.removeItem(atPath: place.at("photos/b.png"))
    try place.writePicture("photos/b.png", index: 0)
    #expect(try edit("--resume").status == 0)
  }
}
