import Foundation
import IdinvLite

/// The model and pictures that come with the project.
enum Shipped {
  static let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("models")

  static func path(_ name: String) -> String { models.appendingPathComponent(name).path }

  static func model(_ options: EngineOptions = EngineOptions(threads: 2)) throws -> Model {
    try Model(path: path("default.idinv"), options: options)
  }

  static func face(_ number: Int) throws -> Image { try Image(contentsOf: path("examples/face-0\(number).png")) }

  /// A folder that the body may write to.
  static func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("idinv-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }
}

/// Runs `body`, which has to fail.
func failure(_ body: () throws -> Void) -> IdinvError? {
  do {
    try body()
    return nil
  } catch {
    return error as? IdinvError
  }
}
