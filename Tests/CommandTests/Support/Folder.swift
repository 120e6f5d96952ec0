import Checkpoint
import Foundation
import Imaging
import Quant
import TestSupport
import Testing

typealias Folder = TemporaryFolder
typealias Golden = TestSupport.Golden

extension TemporaryFolder {
  func at(_ name: String) -> String { file(name) }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: at(name)) }

  func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: at(name)))) }

  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  func array(_ name: String) throws -> NumpyArray { try NumpyArray.read(at(name)) }

  func json(_ name: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(bytes(name))) as? [String: Any])
  }

  /// - Returns: the name.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try write(bytes, name)
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

/// Models made of the golden checkpoints, once per process.
extension Golden {
  static func picture(_ name: String) -> String { tests.appendingPathComponent("ImagingTests/Fixtures/\(name)").path }

  static let perceptual = path("perceptual", "vgg_small.pth")
  static let attributes = path("attributes", "attributes.pth")

  /// Generator, encoder, feature and attribute network for 32×32 pixels in f32.
  static func model() throws -> String { try models.get().whole }
  /// The generator alone.
  static func generatorModel() throws -> String { try models.get().generator }
  /// A model of another resolution.
  static func otherModel() throws -> String { try models.get().other }

  private static let models = Result { () throws -> (whole: String, generator: String, other: String) in
    func convert(_ name: String, _ networks: [NetworkPart: String?], wscale: Bool = false) throws -> String {
      var options = ConversionOptions()
      options.encoderWScale = wscale
      let model = "\(SharedFolder.path)/\(name).idinv"
      _ = try Conversion(networks, options: options).run(to: model)
      return model
    }
    let generator = path("res32", "generator.pth")
    return (
      try convert(
        "whole",
        [
          .generator: generator, .encoder: path("res32", "encoder.pth"), .perceptual: perceptual,
          .attributes: attributes,
        ]),
      try convert("generator", [.generator: generator]),
      try convert(
        "other",
        [
          .generator: path("res64_wscale", "generator.pth"), .encoder: path("res64_wscale", "encoder.pth"),
        ], wscale: true)
    )
  }
}
