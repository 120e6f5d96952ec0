import Quant
import Reports
import Workflows

/// What `info` prints of a model file.
struct ModelSummary {
  let file: ModelFile
  /// Of the whole file, where it was computed.
  let sha256: String?
  let listsTensors: Bool

  init(_ file: ModelFile, sha256: String?, listsTensors: Bool) {
    self.file = file
    self.sha256 = sha256
    self.listsTensors = listsTensors
  }

  func text() throws -> String {
    let metadata = file.metadata
    let tensors = try file.tensorNames.map { try file.tensor($0) }
    var lines = ["\(file.path): \(humanBytes(file.byteCount)), weights \(metadata.precision.rawValue)"]
    lines += networks(metadata.specification) + measurements(metadata.specification) + types(tensors)
    for source in metadata.sources {
      lines.append("  from \(source.part) \(source.file) (\(humanBytes(source.byteCount)), SHA-256 \(source.sha256))")
    }
    if !metadata.note.isEmpty { lines.append("  note: \(printable(metadata.note))") }
    lines.append("  license: \(metadata.licence.isEmpty ? "not stated" : printable(metadata.licence))")
    lines.append("  written by \(printable(metadata.creator))")
    if let sha256 { lines.append("  all checksums match; SHA-256 \(sha256)") }
    if listsTensors { lines += tensors.map { "  \($0.dtype.rawValue)  \($0.name)  \($0.shape)" } }
    return lines.joined(separator: "\n") + "\n"
  }

  private func networks(_ specification: ModelSpecification) -> [String] {
    specification.networks.map { network in
      let name = type(of: network).part.rawValue.column(12)
      return "  " + name + ((network as? any SummarizedNetwork)?.summary ?? "")
    }
  }

  private func measurements(_ specification: ModelSpecification) -> [String] {
    var lines: [String] = []
    if let usual = specification.inDomain {
      lines.append(
        "  in-domain   usual score \(Figure.significant(Double(usual.median))), of \(usual.sampleCount) pictures")
    } else if specification.encoder != nil, specification.generator != nil {
      lines.append("  in-domain   usual score not stored: runs measure it; 'calibrate -o' stores it")
    }
    if let curvature = specification.curvature { lines.append("  curvature   rank \(curvature.rank)") }
    if let int8 = specification.int8 {
      var parts = ["\(int8.layers.count) of \(specification.int8Candidates.count) convolutions"]
      if let psnr = int8.psnr { parts.append(printed("images %.1f dB", psnr)) }
      if let error = int8.codeError { parts.append(printed("codes %.2g %%", error * 100)) }
      lines.append("  8 bits      " + parts.joined(separator: ", "))
    }
    return lines
  }

  private func types(_ tensors: [WeightTensor]) -> [String] {
    let byType = Dictionary(grouping: tensors, by: \.dtype.rawValue).sorted { $0.key < $1.key }
    return byType.map { dtype, tensors in
      let elements = tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
      let bytes = tensors.reduce(0) { $0 + $1.byteCount }
      return "  \(dtype): \(counted(tensors.count, "tensor")), \(elements) values, \(humanBytes(bytes))"
    }
  }
}

/// A network that says in a line how it is built.
private protocol SummarizedNetwork {
  var summary: String { get }
}

private func list(_ channels: [Int]) -> String { channels.map(String.init).joined(separator: " ") }

extension GeneratorSpecification: SummarizedNetwork {
  fileprivate var summary: String {
    var text = "\(resolution)×\(resolution), \(layerCount) layers × \(wDimension) (z \(zDimension)), channels "
    text += list(blockChannels)
    if case .styleGAN2(let clamp) = architecture {
      text += ", StyleGAN2" + (clamp.map { ", clamped to ±\($0)" } ?? "")
    }
    return text + (hasFinalTanh ? ", tanh" : "") + (repeatsW ? ", one w for all layers" : "")
  }
}

extension EncoderSpecification: SummarizedNetwork {
  fileprivate var summary: String {
    let text = "\(resolution)×\(resolution), channels " + list([stemChannels] + blockChannels)
    switch architecture {
    case .inDomain: return text
    case .tensorFlow: return text + ", normalization behind activations"
    case .filtered: return text + ", filtered before strides"
    case .pyramid(let pyramid):
      return text + ", residual blocks " + list(pyramid.blocks) + ", \(pyramid.headLayers.count) heads on a pyramid"
    case .styleHeads(let heads): return text + summary(of: heads)
    }
  }

  private func summary(of heads: StyleHeadsSpecification) -> String {
    ", \(heads.units.reduce(0, +)) IR-SE units, a head for each of \(layerCount) layers"
      + (heads.isProgressive ? ", progressive" : "") + (heads.iterations.map { ", \($0) iterations" } ?? "")
  }
}

extension FeatureNetworkSpecification: SummarizedNetwork {
  fileprivate var summary: String {
    let widths = layers.compactMap { layer -> String? in
      switch layer {
      case .convolution(_, let outputs): "\(outputs)"
      case .relu: nil
      case .maxPool: "pool"
      }
    }
    return widths.joined(separator: " ")
  }
}

extension AttributeNetworkSpecification: SummarizedNetwork {
  fileprivate var summary: String { names.joined(separator: " ") }
}

extension JudgeSpecification: SummarizedNetwork {
  fileprivate var summary: String {
    "\(resolution)×\(resolution), channels " + list([stemChannels] + blockChannels) + ": "
      + names.joined(separator: " ")
  }
}

extension DetectorSpecification: SummarizedNetwork {
  fileprivate var summary: String {
    "MTCNN, channels " + stages.map { list($0.layers.map(\.outputs)) }.joined(separator: " | ")
  }
}

extension LPIPSSpecification: SummarizedNetwork {
  fileprivate var summary: String { "\(network.rawValue), channels " + list(channels) }
}

extension IdentitySpecification: SummarizedNetwork {
  fileprivate var summary: String {
    "\(units.reduce(0, +)) IR-SE units, channels " + list([stemChannels] + blockChannels)
      + ", \(featureCount) features"
  }
}
