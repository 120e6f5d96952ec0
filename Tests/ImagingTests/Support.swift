import Foundation
import TestSupport
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

extension TemporaryFolder {
  func file(_ name: String, _ bytes: [UInt8]) throws -> String { try write(bytes, name) }
  func file(_ name: String, text: String) throws -> String { try write([UInt8](text.utf8), name) }
}

func noise(height: Int, width: Int, seed: UInt64) -> Image8 {
  var generator = SeededRandom(seed)
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
