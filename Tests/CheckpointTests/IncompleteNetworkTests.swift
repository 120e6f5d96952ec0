import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// Files that hold a part of a network, or another network than wanted: called by their names, and refused.
@Suite struct IncompleteNetworkTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  struct Network: CustomTestStringConvertible, Sendable {
    /// The golden file, and what stands before the network's names in it.
    var file: String
    var prefix = ""
    var title: String
    var part = NetworkPart.generator
    var testDescription: String { file }
  }

  static let networks = [
    Network(file: "res32/generator.pth", title: "a StyleGAN generator (idinvert_pytorch's StyleGAN)"),
    Network(
      file: "ports/genforce128.pth", prefix: "generator_smooth.", title: "a StyleGAN generator (genforce's StyleGAN)"),
    Network(file: "ports/huangzh13.pth", title: "a StyleGAN generator (huangzh13's StyleGAN)"),
    Network(file: "ports/lernapparat.pth", title: "a StyleGAN generator (lernapparat's StyleGAN)"),
    Network(
      file: "ports/rosinality.pth", prefix: "g_running.", title: "a StyleGAN generator (rosinality's StyleGAN)"),
    Network(
      file: "pickles/stylegan32.pkl", prefix: "Gs.", title: "a StyleGAN generator (NVIDIA's StyleGAN (TensorFlow))"),
    Network(
      file: "stylegan2_genforce_res32/stylegan2_32.pth", prefix: "generator_smooth.",
      title: "a StyleGAN2 generator (genforce's names)"),
    Network(
      file: "stylegan2_res32/converted.pt", prefix: "g_ema.", title: "a StyleGAN2 generator (rosinality's names)"),
    Network(
      file: "pickles/stylegan2_16.pkl", prefix: "G_ema.", title: "a StyleGAN2 generator (NVIDIA's StyleGAN2-ADA)"),
    Network(file: "res32/encoder.pth", title: "an in-domain encoder", part: .encoder),
    Network(file: "judge/judge.pth", title: "an in-domain encoder", part: .encoder),
    Network(
      file: "genforce_encoder_res64/encoder.pth", prefix: "encoder.", title: "an encoder (genforce's EncoderNet)",
      part: .encoder),
    Network(
      file: "e4e_res32/checkpoint.pt", prefix: "state_dict.encoder.", title: "an encoder (pSp, e4e or ReStyle)",
      part: .encoder),
  ]

  private func kept(_ network: Network, _ isKept: (_ bareName: String, _ share: Double) -> Bool) throws
    -> TestCheckpoint
  {
    var checkpoint = try TestCheckpoint(golden: network.file)
    checkpoint.tensors.removeAll { !$0.name.hasPrefix(network.prefix) || $0.name.hasSuffix("num_batches_tracked") }
    let count = Double(checkpoint.tensors.count)
    checkpoint.tensors = checkpoint.tensors.enumerated().filter { index, tensor in
      isKept(String(tensor.name.dropFirst(network.prefix.count)), Double(index) / count)
    }.map { $0.element }
    return checkpoint
  }

  /// Tensors that the network has in common with no other are among them.
  private static func isTelling(_ name: String, _ network: Network) -> Bool {
    switch network.title {
    case "a StyleGAN2 generator (genforce's names)", "a StyleGAN2 generator (NVIDIA's StyleGAN2-ADA)":
      name.hasPrefix("synthesis")
    case "an encoder (genforce's EncoderNet)": name.hasPrefix("head_list") || name.hasPrefix("sam")
    case "an encoder (pSp, e4e or ReStyle)": name.hasPrefix("styles")
    case "an in-domain encoder": !name.hasPrefix("dense")
    default: true
    }
  }

  @Test("a third of a network is known for it, whichever third", arguments: networks)
  func thirds(network: Network) throws {
    for third in 0..<3 {
      let checkpoint = try kept(network) { name, share in
        Self.isTelling(name, network) && Int(share * 3) == third
      }
      guard !checkpoint.tensors.isEmpty else { continue }
      let path = try checkpoint.write(folder, "part.safetensors")
      let recognition = Recognition(try CheckpointReader.open(path))
      #expect(recognition.description == network.title, "third \(third)")
    }
  }

  @Test("what an incomplete network lacks is listed under its own names", arguments: networks)
  func missing(network: Network) throws {
    let checkpoint = try kept(network) { name, share in Self.isTelling(name, network) && Int(share * 10) % 3 != 1 }
    let path = try checkpoint.write(folder, "part.safetensors")
    for (conversion, files) in [(Conversion(), [path]), (Conversion([network.part: path]), [])] {
      let error = checkpointError {
        _ = try conversion.assigning(files).run(to: folder.file("m.idinv")) { _ in true }
      }
      // Encoders of pSp's family need to be told apart first.
      guard network.title != "an encoder (pSp, e4e or ReStyle)" else { continue }
      let expected = "\(path): this is \(network.title), and lacks "
      #expect(error?.description.hasPrefix(expected) == true, "\(String(describing: error))")
    }
    #expect(folder.contents() == ["part.safetensors"])
  }

  @Test(
    "a part that many networks have in common is named as far as it goes",
    arguments: [
      (["mapping.w_avg", "truncation.w_avg"], "a part of a generator"),
      (["layer2.weight", "layer5.bias", "layer7.weight"], "a part of a perceptual network"),
      (["conv1.weight", "conv1.bias", "prelu1.weight", "conv2.bias"], "a part of a face detector"),
      (["encoder.body.3.res_layer.1.weight"], "a part of an IR-SE network"),
      (["e.convs.1.conv1.0.weight", "e.convs.1.conv1.1.bias"], "a part of a StyleGAN2 discriminator, or of"),
    ])
  func parts(names: [String], expected: String) throws {
    let recognition = Recognition(try CheckpointReader.open(try file(names)))
    #expect(recognition.networks.isEmpty && recognition.description.hasPrefix(expected), "\(recognition.description)")
  }

  // MARK: Other networks

  private func file(_ names: [String], shapes: [[Int]] = []) throws -> String {
    var checkpoint = TestCheckpoint()
    for (index, name) in names.enumerated() {
      let shape = index < shapes.count ? shapes[index] : [1]
      checkpoint.set(name, shape, Array(repeating: 0, count: shape.reduce(1, *)))
    }
    return try checkpoint.write(folder, "other.safetensors")
  }

  static let others = [
    (
      ["features.0.weight", "features.3.squeeze.weight", "features.3.expand1x1.bias", "features.3.expand3x3.bias"],
      "a SqueezeNet"
    ),
    (
      ["features.0.weight", "features.0.bias", "features.1.weight", "features.1.running_mean"],
      "a VGG with batch normalization"
    ),
    (["features.0.0.weight", "features.0.1.weight", "features.0.1.running_mean"], "a MobileNet or EfficientNet"),
    (["conv1.weight", "bn1.running_mean", "layer1.0.conv1.weight", "fc.weight"], "a ResNet"),
    (["Conv2d_1a_3x3.conv.weight", "Mixed_5b.branch1x1.conv.weight"], "an Inception network"),
    (
      ["cp.resnet.conv1.weight", "ffm.convblk.conv.weight", "conv_out.conv.weight"],
      "a network for face parsing (BiSeNet)"
    ),
    (["visual.conv1.weight", "token_embedding.weight", "logit_scale"], "CLIP"),
    (["cls_token", "pos_embed", "patch_embed.proj.weight"], "a vision transformer"),
    (
      ["model.diffusion_model.input_blocks.0.0.weight", "first_stage_model.decoder.conv_out.weight"],
      "a latent diffusion model"
    ),
    (["quantize.embedding.weight", "encoder.conv_in.weight", "decoder.conv_out.weight"], "a VQGAN"),
    (["progression.0.conv1.0.conv.weight_orig", "from_rgb.0.conv.weight_orig"], "a discriminator"),
    (["input0.weight", "layer0.weight", "layer1.weight", "layer1.bias"], "a discriminator"),
    (["0.exp_avg", "0.exp_avg_sq"], "the state of an optimizer"),
    (["a.weight", "b.weight"], "a file of no known network (2 tensors: a.weight, b.weight, …)"),
  ]

  @Test("another network is named, whichever part it is given for", arguments: others)
  func otherNetworks(names: [String], title: String) throws {
    let path = try file(names, shapes: names[0] == "features.0.weight" ? [[8, 3, 3, 3]] : [])
    for part in NetworkPart.allCases {
      var given: [NetworkPart: String?] = part == .detector || part == .lpips ? [:] : [part: path]
      // An attribute network reads a feature network.
      if part == .attributes { given[.perceptual] = Golden.path("perceptual/vgg_small.pth") }
      let conversion = Conversion(
        given, detector: part == .detector ? [path] : [], lpips: part == .lpips ? [path] : [])
      let error = checkpointError { _ = try conversion.assigning([]).run(to: folder.file("m.idinv")) { _ in true } }
      #expect(
        error?.description.hasPrefix("\(path): this is \(title), ") == true, "\(part): \(String(describing: error))")
    }
    let error = checkpointError { _ = try Conversion().assigning([path]) }
    #expect(error?.description.hasPrefix("\(path): this is \(title)") == true, "\(String(describing: error))")
  }

  @Test("a judge is no encoder, and generators that are not read are said not to be")
  func nearRelatives() throws {
    let judge = Golden.path("judge/judge.pth")
    let error = checkpointError { _ = try Conversion([.encoder: judge]).run(to: folder.file("m.idinv")) }
    #expect(
      error?.description.hasPrefix("this is a judge, not an encoder: expected ") == true, "\(String(describing: error))"
    )
    for (file, title) in [
      ("stylegan3.pkl", "a StyleGAN3 generator"),
      ("stylegan2_16_conditional.pkl", "a class-conditional StyleGAN2 generator"),
    ] {
      let path = Golden.path("pickles/\(file)")
      let error = checkpointError { _ = try Conversion([.generator: path]).run(to: folder.file("m.idinv")) }
      #expect(
        error?.description.hasPrefix("this is \(title), which is not read: expected ") == true,
        "\(String(describing: error))")
    }
  }

  @Test("a network is no VGG because one of its convolutions has the name of a VGG's first")
  func oneConvolution() throws {
    var checkpoint = TestCheckpoint()
    checkpoint.set("layer0.weight", [8, 3, 3, 3], Array(repeating: 0.1, count: 216))
    checkpoint.set("layer0.bias", [8], Array(repeating: 0, count: 8))
    for name in ["mixed.a.weight", "mixed.b.weight"] {
      checkpoint.set(name, [8, 8, 1, 1], Array(repeating: 0, count: 64))
    }
    let path = try checkpoint.write(folder, "v.safetensors")
    let error = checkpointError { _ = try Conversion([.perceptual: path]).run(to: folder.file("m.idinv")) }
    guard case .wrongNetwork("perceptual", _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(folder.contents() == ["v.safetensors"])
  }
}
