import Checkpoint
import Foundation
import Imaging
import Testing

/// A folder that goes away with the value.
final class Folder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "idinv-command-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func at(_ name: String) -> String { name.hasPrefix("/") ? name : path + "/" + name }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: at(name)) }

  func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: at(name)))) }

  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  func array(_ name: String) throws -> NumpyArray { try NumpyArray.read(at(name)) }

  func json(_ name: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(bytes(name))) as? [String: Any])
  }

  /// Names in a folder within, hidden ones too, sorted.
  func contents(_ name: String = "") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: at(name))) ?? [])
      // What a command notes about its own files is in every output folder.
      .filter { $0 != ".idinv-files.json" }.sorted()
  }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let folder = (at(name) as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: at(name)))
    return name
  }

  @discardableResult
  func write(_ name: String, text: String) throws -> String { try write(name, [UInt8](text.utf8)) }

  /// A picture that the small model was not made of.
  @discardableResult
  func writePicture(_ name: String, index: Int = 0, height: Int = 32, width: Int = 32) throws -> String {
    let golden = try NumpyArray.read(Golden.path("res32", "image.npy"))
    let picture = Image8(planar: golden.floats, image: index, height: 32, width: 32)
      .resized(height: height, width: width)
    return try write(name, PNG.encode(picture))
  }
}

/// The golden checkpoints, and models made of them by the program itself, once per process.
enum Golden {
  static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func path(_ set: String, _ name: String) -> String {
    tests.appendingPathComponent("Golden/\(set)/\(name)").path
  }

  static func picture(_ name: String) -> String { tests.appendingPathComponent("ImagingTests/Fixtures/\(name)").path }

  static let perceptual = path("perceptual", "vgg_small.pth")
  static let attributes = path("attributes", "attributes.pth")

  /// Generator, encoder, feature and attribute network for 32×32 pixels in f32.
  static func model() throws -> String { try models.get().whole }
  /// The generator alone.
  static func generatorModel() throws -> String { try models.get().generator }
  /// A model of another resolution.
  static func otherModel() throws -> String { try models.get().other }

  private static let models = Result { () throws -> (folder: Folder, whole: String, generator: String, other: String) in
    let folder = try Folder()
    removeAtExit(folder.path)
    func convert(_ name: String, _ arguments: [String]) throws -> String {
      let result = try Command.run(["convert", "--weights", "f32", "-o", name] + arguments, in: folder)
      guard result.status == 0 else { throw ConversionFailed(description: result.errors) }
      return folder.at(name)
    }
    return (
      folder,
      try convert(
        "whole.idinv",
        [
          "--generator", path("res32", "generator.pth"), "--encoder", path("res32", "encoder.pth"), "--perceptual",
          perceptual, "--attributes", attributes,
        ]),
      try convert("generator.idinv", ["--generator", path("res32", "generator.pth")]),
      try convert(
        "other.idinv",
        [
          "--generator", path("res64_wscale", "generator.pth"), "--encoder", path("res64_wscale", "encoder.pth"),
          "--encoder-wscale",
        ])
    )
  }

  private struct ConversionFailed: Error, CustomStringConvertible { var description: String }
}

private nonisolated(unsafe) var temporaryFolder = ""

private func removeAtExit(_ path: String) {
  temporaryFolder = path
  atexit { try? FileManager.default.removeItem(atPath: temporaryFolder) }
}
