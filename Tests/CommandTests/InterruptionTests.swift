import Checkpoint
import Foundation
import Imaging
import Testing

@Suite("Ctrl-C, kill and --resume", .serialized)
struct InterruptionTests {
  @Test("a run that was killed and resumed gives the bytes of an undisturbed one")
  func resume() throws {
    let place = try Folder()
    try place.writePicture("in/a.png")
    try place.writePicture("in/b.png", index: 1)
    let arguments = [
      "invert", "-q", "-m", try Golden.model(), "in", "--optimizer", "adam", "--iterations", "150",
      "--checkpoint-every", "5", "-o",
    ]
    try Command.succeed(arguments + ["whole"], in: place)
    #expect(!place.has("whole/.checkpoints"))

    // In the middle of the second image: the first one is not done again.
    let running = try Command.Running(arguments + ["out"], in: place)
    #expect(running.wait(until: { place.has("out/.checkpoints/b.json") }))
    running.send(SIGKILL)
    #expect(try running.wait().status == -SIGKILL)
    #expect(!place.has("out/inverted_codes.npy"))
    try Command.succeed(arguments + ["out", "--resume"], in: place)
    #expect(!place.has("out/.checkpoints"))
    #expect(place.contents("out") == place.contents("whole"))
    for name in ["inverted_codes.npy", "encoded_codes.npy", "a_inv.png", "b_inv.png"] {
      #expect(try place.bytes("out/\(name)") == place.bytes("whole/\(name)"), "\(name)")
    }
    func losses(_ folder: String) throws -> [String] {
      try place.text("\(folder)/losses.jsonl").split(separator: "\n").map { String($0.prefix { $0 != "}" }) }
        .map { $0.components(separatedBy: ",\"seconds\"")[0] }
    }
    #expect(try losses("out") == losses("whole"))
    let snapshots = { (folder: String) in
      try place.text("\(folder)/inversion.html").components(separatedBy: "<img").count
    }
    #expect(try snapshots("out") == snapshots("whole"))
  }

  @Test("a state of other options, of another image or damaged is refused by name")
  func foreignStates() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    let arguments = ["invert", "-q", "-m", try Golden.model(), "a.png", "-o", "out", "--checkpoint-every", "1"]
    let running = try Command.Running(arguments + ["--iterations", "100000"], in: place)
    #expect(running.wait(until: { place.has("out/.checkpoints/a.json") }))
    running.send(SIGTERM)
    #expect(try running.wait().status == 143)
    let state = try place.bytes("out/.checkpoints/a.json")
    func expectRefused(_ more: [String], _ reason: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
      let result = try Command.run(arguments + ["--resume"] + more, in: place)
      #expect(result.status == 65, sourceLocation: sourceLocation)
      #expect(
        result.errors.hasPrefix("idinv-lite: ") && result.errors.contains("out/.checkpoints/a.json: \(reason)"),
        "\(result.errors)", sourceLocation: sourceLocation)
    }
    try expectRefused(["--learning-rate", "0.5"], "belongs to another")
    try expectRefused(["--iterations", "0"], "holds step ")
    // Escaped slashes would make what is cut out of Base64 no multiple of four.
    var text = String(decoding: state, as: UTF8.self).replacingOccurrences(of: "\\/", with: "/")
    try place.write("out/.checkpoints/a.json", Array(state.prefix(state.count / 2)))
    try expectRefused([], "is no checkpoint")
    // Numbers that no run counts: a step that never ends, microseconds beyond all integers.
    for (pattern, hostile) in [
      (#""integers":\[[0-9]+"#, #""integers":[9223372036854775807"#), (#""seconds":\[[^],]+"#, #""seconds":[1e300"#),
      (#""bestLoss":[^,}]+"#, #""bestLoss":"nan""#), (#""workSeconds":[^,}]+"#, #""workSeconds":-1"#),
    ] {
      let changed = text.replacingOccurrences(of: pattern, with: hostile, options: .regularExpression)
      #expect(changed != text, "\(pattern)")
      try place.write("out/.checkpoints/a.json", text: changed)
      try expectRefused([], "is damaged")
    }
    let start = try #require(text.range(of: "\"code\":\"")?.upperBound)
    text.removeSubrange(start..<text.index(start, offsetBy: 400))
    try place.write("out/.checkpoints/a.json", text: text)
    try expectRefused([], "is damaged")
    try place.write("out/.checkpoints/a.json", state)
    try place.writePicture("a.png", index: 1)
    try expectRefused([], "belongs to another")
  }

  @Test("Ctrl-C saves the best code so far, with everything that belongs to it")
  func interrupt() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try place.writePicture("b.png", index: 1)
    let model = try Golden.model()
    let running = try Command.Running(
      [
        "invert", "-m", model, "a.png", "b.png", "-o", "out", "--optimizer", "adam", "--iterations", "1000000",
        "--learning-rate", "0.3", "--batch", "1",
      ],
      in: place)
    #expect(running.wait(until: { place.has("out/a_ori.png") }))
    usleep(400_000)
    running.send(SIGINT)
    let result = try running.wait(timeout: 20)
    #expect(result.status == 130 && !result.timedOut)
    #expect(result.output.contains("interrupted"))
    #expect(
      place.contents("out") == [
        "a_enc.png", "a_inv.png", "a_ori.png", "encoded_codes.npy", "image_list.txt", "inversion.html",
        "inverted_codes.npy", "losses.jsonl", "summary.json",
      ])
    #expect(try place.text("out/image_list.txt") == "a.png\n")
    #expect(try place.json("out/summary.json")["complete"] as? Bool == false)
    #expect(try place.text("out/inversion.html").contains("interrupted"))

    func totals(_ folder: String) throws -> [Double] {
      try place.text("\(folder)/losses.jsonl").split(separator: "\n").map { line in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return try #require(object?["total"] as? Double)
      }
    }
    // The saved code has the least loss of the run, and its image is the picture.
    try Command.succeed(
      ["invert", "-q", "-m", model, "a.png", "-o", "again", "--start", "out/inverted_codes.npy", "--iterations", "1"],
      in: place)
    #expect(try totals("again") == [totals("out").min()!])
    #expect(try place.bytes("again/a_enc.png") == place.bytes("out/a_inv.png"))
  }

  @Test("Ctrl-C ends the other commands without half a result", arguments: ["convert", "synthesize", "encode"])
  func others(command: String) throws {
    let place = try Folder()
    try place.writePicture("a.png")
    let arguments =
      switch command {
      case "convert":
        [
          "-o", "m.idinv", "--generator", Golden.path("res128", "generator.pth"), "--encoder",
          Golden.path("res128", "encoder.pth"),
        ]
      case "synthesize": ["-m", try Golden.model(), "--seeds", "0-9999", "-o", "out"]
      default: ["-m", try Golden.model(), "-o", "out"] + Array(repeating: "a.png", count: 5000)
      }
    let running = try Command.Running([command] + arguments, in: place)
    // Where it writes; the others at no particular moment.
    if command == "convert" {
      #expect(running.wait(until: { place.contents().contains { $0.hasSuffix(".tmp") } }))
    } else {
      #expect(running.wait(until: { place.has("out") }))
      usleep(200_000)
    }
    running.send(SIGINT)
    let result = try running.wait(timeout: 20)
    #expect([130, 0].contains(result.status) && !result.timedOut, "\(result.status) \(result.errors)")
    #expect(!place.contents().contains { $0.hasSuffix(".tmp") })
    if command == "convert" { #expect(place.has("m.idinv") == (result.status == 0)) }
    if result.status == 130 && command == "synthesize" { #expect(!place.has("out/codes.npy")) }
  }
}
