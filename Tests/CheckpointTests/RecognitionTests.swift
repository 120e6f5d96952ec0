import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// What files are said to be, and which parts they are taken for.
@Suite struct RecognitionTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func recognition(_ path: String) throws -> Recognition { Recognition(try CheckpointReader.open(path)) }

  private func recognition(_ names: [String], shape: [Int] = [1]) throws -> Recognition {
    var checkpoint = TestCheckpoint()
    for name in names { checkpoint.set(name, shape, Array(repeating: 0, count: shape.reduce(1, *))) }
    return try recognition(try checkpoint.write(folder, "a.safetensors"))
  }

  @Test(arguments: [
    ("res32/generator.pth", "a StyleGAN generator (idinvert_pytorch's StyleGAN)"),
    ("res32/encoder.pth", "an in-domain encoder"),
    ("perceptual/vgg_small.pth", "a perceptual network (VGG)"),
    ("attributes/attributes.pth", "an attribute network"),
    ("ports/lernapparat.pth", "a StyleGAN generator (lernapparat's StyleGAN)"),
    ("ports/huangzh13.pth", "a StyleGAN generator (huangzh13's StyleGAN)"),
    ("ports/rosinality.pth", "a StyleGAN generator (rosinality's StyleGAN)"),
    ("ports/genforce128.pth", "a StyleGAN generator (genforce's StyleGAN)"),
    ("pickles/stylegan32.pkl", "a StyleGAN generator (NVIDIA's StyleGAN (TensorFlow))"),
    ("pickles/stylegan2_16.pkl", "a StyleGAN2 generator (NVIDIA's StyleGAN2-ADA)"),
    ("pickles/stylegan3.pkl", "a StyleGAN3 generator"),
  ])
  func filesAreCalledByTheirNames(name: String, expected: String) throws {
    #expect(try recognition(Golden.path(name)).description == expected)
  }

  @Test func oneFileMayHoldBothNetworks() throws {
    let path = Golden.path("pickles/idinvert64.pkl")
    let recognition = try recognition(path)
    #expect(recognition.networks.map(\.part) == [.generator, .encoder])
    #expect(recognition.description.hasSuffix("and an in-domain encoder (idinvert's encoder (TensorFlow))"))
    // Gs before G.
    #expect(recognition.networks[0].copies == ["Gs.", "G."])
    let assignment = try Conversion().assigning([path])
    #expect(assignment.conversion.checkpoints == [.generator: [path], .encoder: [path]])
    let report = try assignment.conversion.run(to: folder.file("m.idinv"))
    #expect(report.specification.encoder?.architecture == .tensorFlow)
    #expect(report.specification.encoder?.resolution == 64 && report.specification.encoder?.layerCount == 10)
    #expect(!report.ignored.contains { $0.hasPrefix("E_gpu0.") && $0.contains("FromImg") })
  }

  @Test(arguments: [
    (["lin0.model.1.weight", "lin1.model.1.weight"], "LPIPS's linear layers alone"),
    (["classifier.0.weight", "classifier.3.weight"], "the classifier of a VGG"),
    (["input_layer.0.weight", "body.0.res_layer.1.weight", "output_layer.1.weight"], "a part of an identity network"),
    (["synthesis.b4.const", "mapping.embed.weight"], "a class-conditional StyleGAN2 generator"),
    (["layer1.0.conv1.weight", "bn1.running_mean"], "a ResNet"),
    (["latent"], "an array of shape [1]: codes"),
    ([], "a file without tensors"),
  ])
  func otherNetworksAreCalledByTheirNames(names: [String], expected: String) throws {
    let recognition = try recognition(names)
    #expect(recognition.networks.isEmpty && recognition.description.hasPrefix(expected), "\(recognition.description)")
  }

  @Test func aDetectorIsOfThreeFiles() throws {
    let files = ["rnet", "pnet", "onet"].map { Golden.path("detector/\($0).pt") }
    let assignment = try Conversion().assigning(files)
    #expect(assignment.conversion.checkpoints[.detector] == files)
    #expect(
      assignment.recognitions.map(\.description)
        == ["refinement", "proposal", "output"].map {
          "the \($0) network of a face detector (MTCNN)"
        })
  }

  @Test func filesAreGivenToTheirParts() throws {
    let (generator, encoder) = (Golden.path("res32/generator.pth"), Golden.path("res32/encoder.pth"))
    let files = [encoder, Golden.path("perceptual/vgg_small.pth"), generator]
    let assignment = try Conversion().assigning(files)
    #expect(
      assignment.conversion.checkpoints[.generator] == [generator]
        && assignment.conversion.checkpoints[.encoder] == [encoder])
    #expect(assignment.conversion.checkpoints[.perceptual] == [files[1]] && assignment.recognitions.count == 3)
    let report = try assignment.conversion.run(to: folder.file("m.idinv"))
    #expect(report.sources.map(\.part) == ["generator", "encoder", "perceptual"])
    // What was said wins.
    #expect(
      try Conversion([.generator: "mine.pth"]).assigning(files).conversion.checkpoints[.generator] == ["mine.pth"])
    let twice = checkpointError { _ = try Conversion().assigning([generator, generator]) }
    guard case .mismatch("the generator", let found, _) = twice else {
      Issue.record("\(String(describing: twice))")
      return
    }
    #expect(found == "in two files, \(generator) and \(generator)")
  }

  @Test func whatCannotBeConvertedIsRefusedByName() throws {
    let path = Golden.path("pickles/stylegan3.pkl")
    guard case .unsupported(path, let found, _) = checkpointError({ _ = try Conversion().assigning([path]) }) else {
      Issue.record("accepted")
      return
    }
    #expect(found == "this is a StyleGAN3 generator")
  }

  /// An encoder of pSp's family begins with a convolution of RGB, as a VGG does.
  @Test func anEncoderWithHeadsIsNoPerceptualNetwork() throws {
    let path = Golden.path("e4e_res32/checkpoint.pt")
    #expect(try recognition(path).networks.map(\.part) == [.generator, .encoder])
    let report = try Conversion().assigning([path]).conversion.run(to: folder.file("m.idinv"))
    #expect(report.specification.perceptual == nil && report.specification.encoder != nil)
  }

  // MARK: VGG16

  private func vgg(_ rename: (String) -> String) throws -> TestCheckpoint {
    var checkpoint = try TestCheckpoint(golden: "perceptual/vgg_small.pth")
    checkpoint.rename { rename(String($0.dropFirst("layer".count))) }
    return checkpoint
  }

  private func convert(
    _ checkpoint: TestCheckpoint, input: PerceptualInput? = nil
  ) throws -> (report: ConversionReport, file: ModelFile) {
    var options = ConversionOptions()
    options.perceptualInput = input
    let conversion = Conversion(options: options)
    let assignment = try conversion.assigning([try checkpoint.write(folder, "v.safetensors")])
    let report = try assignment.conversion.run(to: folder.file("m.idinv"))
    return (report, try ModelFile(path: folder.file("m.idinv")))
  }

  @Test(arguments: ["features.", "", "features.module.", "module.features.", "vgg.features.", "slice1.", "net.slice1."])
  func everyWrapperOfUnknownOriginIsWarnedOf(prefix: String) throws {
    var checkpoint = try vgg { prefix + $0 }
    checkpoint.set("classifier.0.weight", [2, 2], [1, 2, 3, 4])
    let report = try convert(checkpoint).report
    #expect(report.warnings.count == 1 && report.warnings[0].remedy == "perceptual-input torchvision")
    #expect(try convert(checkpoint, input: .torchvision).report.warnings == [])
    let wanted = try convert(try TestCheckpoint(golden: "perceptual/vgg_small.pth"))
    let found = try convert(checkpoint)
    #expect(wanted.report.warnings == [])
    for index in [0, 21] {
      let name = "perceptual.\(index).weight"
      #expect(try found.file.tensor(name).floats() == wanted.file.tensor(name).floats())
    }
  }

  @Test func theWeightsTellWhoseTheyAre() throws {
    var checkpoint = try vgg { "features." + $0 }
    let torchvision: [Float] = [-0.5537, 0.1427, 0.5290, -0.5831, 0.3566, 0.7657, -0.6902, -0.0480, 0.4841]
    let caffe: [Float] = [0.42947, 0.37347, -0.06136, 0.27477, 0.03868, -0.36722, -0.05747, -0.26225, -0.35010]
    let plain = checkpoint["features.0.weight"]
    checkpoint["features.0.weight"] = torchvision + plain[9...]
    let (report, file) = try convert(checkpoint)
    #expect(report.warnings == [])
    #expect(report.inferred.contains("perceptual: the weights are those of torchvision's VGG16"))
    #expect(try abs(file.tensor("perceptual.0.weight").floats()[0] - torchvision[0] / (2 * 0.229)) < 1e-6)
    #expect(try convert(checkpoint, input: .caffe).report.warnings.count == 1)
    checkpoint["features.0.weight"] = caffe + plain[9...]
    #expect(try convert(checkpoint).report.warnings == [])
    checkpoint["features.0.weight"] = plain[..<18] + caffe + plain[27...]
    #expect(checkpointError { _ = try convert(checkpoint) } == .reversedChannels(tensor: "features.0.weight"))
  }
}
