import Checkpoint
import Files
import Foundation
import Imaging
import Quant
import TestSupport
import Testing

@testable import Workflows

@Suite("invert on many images: batches, journal, shards, merge", .serialized)
struct ManyImagesTests {
  /// Pictures that the model makes of seeds.
  static func folder(of count: Int) throws -> Folder {
    let place = try Folder()
    try Command.succeed(
      ["synthesize", "-q", "-m", Golden.model(), "--seeds", "0-\(count - 1)", "-o", "in"], in: place)
    try FileManager.default.removeItem(atPath: place.at("in/codes.npy"))
    return place
  }

  static func arguments(_ more: String...) throws -> [String] {
    ["invert", "-q", "-m", try Golden.model(), "in", "--iterations", "6", "--snapshots", "2"] + more
  }

  /// What two runs must agree in: everything, but for times and dates.
  static func contents(_ place: Folder, _ folder: String) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in place.contents(folder) where !name.hasSuffix(".html") {
      var bytes = try place.bytes("\(folder)/\(name)")
      if name.hasSuffix(".jsonl") || name.hasSuffix(".json") {
        bytes = Array(
          String(decoding: bytes, as: UTF8.self)
            .replacing(/"seconds" ?: ?[0-9.e-]+/, with: "")
            .replacing(/"conditions" ?: ?\{[^}]*\},\s*/, with: "").utf8)
      }
      files[name] = bytes
    }
    return files
  }

  static func differing(_ place: Folder, _ first: String, _ second: String) throws -> [String] {
    let (a, b) = (try contents(place, first), try contents(place, second))
    return Set(a.keys).union(b.keys).filter { a[$0] != b[$0] }.sorted()
  }

  /// Lines and codes that a journal holds.
  static func records(_ path: String) -> [(line: Int, codes: [Float])] {
    var records: [(line: Int, codes: [Float])] = []
    _ = try? Journal<RunDescription, InversionRecord>(opening: path, isAppending: false) { record, _ in
      if record.isFinal { records.append((record.line, record.inverted?.code.values ?? [])) }
    }
    return records
  }

  /// Whether an image is being read whose read was interrupted before.
  static func isReadingAgain(_ path: String) -> Bool {
    var last: InversionRecord?
    _ = try? Journal<RunDescription, InversionRecord>(opening: path, isAppending: false) { record, _ in last = record }
    guard let last, case .reading = last.outcome else { return false }
    return last.source != nil
  }

  @Test("images side by side have the bytes of images one at a time")
  func batches() throws {
    let place = try Self.folder(of: 11)
    try Command.succeed(try Self.arguments("-o", "one", "--batch", "1"), in: place)
    for batch in ["2", "4", "8", "16", "0"] {
      try Command.succeed(try Self.arguments("-o", batch, "--batch", batch), in: place)
      #expect(try Self.differing(place, "one", batch) == [], "--batch \(batch)")
    }
    #expect(place.contents("one").count == 3 * 11 + 6)
  }

  @Test("killed at twenty moments and resumed: nothing lost, nothing done twice, the bytes of an undisturbed run")
  func kills() throws {
    let place = try Self.folder(of: 40)
    try Command.succeed(try Self.arguments("-o", "whole"), in: place)
    var random = SeededRandom(20)
    var killCount = 0
    var results: [Int: [Float]] = [:]
    for attempt in 0..<20 {
      let running = try Command.Running(try Self.arguments("-o", "out", "--resume", "--batch", "4"), in: place)
      usleep(UInt32(random.next() % 90_000) + 4000)
      // A second kill in the read of one image would say that the image ends the program (`InterruptedReadTests`).
      let isReadAgain = running.pause() && Self.isReadingAgain(place.at("out/inversion.journal"))
      running.send(isReadAgain ? SIGCONT : SIGKILL)
      if try running.wait().status == -SIGKILL { killCount += 1 }
      // What was recorded stays as it is: the same codes, found once.
      guard place.has("out/inversion.journal") else { continue }
      let records = Self.records(place.at("out/inversion.journal"))
      #expect(Set(records.map(\.line)).count == records.count, "attempt \(attempt): done twice")
      #expect(records.count >= results.count, "attempt \(attempt): a result was lost")
      for record in records {
        #expect(results[record.line] ?? record.codes == record.codes, "attempt \(attempt)")
        results[record.line] = record.codes
      }
    }
    #expect(killCount > 0)
    try Command.succeed(try Self.arguments("-o", "out", "--resume"), in: place)
    let differing = try Self.differing(place, "whole", "out")
    #expect(differing == [])
    // Once more: there is nothing to do.
    let again = try Command.succeed(try Self.arguments("-o", "out", "--resume", "--json"), in: place)
    #expect((try again.json["images"] as? [Any])?.count == 40)
  }

  @Test("killed before the journal's first line was whole: begun anew", arguments: ["", "0123abcd {\"head"])
  func killedAtOnce(torn: String) throws {
    let place = try Self.folder(of: 2)
    try Command.succeed(try Self.arguments("-o", "whole"), in: place)
    try FileManager.default.createDirectory(atPath: place.at("out"), withIntermediateDirectories: true)
    try Data(torn.utf8).write(to: URL(fileURLWithPath: place.at("out/inversion.journal")))
    try Command.succeed(try Self.arguments("-o", "out", "--resume"), in: place)
    #expect(try Self.differing(place, "whole", "out") == [])
  }

  @Test("pictures that a power cut lost are made again, a torn or damaged record is done again")
  func powerCut() throws {
    let place = try Self.folder(of: 9)
    // A shard keeps its journal: what a killed run leaves, at a moment of our choice.
    let arguments = try Self.arguments("--shard", "1/2", "-o")
    try Command.succeed(arguments + ["whole"], in: place)
    try Command.succeed(arguments + ["out"], in: place)
    let journal = try place.bytes("out/inversion.journal")
    let ends = journal.indices.filter { journal[$0] == 0x0a }
    // The description, and of each image that it is being read, that it was, and its result.
    #expect(ends.count == 1 + 3 * 5)
    func expectSame(_ what: String) throws {
      let result = try Command.run(arguments + ["out", "--resume"], in: place)
      #expect(result.status == 0, "\(what): \(result.errors)")
      let differing = try Self.differing(place, "whole", "out").filter { $0 != "inversion.journal" }
      #expect(differing == [], "\(what)")
    }
    for suffix in ["ori", "enc", "inv"] { try place.write("out/seed0002_\(suffix).png", []) }
    try FileManager.default.removeItem(atPath: place.at("out/seed0004_inv.png"))
    try expectSame("pictures")
    for cut in [ends[15] - 1, ends[15], ends[14] + 3, ends[6], ends[4] + 100, ends[1], ends[0] + 1] {
      try place.write("out/inversion.journal", Array(journal[...cut]))
      try expectSame("cut at \(cut)")
    }
    for place2 in [ends[1] + 20, ends[14] - 1, ends[12], ends[3]] {
      var bytes = journal
      bytes[place2] ^= 1
      try place.write("out/inversion.journal", bytes)
      try expectSame("flipped at \(place2)")
    }
    try place.write("out/inversion.journal", journal + [UInt8](repeating: 0, count: 5000))
    try expectSame("zeros")
  }

  @Test("a journal of another model, list, shard or set of options is refused, and none is overwritten")
  func foreignJournals() throws {
    let place = try Self.folder(of: 4)
    let arguments = try Self.arguments("--shard", "1/2", "-o", "out")
    try Command.succeed(arguments, in: place)
    let journal = try place.bytes("out/inversion.journal")
    func expectRefused(_ arguments: [String], _ status: Int32, _ reason: String, _ line: Int = #line) throws {
      let result = try Command.run(arguments, in: place)
      #expect(
        result.status == status && result.errors.contains(reason) && result.errors.split(separator: "\n").count == 1,
        "line \(line): \(result.status) \(result.errors)")
      #expect(try place.bytes("out/inversion.journal") == journal, "line \(line)")
    }
    try expectRefused(arguments, 73, "holds results of 2 images of an unfinished run; expected to resume it")
    let resumed = arguments + ["--resume"]
    try expectRefused(
      resumed + ["--learning-rate", "0.02"], 65, "other options (the defaults; expected --learning-rate 0.02)")
    try expectRefused(resumed + ["--shard", "2/2"], 65, "another shard (1/2; expected 2/2)")
    try expectRefused(resumed + ["in/seed0001.png"], 65, "another list of images (4; expected 5)")
    try expectRefused(
      [
        "invert", "-q", "-m", try Golden.otherModel(), "in", "--iterations", "6", "--snapshots", "2", "--shard", "1/2",
        "-o", "out", "--resume", "--lambda-perceptual", "0",
      ], 65, "another model (")
    try expectRefused(resumed + ["--shard", "9/9"], 64, "has none of the 4 images")
    try place.write("out/inversion.journal", text: "00000000 {}\n")
    let result = try Command.run(resumed, in: place)
    #expect(result.status == 65 && result.errors.contains("is no journal of this version"))
  }

  @Test("records that no run could have written are refused")
  func hostileRecords() throws {
    let place = try Self.folder(of: 2)
    let arguments = try Self.arguments("--shard", "1/1", "-o", "out")
    let running = try Command.Running(arguments + ["--optimizer", "adam", "--iterations", "1000000"], in: place)
    #expect(running.wait(until: { place.has("out/seed0000_ori.png") }))
    running.send(SIGKILL)
    _ = try running.wait()
    func line(_ text: String) -> String {
      var crc = CRC32()
      crc.update([UInt8](text.utf8))
      return String(format: "%08x ", crc.value) + text + "\n"
    }
    let journal = try place.text("out/inversion.journal")
    let header = String(journal.prefix { $0 != "\n" }) + "\n"
    let skipped = #""outcome":{"skipped":{"reason":"x"}}"#
    for record in [
      #"{"line":2,"name":"a","path":"a","elapsed":0,\#(skipped)}"#,
      #"{"line":-1,"name":"a","path":"a","elapsed":0,\#(skipped)}"#,
      #"{"line":9223372036854775807,"name":"a","path":"a","elapsed":0,\#(skipped)}"#,
    ] {
      try place.write("out/inversion.journal", text: header + line(record))
      let result = try Command.run(
        arguments + ["--optimizer", "adam", "--iterations", "1000000", "--resume"], in: place)
      #expect(
        result.status == 65 && result.errors.contains("record 1 belongs to no image of this run"), "\(result.errors)")
    }
    // So are headers: a page of such pictures has no size.
    let description = String(header.dropFirst(9).dropLast())
    for (key, hostile) in [
      ("resolution", "4611686018427387904"), ("snapshotCount", "4611686018427387904"), ("snapshotCount", "-1"),
    ] {
      let changed = description.replacingOccurrences(
        of: "\"\(key)\":[0-9]+", with: "\"\(key)\":\(hostile)", options: .regularExpression)
      #expect(changed != description)
      try place.write("out/inversion.journal", text: line(changed))
      let result = try Command.run(["merge", "out", "-o", "merged"], in: place)
      #expect(
        result.status == 65 && result.errors.contains("out/inversion.journal: is no journal"), "\(result.errors)")
    }
  }

  @Test("bad images are skipped with their reasons, in a resumed run too")
  func badImages() throws {
    let place = try Self.folder(of: 6)
    try place.write("in/seed0001.png", [])
    try place.write("in/seed0004.png", text: "no picture")
    let arguments = try Self.arguments("-o")
    let whole = try Command.run(arguments + ["whole"], in: place)
    #expect(whole.status == 65 && whole.errors.split(separator: "\n").count == 2)
    let running = try Command.Running(arguments + ["out", "--batch", "1", "--checkpoint-every", "1"], in: place)
    #expect(running.wait(until: { place.has("out/seed0002_inv.png") }))
    running.send(SIGKILL)
    _ = try running.wait()
    #expect(try Command.run(arguments + ["out", "--resume"], in: place).status == 65)
    #expect(try Self.differing(place, "whole", "out").filter { $0 != ".checkpoints" } == [])
    let summary = try place.json("out/summary.json")
    let reasons = (summary["skipped"] as? [[String: Any]] ?? []).compactMap { $0["reason"] as? String }
    #expect(
      reasons.count == 2 && reasons[0].contains("is empty") && reasons[1].contains("expected a PNG, JPEG or WebP file"))
    #expect(try place.text("out/image_list.txt").split(separator: "\n").count == 4)
    #expect(try place.array("out/inverted_codes.npy").shape == [4, 8, 32])
    // Finished, with bad images: still said by the exit code.
    #expect(try Command.run(arguments + ["out", "--resume"], in: place).status == 65)
  }

  @Test("shards, merged, are the run of one machine", arguments: [1, 3])
  func shards(count: Int) throws {
    let place = try Self.folder(of: 10)
    try place.write("in/seed0005.png", text: "no picture")
    #expect(try Command.run(try Self.arguments("-o", "whole"), in: place).status == 65)
    var folders: [String] = []
    for number in (1...count).reversed() {
      folders.append("part\(number)")
      let isBad = (5 % count) == number - 1
      let result = try Command.run(
        try Self.arguments("--shard", "\(number)/\(count)", "-o", folders.last!), in: place)
      // One of one is a run like any other.
      #expect(result.status == (isBad ? 65 : 0), "\(result.errors)")
    }
    guard count > 1 else {
      #expect(try Self.differing(place, "whole", "part1") == [])
      return
    }
    let merged = try Command.run(["merge", "--json", "-o", "merged"] + folders, in: place)
    #expect(merged.status == 65 && merged.errors.isEmpty)
    #expect((try merged.json["images"] as? [Any])?.count == 9)
    #expect(try Self.differing(place, "whole", "merged") == [])
    #expect(
      try place.text("merged/inversion.html").components(separatedBy: "<img").count
        == place.text("whole/inversion.html").components(separatedBy: "<img").count)

    func expectRefused(_ arguments: [String], _ status: Int32, _ reason: String) throws {
      let result = try Command.run(["merge", "-o", "bad"] + arguments, in: place)
      #expect(result.status == status && result.errors.contains(reason), "\(result.status) \(result.errors)")
    }
    try expectRefused(["part1", "part3"], 65, "shard 2/3 missing")
    try expectRefused(["part1", "part2", "part3", "part2"], 65, "part2: is shard 2/3, and so is part2")
    try expectRefused(["part1", "whole", "part3"], 66, "whole/inversion.journal: no such file")
    try Command.succeed(try Self.arguments("--shard", "2/3", "-o", "other", "--learning-rate", "0.1"), in: place)
    try expectRefused(["part1", "other", "part3"], 65, "other: is of other options (--learning-rate 0.1")
    let journal = try place.bytes("part2/inversion.journal")
    let end = try #require(journal.dropLast().lastIndex(of: 0x0a))
    try place.write("part2/inversion.journal", Array(journal[...end]))
    try expectRefused(folders, 65, "part2: shard 2/3 has 2 of its 3 images")
    try place.write("part2/inversion.journal", journal)
    try place.write("part2/seed0001_inv.png", text: "changed")
    try expectRefused(folders, 65, "part2/seed0001_inv.png: is not the picture that the shard wrote")
  }

  @Test("two runs at once do not share a folder")
  func lock() throws {
    let place = try Self.folder(of: 1)
    let arguments = try Self.arguments("-o", "out")
    let running = try Command.Running(arguments + ["--optimizer", "adam", "--iterations", "1000000"], in: place)
    #expect(running.wait(until: { place.has("out/seed0000_ori.png") }))
    let second = try Command.run(arguments, in: place)
    #expect(second.status == 73 && second.errors.contains("another run is at work in this folder"))
    running.send(SIGKILL)
    _ = try running.wait()
    try Command.succeed(arguments, in: place)
  }

  @Test("memory does not grow with the number of images")
  func memory() throws {
    let place = try Self.folder(of: 8)
    func peak(_ copies: Int) throws -> Int {
      try place.write("\(copies).list", text: String(repeating: "in\n", count: copies))
      let result = try Command.run(
        [
          "invert", "-q", "-m", Golden.model(), "\(copies).list", "-o", "out\(copies)", "--iterations", "0", "--batch",
          "2",
        ], in: place)
      #expect(result.status == 0)
      return result.peakByteCount
    }
    let (few, many) = (try peak(13), try peak(60))
    // 104 and 480 images; the page shows as many of both.
    #expect(many - few < 6_000_000, "\(few) → \(many)")
    #expect(try place.text("out60/inversion.html").contains("of the 480 images, evenly spread"))
  }
}
