import ArgumentParser
import Foundation
import Inversion
import Quant
import Reports
import Workflows

/// `idinv-lite info`
struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a model file holds.",
    discussion: """
      Example: idinv-lite info model.idinv

      Prints networks, resolution, layers, types of weights, bytes, sources and license. --check reads every byte.
      """)

  @Argument(help: ArgumentHelp("The model file. Default: as for other commands.", valueName: "model.idinv"))
  var model: String?

  @Option(name: [.customShort("m"), .customLong("model")], help: .hidden)
  var modelOption: String?

  @Flag(help: "Compare every tensor with its checksum, and compute the file's SHA-256.")
  var check = false

  @Flag(help: "List every tensor.")
  var tensors = false

  @OptionGroup var reporting: ReportingOptions

  private struct Listing: Encodable {
    struct Tensor: Encodable {
      var name: String
      var dtype: String
      var shape: [Int]
      var bytes: Int
    }
    var path: String
    var bytes: Int
    var format_version: Int
    var quantisation_version: Int
    var precision: String
    var licence: String
    var note: String
    var creator: String
    var sources: [ModelSource]
    var specification: ModelSpecification
    var sha256: String?
    var tensors: [Tensor]
  }

  mutating func validate() throws {
    if model != nil, modelOption != nil {
      throw ValidationError("give the model once: as an argument, or with --model")
    }
  }

  func run() throws {
    try reporting {
      let path = try model ?? modelOption ?? ModelOption.parse([]).path()
      try Model.requireModelFile(path)
      let file = try locating(path) { try ModelFile(path: path) }
      var sha256: String?
      if check {
        try locating(path) { try file.verifyChecksums() }
        sha256 = try SHA256.hexDigest(ofFile: file.path)
      }
      let listed = try file.tensorNames.map { name in
        let tensor = try file.tensor(name)
        return Listing.Tensor(
          name: name, dtype: tensor.dtype.rawValue, shape: tensor.shape, bytes: tensor.byteCount)
      }
      let metadata = file.metadata
      if reporting.json {
        try JSONOutput.print(
          Listing(
            path: file.path, bytes: file.byteCount, format_version: ModelMetadata.formatVersion,
            quantisation_version: ModelMetadata.quantisationVersion, precision: metadata.precision.rawValue,
            licence: metadata.licence, note: metadata.note, creator: metadata.creator, sources: metadata.sources,
            specification: metadata.specification, sha256: sha256, tensors: listed))
      } else if !reporting.quiet {
        try StandardStreams.printOutput(text(file, listed, sha256))
      }
    }
  }

  private func architecture(of generator: GeneratorSpecification) -> String {
    guard case .styleGAN2(let clamp) = generator.architecture else { return "" }
    return ", StyleGAN2" + (clamp.map { ", clamped to ±\($0)" } ?? "")
  }

  private func architecture(of encoder: EncoderSpecification) -> String {
    if case .pyramid(let pyramid) = encoder.architecture {
      return ", residual blocks \(pyramid.blocks), \(pyramid.headLayers.count) heads on a feature pyramid"
    }
    guard let heads = encoder.architecture.styleHeads else {
      return encoder.architecture == .tensorFlow ? ", normalization behind activations" : ""
    }
    return ", \(heads.units.reduce(0, +)) IR-SE units, a head for each of \(encoder.layerCount) layers"
      + (heads.isProgressive ? ", progressive" : "") + (heads.iterations.map { ", \($0) iterations" } ?? "")
  }

  private func text(_ file: ModelFile, _ listed: [Listing.Tensor], _ sha256: String?) -> String {
    let metadata = file.metadata
    var lines = ["\(file.path): \(humanBytes(file.byteCount)), weights \(metadata.precision.rawValue)"]
    if let generator = metadata.specification.generator {
      lines.append(
        "  generator   \(generator.resolution)×\(generator.resolution), \(generator.layerCount) layers × "
          + "\(generator.wDimension) (z \(generator.zDimension)), channels "
          + generator.blockChannels.map(String.init).joined(separator: " ")
          + architecture(of: generator) + (generator.hasFinalTanh ? ", tanh" : "")
          + (generator.repeatsW ? ", one w for all layers" : ""))
    }
    if let encoder = metadata.specification.encoder {
      lines.append(
        "  encoder     \(encoder.resolution)×\(encoder.resolution), channels "
          + ([encoder.stemChannels] + encoder.blockChannels).map(String.init).joined(separator: " ")
          + architecture(of: encoder))
    }
    if let perceptual = metadata.specification.perceptual {
      let widths = perceptual.layers.compactMap { layer -> String? in
        switch layer {
        case .convolution(_, let outputs): "\(outputs)"
        case .relu: nil
        case .maxPool: "pool"
        }
      }
      lines.append("  perceptual  " + widths.joined(separator: " "))
    }
    if let attributes = metadata.specification.attributes {
      lines.append("  attributes  " + attributes.names.joined(separator: " "))
    }
    if let judge = metadata.specification.judge {
      lines.append(
        "  judge       \(judge.resolution)×\(judge.resolution), channels "
          + ([judge.stemChannels] + judge.blockChannels).map(String.init).joined(separator: " ") + ": "
          + judge.names.joined(separator: " "))
    }
    if let detector = metadata.specification.detector {
      let stages = detector.stages.map { $0.layers.map { "\($0.outputs)" }.joined(separator: " ") }
      lines.append("  detector    MTCNN, channels " + stages.joined(separator: " | "))
    }
    if let lpips = metadata.specification.lpips {
      lines.append(
        "  lpips       \(lpips.network.rawValue), channels " + lpips.channels.map(String.init).joined(separator: " "))
    }
    if let identity = metadata.specification.identity {
      lines.append(
        "  identity    \(identity.units.reduce(0, +)) IR-SE units, channels "
          + identity.blockChannels.map(String.init).joined(separator: " ") + ", \(identity.featureCount) features")
    }
    if let curvature = metadata.specification.curvature {
      lines.append("  curvature   rank \(curvature.rank)")
    }
    if let int8 = metadata.specification.int8 {
      var parts = ["\(int8.layers.count) of \(metadata.specification.int8Candidates.count) convolutions"]
      if let psnr = int8.psnr { parts.append(printed("images %.1f dB", psnr)) }
      if let error = int8.codeError { parts.append(printed("codes %.2g %%", error * 100)) }
      lines.append("  8 bits      " + parts.joined(separator: ", "))
    }
    let byType = Dictionary(grouping: listed, by: \.dtype)
    for (dtype, tensors) in byType.sorted(by: { $0.key < $1.key }) {
      let elements = tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
      let bytes = tensors.reduce(0) { $0 + $1.bytes }
      lines.append("  \(dtype): \(tensors.count) tensors, \(elements) values, \(humanBytes(bytes))")
    }
    for source in metadata.sources {
      lines.append("  from \(source.part) \(source.file) (\(humanBytes(source.byteCount)), SHA-256 \(source.sha256))")
    }
    if !metadata.note.isEmpty { lines.append("  note: \(printable(metadata.note))") }
    lines.append("  license: \(metadata.licence.isEmpty ? "not stated" : printable(metadata.licence))")
    lines.append("  written by \(printable(metadata.creator))")
    if let sha256 { lines.append("  all checksums match; SHA-256 \(sha256)") }
    if tensors {
      for tensor in listed { lines.append("  \(tensor.dtype)  \(tensor.name)  \(tensor.shape)") }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
