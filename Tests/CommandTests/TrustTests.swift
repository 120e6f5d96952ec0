import Files
import Foundation
import Testing

/// Inputs that change, limits of the system, folders of others: each ends in the right result or one clear line.
@Suite("Trust")
struct TrustTests {
  private func place(pictures: Int = 2) throws -> Folder {
    let place = try Folder()
    for index in 0..<pictures { try place.writePicture("photos/\(index).png", index: index % 2) }
    try FileManager.default.copyItem(atPath: try Golden.model(), toPath: place.at("m.idinv"))
    return place
  }

  private func long(_ place: Folder, _ more: [String] = []) throws -> Command.Running {
    let running = try Command.Running(
      [
        "invert", "-q", "-m", "m.idinv", "photos", "-o", "out", "--optimizer", "adam", "--iterations", "1000000",
        "--batch", "1",
      ]
        + more, in: place)
    #expect(running.wait(until: { place.has("out/0_ori.png") }))
    return running
  }

  private func overwrite(_ path: String, at offset: UInt64) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.seek(toOffset: offset)
    let byte = try #require(try file.read(upToCount: 1)).first!
    try file.seek(toOffset: offset)
    try file.write(contentsOf: Data([byte ^ 1]))
    try file.close()
  }

  @Test("a model that is written to during a run ends it with 74, and no result is called complete")
  func changedModel() throws {
    let place = try place()
    let running = try long(place)
    try overwrite(place.at("m.idinv"), at: 20_000)
    running.send(SIGINT)
    let result = try running.wait(timeout: 30)
    #expect(result.status == 74, "\(result.errors)")
    #expect(
      result.errors
        == "idinv-lite: m.idinv: was changed while it was in use; expected a file that stays as it is during a run\n")
    #expect(!place.has("out/summary.json") && !place.has("out/inverted_codes.npy"))
  }

  @Test("a model that takes the name of the one in use does not disturb it")
  func replacedModel() throws {
    let place = try place()
    let running = try long(place)
    try FileManager.default.copyItem(atPath: place.at("m.idinv"), toPath: place.at("new"))
    try overwrite(place.at("new"), at: 20_000)
    #expect(rename(place.at("new"), place.at("m.idinv")) == 0)
    running.send(SIGINT)
    let result = try running.wait(timeout: 30)
    #expect(result.status == 130, "\(result.errors)")
  }

  @Test("a model that is cut off during a run ends it with one line, not by SIGBUS")
  func truncatedModel() throws {
    let place = try place()
    let running = try long(place)
    #expect(truncate(place.at("m.idinv"), 100) == 0)
    running.send(SIGINT)
    let result = try running.wait(timeout: 30)
    #expect(result.status == 74, "\(result.errors)")
    #expect(
      result.errors.split(separator: "\n").count == 1 && result.errors.contains("m.idinv: "), "\(result.errors)")
  }

  @Test("signals of faults end the program, and an interrupt that was ignored stays so", arguments: [SIGSEGV, SIGABRT])
  func faults(number: Int32) throws {
    let place = try place()
    let running = try long(place)
    running.send(number)
    let ended = try running.wait(timeout: 30)
    #expect(ended.status == -number, "\(ended.status)")
    // A line, and nothing that goes on to run and to hold the streams.
    let line = "\nidinv-lite: ended by signal \(number): a fault in the program, unless somebody sent it; "
    #expect(ended.errors == line + "SWIFT_BACKTRACE=enable=yes shows where\n", "\(ended.errors)")
    let ignoring = try Command.Running(
      ["invert", "-q", "-m", "m.idinv", "photos", "-o", "other", "--iterations", "50"], in: place,
      prelude: "trap '' INT")
    #expect(ignoring.wait(until: { place.has("other/0_ori.png") }))
    ignoring.send(SIGINT)
    let result = try ignoring.wait(timeout: 60)
    #expect(result.status == 0 && place.has("other/summary.json"), "\(result.errors)")
  }

  @Test(
    "a file that may not grow any more is an error of writing",
    .disabled(if: Command.needsFiles, "ThreadSanitizer writes a file of its own"))
  func sizeLimit() throws {
    let place = try place()
    let result = try Command.run(
      ["synthesize", "-m", "m.idinv", "--seeds", "0-40", "-o", "out"], in: place, prelude: "ulimit -f 8")
    #expect(
      result.status == 74 && result.errors.contains("(write): File too large"), "\(result.status) \(result.errors)")
    #expect(place.contents("out").allSatisfy { !$0.hasSuffix(".tmp") })
  }

  @Test(
    "where threads cannot be made there are fewer, and the result is the same",
    .disabled(if: Command.isSanitized, "a sanitizer maps terabytes"))
  func fewThreads() throws {
    let place = try place()
    let arguments = ["encode", "-q", "-m", "m.idinv", "photos", "--threads"]
    try Command.succeed(arguments + ["1", "-o", "one"], in: place)
    let result = try Command.run(
      arguments + ["4", "-o", "four"], in: place, environment: ["OMP_STACKSIZE": "200G"], prelude: "ulimit -v 8000000")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try place.bytes("one/encoded_codes.npy") == place.bytes("four/encoded_codes.npy"))
  }

  @Test("the folder of the pictures is no place for results")
  func ownInput() throws {
    let place = try place()
    for command in ["invert", "encode"] {
      let result = try Command.run([command, "-m", "m.idinv", "photos", "-o", "photos/"], in: place)
      #expect(result.status == 64 && result.errors.contains("is the folder of the pictures"), "\(result.errors)")
    }
    #expect(place.contents("photos") == ["0.png", "1.png"])
  }

  @Test("a smaller second run leaves nothing of the first one, and nothing of others is touched")
  func smallerRun() throws {
    let place = try place(pictures: 3)
    for (command, more) in [("encode", []), ("invert", ["--iterations", "1"])] {
      try Command.succeed([command, "-q", "-m", "m.idinv", "photos", "-o", command] + more, in: place)
      try place.write("\(command)/note.txt", text: "mine")
      try Command.succeed([command, "-q", "-m", "m.idinv", "photos/0.png", "-o", command] + more, in: place)
      let left = place.contents(command)
      #expect(
        left.contains("note.txt") && left.contains("0_ori.png") && !left.contains { $0.hasPrefix("1_") }, "\(left)")
    }
  }

  @Test("one run at a time writes to a folder, whatever the command")
  func locked() throws {
    let place = try place()
    let running = try long(place)
    let result = try Command.run(["encode", "-m", "m.idinv", "photos/0.png", "-o", "out"], in: place)
    #expect(
      result.status == 73 && result.errors.contains("out: another run is at work in this folder"), "\(result.errors)")
    running.send(SIGKILL)
    _ = try running.wait(timeout: 30)
  }

  @Test("names of files that are no UTF-8 go through: pictures, outputs, models")
  func bytesInNames() throws {
    let place = try place(pictures: 1)
    // By the shell, since a test's strings cannot say it.
    let result = try Command.run(
      ["encode", "-q", "-m", "m.idinv", "photos", "-o", "out"], in: place,
      prelude: #"mv photos/0.png photos/$(printf 'f\351r').png"#)
    #expect(result.status == 0, "\(result.errors)")
    let missing = try Command.run(["encode", "-m", "m.idinv", "x\u{9b}31m\u{202e}gnp.png", "-o", "out"], in: place)
    #expect(missing.status == 66 && missing.errors == "idinv-lite: x?31m?gnp.png: no such file\n")
    let listed = try Command.run(["encode", "-q", "-m", "m.idinv", "out", "-o", "again"], in: place)
    #expect(listed.status == 0, "\(listed.errors)")
  }

  @Test(
    "a program without /proc has its arguments", .enabled(if: Command.canMount),
    .disabled(if: Command.isSanitized, "a sanitizer reads /proc/self/maps"))
  func withoutProc() throws {
    let place = try place(pictures: 1)
    let result = try Command.run(
      ["encode", "photos", "-q", "-m", "m.idinv", "-o", "out"], in: place, mounts: "mount -t tmpfs none /proc")
    #expect(result.status == 0 && place.has("out/encoded_codes.npy"), "\(result.errors)")
  }
}
