import Files
import Foundation
import Imaging
import Testing

@testable import Command
@testable import Workflows

@Suite("Progress, logs and JSON")
struct TerminalTests {
  static func state(step: Int = 42, image: Int = 2, name: String = "face") -> ProgressState {
    ProgressState(
      name: name, image: image, imageCount: 12, step: step, stepCount: 100,
      losses: [
        ProgressState.Loss("total", 0.12345), ProgressState.Loss("pixel", 0.1),
        ProgressState.Loss("domain", 1e-5),
      ])
  }

  @Test("a line never is wider than the terminal")
  func widths() {
    let long = Self.state(name: String(repeating: "x\n", count: 60))
    for state in [Self.state(), long, ProgressState(name: "", imageCount: 0, step: 0, stepCount: 0)] {
      for isUnicode in [true, false] {
        for width in 0...200 {
          let line = ProgressLine.text(state, secondsPerStep: 0.8, width: width, isUnicode: isUnicode)
          #expect(line.count <= width, "\(width): \(line)")
          #expect(!line.contains("\n"))
          if !isUnicode { #expect(line.utf8.count == line.count) }
        }
      }
    }
  }

  @Test("what matters most stays longest")
  func contents() {
    func line(_ width: Int) -> String {
      ProgressLine.text(Self.state(), secondsPerStep: 0.81, width: width, isUnicode: false)
    }
    #expect(line(200).hasPrefix("[#####......................."))
    #expect(
      line(200).hasSuffix(
        "]  20%  3/12  step 42/100  ETA 12:56  0.81 s/step  total 0.1235  face  pixel 0.1  domain 1e-05"))
    #expect(line(60).contains("step 42/100") && line(60).contains("ETA") && !line(60).contains("pixel"))
    #expect(line(30).contains("20%"))
    #expect(ProgressLine.clock(3723.4) == "1:02:03")
    #expect(ProgressLine.clock(.nan) == "--:--")
  }

  @Test("drawing is throttled, the end is always drawn, and the line is cleaned up")
  func drawing() {
    var time = 0.0
    var written: [String] = []
    let bar = ProgressBar(isShown: true, isUnicode: false, now: { time }, write: { written.append($0) })
    for step in 1...100 {
      time += 0.01
      bar.update(ProgressState(name: "a", step: step, stepCount: 100))
    }
    #expect((9...13).contains(written.count))
    #expect(written.last?.contains("100%") == true)
    #expect(written.last?.contains("0.010 s/step") == true)
    #expect(written.allSatisfy { $0.hasPrefix("\r\u{1B}[2K") })
    bar.clear()
    #expect(written.last == "\r\u{1B}[2K")
    let count = written.count
    bar.clear()
    #expect(written.count == count)
  }

  @Test("where there is no terminal nothing is drawn")
  func hidden() {
    var written = ""
    let bar = ProgressBar(isShown: false, isUnicode: true, now: { 0 }, write: { written += $0 })
    bar.update(Self.state())
    bar.clear()
    #expect(written.isEmpty)
  }

  @Test("where there is no terminal a line a minute tells how far it is")
  func linesOfText() {
    var written: [String] = []
    var time = 0.0
    let bar = ProgressBar(
      isShown: true, lineInterval: 60, isUnicode: true, now: { time }, write: { written.append($0) })
    for second in 1...150 {
      time = Double(second)
      bar.update(Self.state())
    }
    bar.clear()
    #expect(written.count == 2)
    #expect(
      written.allSatisfy {
        $0.hasPrefix("idinv-lite: ") && $0.hasSuffix("\n") && $0.contains("%") && !$0.contains("\u{1b}")
      })
  }

  @Test("each line of the loss log is one JSON object, also for odd names and diverged losses")
  func lossLog() throws {
    let folder = NSTemporaryDirectory() + "losses-\(UUID().uuidString)"
    try Files.Folder.create(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/losses.jsonl"
    let name = "a\"b\\c\n\u{1}é"
    func record(_ step: Int, total: Double = 0.5) -> LossLog.Record {
      LossLog.Record(
        image: name, step: step, pixel: 0.1, perceptual: 1e-7, domain: 3, total: total, seconds: 0.25)
    }
    let log = try LossLog(path: path)
    for step in 1...1000 { try log.append(record(step)) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count > 1 << 16)
    try log.flush()
    try log.append(record(1001, total: .nan))
    try log.flush()
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let lines = text.split(separator: "\n")
    #expect(lines.count == 1001)
    for (index, line) in lines.enumerated() {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(object["image"] as? String == name)
      #expect(object["step"] as? Int == index + 1)
      #expect(object["perceptual"] as? Double == 1e-7)
      if index == 1000 { #expect(object["total"] as? String == "nan") }
    }
    #expect(throws: FileError.self) { try LossLog(path: folder + "/none/losses.jsonl") }
  }

  @Test("JSON has sorted keys, plain slashes, and strings for what has no number")
  func json() throws {
    struct Value: Encodable {
      var psnr_db = Double.infinity
      var file = "a/b"
    }
    #expect(try JSONOutput.text(Value()) == "{\n  \"file\" : \"a/b\",\n  \"psnr_db\" : \"inf\"\n}\n")
  }
}
