import Foundation
import Testing

@testable import Imaging

/// The stored files and their reference figures (`Fixtures/make_png.py`, `Fixtures/make_metrics.py`).
enum Fixture {
  static func path(_ name: String) throws -> String {
    try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/\(name)").path
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  static func json<Value: Decodable>(_ name: String, as: Value.Type) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(try bytes(name)))
  }
}

/// A folder that goes away with the value.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "imaging-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String, _ bytes: [UInt8] = []) throws -> String {
    let file = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  func file(_ name: String, text: String) throws -> String { try file(name, [UInt8](text.utf8)) }

  var contents: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// SplitMix64: the same numbers on every machine.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

func noise(height: Int, width: Int, seed: UInt64) -> Image8 {
  var generator = SeededGenerator(state: seed)
  return Image8(
    height: height, width: width,
    pixels: (0..<(height * width * 3)).map { _ in UInt8.random(in: 0...255, using: &generator) })
}

/// The error that `body` throws; the test fails if it throws none.
func thrown(_ body: () throws(ImagingError) -> Void) -> ImagingError? {
  do throws(ImagingError) {
    try body()
    Issue.record("nothing was thrown")
    return nil
  } catch {
    return error
  }
}
