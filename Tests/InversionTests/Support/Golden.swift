import Checkpoint
import Foundation
import Inversion
import Quant
import TestSupport
import Testing

typealias Golden = TestSupport.Golden

/// Models converted from the golden checkpoints.
extension Golden {
  static let sets = ["res32", "res128", "res64_wscale"]
  /// Sets with recorded optimizations.
  static let trajectories = ["res32", "res128"]

  static func array(_ set: String, _ name: String) throws -> (values: [Float], shape: [Int]) {
    let array = try NumpyArray.read(path(set, "\(name).npy"))
    return (array.floats, array.shape)
  }

  /// The losses of a recorded optimization, one entry per step, before the update.
  static func losses(_ set: String, _ name: String) throws -> [Losses] {
    struct Row: Decodable {
      var pixel: Float
      var perceptual: Float
      var domain: Float?
      var total: Float
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: path(set, "\(name)_losses.json")))
    return try JSONDecoder().decode([Row].self, from: data).map {
      Losses(pixel: $0.pixel, perceptual: $0.perceptual, domain: $0.domain ?? 0, total: $0.total)
    }
  }

  /// The model of a set, converted once per process and precision.
  static func model(_ set: String, weights: WeightsPrecision = .f32) throws -> Model {
    try cache.model(set, weights: weights)
  }

  /// A feature network and a head on it, converted once per process and precision.
  static func attributeModel(weights: WeightsPrecision = .f32) throws -> Model {
    try cache.attributeModel(weights: weights)
  }

  /// The random judge of 32 px, converted once per process.
  static func judge(weights: WeightsPrecision = .f32) throws -> Model { try cache.judge(weights: weights) }

  /// `res32` with the narrow feature network and the head on it, converted once per process.
  static func wholeModel() throws -> Model {
    try cache.attributeModel(weights: .f32, generator: path("res32", "generator.pth"))
  }

  /// A model of the given checkpoints, converted once per process and key.
  static func model(
    generator: String, encoder: String? = nil, key: String, _ configure: (inout ConversionOptions) -> Void = { _ in }
  ) throws -> Model {
    try cache.model(generator: generator, encoder: encoder, key: key, configure)
  }

  /// The model of a conversion, converted once per process and key.
  static func model(key: String, _ conversion: (inout ConversionOptions) throws -> Conversion) throws -> Model {
    try cache.model(key: key, conversion)
  }

  /// The path of a checkpoint that is drawn.
  static func drawn(_ shapes: String, seed: UInt32) throws -> String { try cache.drawn(shapes: shapes, seed: seed) }

  /// The same of a checkpoint that is drawn.
  static func model(
    drawn shapes: String, seed: UInt32, key: String, _ configure: (inout ConversionOptions) -> Void = { _ in }
  ) throws -> Model {
    let checkpoint = try cache.drawn(shapes: shapes, seed: seed)
    return try cache.model(generator: checkpoint, encoder: checkpoint, key: key, configure)
  }

  /// In a folder that is gone when the tests end.
  static func temporaryPath(_ name: String) -> String { cache.folder + "/" + name }

  private static let cache = ModelCache()
}

/// Converts each golden set once; later tests map the same file.
private final class ModelCache: @unchecked Sendable {
  private let lock = NSLock()
  private var paths: [String: String] = [:]
  let folder = SharedFolder.path

  func model(_ set: String, weights: WeightsPrecision) throws -> Model {
    lock.lock()
    defer { lock.unlock() }
    let key = "\(set)-\(weights)"
    if let path = paths[key] { return try Model(path: path) }
    let vgg = folder + "/vgg16_conv4_3.safetensors"
    if !FileManager.default.fileExists(atPath: vgg) { try writePerceptualNetwork(to: vgg) }
    let output = folder + "/\(key).idinv"
    var options = ConversionOptions()
    options.precision = weights
    options.encoderWScale = set.hasSuffix("wscale")
    _ = try Conversion(
      [.generator: Golden.path(set, "generator.pth"), .encoder: Golden.path(set, "encoder.pth"), .perceptual: vgg],
      options: options
    ).run(to: output)
    paths[key] = output
    return try Model(path: output)
  }

  /// Drawn once per process.
  func drawn(shapes: String, seed: UInt32) throws -> String {
    lock.lock()
    defer { lock.unlock() }
    let key = "\(shapes) \(seed)", path = folder + "/drawn\(paths.count).safetensors"
    if let existing = paths[key] { return existing }
    try DrawnCheckpoint(shapes: shapes).write(seed: seed, to: path)
    paths[key] = path
    return path
  }

  func model(
    generator: String, encoder: String?, key: String, _ configure: (inout ConversionOptions) -> Void
  ) throws -> Model {
    try model(key: key) { options in
      configure(&options)
      return Conversion([.generator: generator, .encoder: encoder], options: options)
    }
  }

  func model(key: String, _ conversion: (inout ConversionOptions) throws -> Conversion) throws -> Model {
    lock.lock()
    defer { lock.unlock() }
    if let path = paths[key] { return try Model(path: path) }
    let output = folder + "/\(key).idinv"
    var options = ConversionOptions()
    _ = try conversion(&options).run(to: output)
    paths[key] = output
    return try Model(path: output)
  }

  func attributeModel(weights: WeightsPrecision, generator: String? = nil) throws -> Model {
    lock.lock()
    defer { lock.unlock() }
    let key = "attributes-\(weights)\(generator == nil ? "" : "-whole")"
    if let path = paths[key] { return try Model(path: path) }
    let output = folder + "/\(key).idinv"
    var options = ConversionOptions()
    options.precision = weights
    _ = try Conversion(
      [
        .generator: generator, .perceptual: Golden.path("perceptual", "vgg_small.pth"),
        .attributes: Golden.path("attributes", "attributes.pth"),
      ], options: options
    ).run(to: output)
    paths[key] = output
    return try Model(path: output)
  }

  func judge(weights: WeightsPrecision) throws -> Model {
    lock.lock()
    defer { lock.unlock() }
    let output = folder + "/judge-\(weights).idinv"
    if paths[output] == nil {
      var options = ConversionOptions()
      options.precision = weights
      _ = try Conversion([.judge: Golden.path("judge", "judge.pth")], options: options).run(to: output)
      paths[output] = output
    }
    return try Model(path: output)
  }

  /// The golden VGG16: normal weights of standard deviation √(2/fan-in), biases of 0.05, drawn in order from seed 1.
  private func writePerceptualNetwork(to path: String) throws {
    var random = TorchRandom(seed: 1)
    var header: [String: Any] = [:]
    var data = Data()
    var inputs = 3
    for (layer, outputs) in [
      (0, 64), (2, 64), (5, 128), (7, 128), (10, 256), (12, 256), (14, 256), (17, 512), (19, 512), (21, 512),
    ] {
      let deviation = Float((2 / Double(inputs * 9)).squareRoot())
      let tensors: [(String, [Int], [Float])] = [
        ("layer\(layer).weight", [outputs, inputs, 3, 3], random.normals(outputs * inputs * 9).map { $0 * deviation }),
        ("layer\(layer).bias", [outputs], random.normals(outputs).map { $0 * 0.05 }),
      ]
      for (name, shape, values) in tensors {
        header[name] = [
          "dtype": "F32", "shape": shape, "data_offsets": [data.count, data.count + values.count * 4],
        ]
        values.withUnsafeBytes { data.append(contentsOf: $0) }
      }
      inputs = outputs
    }
    let json = try JSONSerialization.data(withJSONObject: header)
    var file = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
    file.append(json)
    file.append(data)
    try file.write(to: URL(fileURLWithPath: path))
  }
}

/// max |a − b|.
func maximumDifference(_ a: [Float], _ b: [Float]) -> Float {
  #expect(a.count == b.count)
  return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

/// max |a − b| / max |b|.
func relativeDifference(_ a: [Float], _ b: [Float]) -> Float {
  maximumDifference(a, b) / (b.map(abs).max() ?? 1)
}
