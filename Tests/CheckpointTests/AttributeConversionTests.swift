import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// A head that reads attributes off the perceptual network's feature.
@Suite struct AttributeConversionTests {
  let folder: TemporaryFolder
  static let names = ["yaw", "smile", "glasses", "5_o_Clock_Shadow", "hair.length"]
  private let perceptual = Golden.path("perceptual/vgg_small.pth")

  init() throws { folder = try TemporaryFolder() }

  private func convert(
    attributes: String, generator: String? = nil, options: ConversionOptions = ConversionOptions()
  ) throws -> (report: ConversionReport, file: ModelFile) {
    let report = try Conversion(
      [.generator: generator, .perceptual: perceptual, .attributes: attributes], options: options
    )
    .run(to: folder.file("m.idinv"))
    return (report, try ModelFile(path: folder.file("m.idinv")))
  }

  /// The golden head as safetensors, which keep the names in their metadata.
  private func head(
    names: String? = nil, _ change: (inout TestCheckpoint) -> Void = { _ in }
  ) throws -> String {
    var checkpoint = try TestCheckpoint(golden: "attributes/attributes.pth")
    change(&checkpoint)
    let list = names ?? "[" + Self.names.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    return try checkpoint.write(folder, "a.safetensors", metadata: ["names": list])
  }

  @Test func convertedHeadsAgreeWithPyTorch() throws {
    let (report, file) = try convert(attributes: Golden.path("attributes/attributes.pth"))
    #expect(file.specification.attributes == .init(resolution: 32, hiddenChannels: 6, names: Self.names))
    #expect(report.ignored == ["layer24.weight", "layer24.bias"] && report.warnings.isEmpty)
    #expect(report.sources.map(\.part) == ["perceptual", "attributes"])
    #expect(report.text.contains("5 on a feature of 64×4×4, for 32×32 images; mean and std folded"))
    let networks = ReferenceNetworks(file: file)
    let images = try NumpyArray.read(Golden.path("attributes/images.npy")).floats
    let expected = try NumpyArray.read(Golden.path("attributes/values.npy")).floats
    let length = images.count / 2
    for image in 0..<2 {
      let values = Array(images[image * length..<(image + 1) * length])
      let found = try networks.attributes(networks.features(.init(channels: 3, side: 32, values: values)))
      for (index, value) in found.enumerated() {
        // Relative to the attribute's own spread: 12.5 for the last.
        #expect(abs(value - expected[image * 5 + index]) < 1e-4, "\(image) \(Self.names[index]): \(value)")
      }
    }
    let plain = try file.tensor("attributes.dense.weight").floats()
    _ = try convert(attributes: head())
    #expect(try ModelFile(path: folder.file("m.idinv")).tensor("attributes.dense.weight").floats() == plain)
  }

  @Test func withoutStatisticsTheDenseLayerIsTakenAsItIs() throws {
    let path = try head {
      $0.remove("mean", "std")
      $0.rename { "model." + $0 }
    }
    // The names stay without prefix in the metadata, and are looked for behind it.
    #expect(
      checkpointError { _ = try convert(attributes: path) }
        == .tensor(name: "model.names", found: "no list of texts", expected: "a list with a text per attribute"))
    let file = try convert(attributes: head { $0.remove("mean", "std") }).file
    let raw = try TestCheckpoint(golden: "attributes/attributes.pth")
    #expect(try file.tensor("attributes.dense.weight").floats() == raw["dense.weight"])
  }

  @Test func precisionIsThatOfThePolicy() throws {
    var options = ConversionOptions()
    options.precision = .int8
    let file = try convert(attributes: Golden.path("attributes/attributes.pth"), options: options).file
    #expect(try file.tensor("attributes.conv.weight").dtype == .i8)
    #expect(try file.tensor("attributes.dense.weight").dtype == .f16)
  }

  @Test func whatIsMissingOrDoesNotFitIsNamed() throws {
    func error(names: String? = nil, _ change: (inout TestCheckpoint) -> Void = { _ in }) -> CheckpointError? {
      checkpointError { _ = try convert(attributes: head(names: names, change)) }
    }
    func tensor(_ error: CheckpointError?) -> String {
      guard case .tensor(let name, let found, _) = error else { return "\(String(describing: error))" }
      return "\(name): \(found)"
    }
    #expect(
      error { $0.remove("conv.bias", "std") }
        == .missingTensors(
          part: "attributes",
          tensors: [MissingTensor(name: "conv.bias", shape: [6]), MissingTensor(name: "std", shape: [5])]))
    guard case .wrongNetwork("attributes", _, _) = error({ $0.remove("dense.weight", "dense.bias") }) else {
      Issue.record("a file without a dense layer passes")
      return
    }
    #expect(tensor(error { $0.set("mean", [4], [0, 0, 0, 0]) }) == "mean: shape [4]")
    #expect(
      tensor(error { $0.set("dense.weight", [5, 30], Array(repeating: 1, count: 150)) }) == "dense.weight: 30 inputs")
    #expect(tensor(error { $0["std"][2] = .nan }) == "std: a value that is not finite")
    #expect(tensor(error { $0.set("extra.weight", [1], [1]) }).hasPrefix("extra.weight: a tensor that the published"))
    #expect(tensor(error(names: "[]")) == "names: 0 names")
    #expect(tensor(error(names: "[\"a\"]")) == "names: 1 names")
    #expect(tensor(error(names: "yaw")) == "names: no list of texts")
    #expect(
      error { $0.set("conv.weight", [6, 3, 3, 3], Array(repeating: 1, count: 162)) }
        == .mismatch(
          what: "the number of channels that the attribute network reads",
          found: "3 (\(folder.file("a.safetensors")))", expected: "64, as the perceptual network's feature has"))
    guard
      case .modelFile(.specification("attributes.names[1]", "\"../smile\"", _)) = error(
        names: "[\"a\",\"../smile\",\"b\",\"c\",\"d\"]")
    else {
      Issue.record("a name that leads out of a folder passes")
      return
    }
    #expect(folder.contents() == ["a.safetensors"])
  }

  @Test func headsOfOtherResolutionsAndWithoutFeaturesAreRefused() throws {
    let path = Golden.path("attributes/attributes.pth")
    guard
      case .mismatch("the attribute network's resolution", _, _) = checkpointError({
        _ = try convert(attributes: path, generator: Golden.path("res128/generator.pth"))
      }),
      case .mismatch("the perceptual network", "absent", _) = checkpointError({
        _ = try Conversion([.attributes: path]).run(to: folder.file("m.idinv"))
      })
    else {
      Issue.record("no error")
      return
    }
    #expect(folder.contents().isEmpty)
  }
}
