import Quant

/// Which of pSp's family an encoder is; its tensors have the same names in all of them.
package enum StyleHeadsKind: String, Codable, CaseIterable, Sendable {
  case psp
  case e4e
  case restylePSP = "restyle-psp"
  case restyleE4E = "restyle-e4e"

  /// Class names as `opts.encoder_type` has them.
  static let publishedNames: [String: StyleHeadsKind] = [
    "GradualStyleEncoder": .psp, "Encoder4Editing": .e4e, "BackboneEncoder": .restylePSP,
    "ProgressiveBackboneEncoder": .restyleE4E,
  ]

  var usesPyramid: Bool { self == .psp || self == .e4e }
  var isProgressive: Bool { self == .e4e || self == .restyleE4E }
  /// As their scripts iterate.
  var iterations: Int? { self == .restylePSP || self == .restyleE4E ? 5 : nil }
}

/// How an encoder of pSp, e4e or ReStyle becomes the tensors of `StyleHeadsSpecification`.
///
/// Widths follow from shapes, the number of units from their names; which of the encoders it is follows from
/// `opts.encoder_type`, because nothing else says it.
struct StyleHeadsPlan {
  private(set) var specification: EncoderSpecification
  private(set) var tensors: [PlannedTensor] = []

  private let reader: PartReader
  private let heads: StyleHeadsSpecification

  /// Whether a name without prefix is one of a head's: the in-domain encoder has none.
  static func isHead(_ bareName: String) -> Bool {
    let words = bareName.split(separator: ".")
    return words.count >= 4 && words[0] == "styles" && Int(words[1]) != nil && ["convs", "linear"].contains(words[2])
  }

  /// Whether a checkpoint has such an encoder.
  static func recognizes(_ reader: PartReader) -> Bool { reader.names.contains(where: isHead) }

  /// - Throws: `.missingTensors`, `.tensor`, `.unsupported`.
  init(_ reader: PartReader, _ options: ConversionOptions) throws(CheckpointError) {
    self.reader = reader
    let kind = try Self.kind(reader, options)
    let layers = StyleGAN2Names.count(reader.names, "styles.")
    let body = try ImprovedResidualPlan("encoder", reader, imageChannels: kind.iterations == nil ? 3 : 6)
    heads = StyleHeadsSpecification(
      units: body.units, squeezed: body.squeezed, usesPyramid: kind.usesPyramid, isProgressive: kind.isProgressive,
      iterations: kind.iterations)
    specification = EncoderSpecification(
      resolution: StyleHeadsSpecification.resolution, wDimension: reader.shape("styles.0.linear.weight")?.first ?? 0,
      layerCount: layers, imageChannels: 3, stemChannels: body.stemChannels, blockChannels: body.channels,
      architecture: .styleHeads(heads))
    tensors = body.tensors
    planHeads()
    try planStart()
    try reader.checkComplete()
    reader.inferred.append(
      "encoder: \(kind.rawValue) (IR-SE of \(body.unitCount) units, \(layers) heads"
        + (kind.iterations.map { ", \($0) iterations" } ?? "") + "), reads 256×256, w \(specification.wDimension), "
        + "channels \(specification.blockChannels), batch normalisation folded")
  }

  private static func kind(
    _ reader: PartReader, _ options: ConversionOptions
  ) throws(CheckpointError) -> StyleHeadsKind {
    let settings = reader.checkpoint.settings
    if settings["opts.learn_in_w"] == "true" {
      throw .unsupported(
        path: reader.checkpoint.path, found: "an encoder that was trained for one w (opts.learn_in_w)",
        expected: "one with a head for each layer")
    }
    if let kind = options.encoderKind { return kind }
    let allowed = StyleHeadsKind.publishedNames.keys.sorted().joined(separator: ", ")
    guard let name = settings["opts.encoder_type"] else {
      throw .unsupported(
        path: reader.checkpoint.path,
        found: "an encoder of pSp's family that does not say which (no opts.encoder_type)",
        expected: "one of \(allowed), or an option that says so")
    }
    guard let kind = StyleHeadsKind.publishedNames[name] else {
      throw .unsupported(
        path: reader.checkpoint.path, found: "an encoder of type \(name.prefix(80))", expected: "one of \(allowed)")
    }
    return kind
  }

  private mutating func add(
    _ target: String, from source: String, _ expected: [Int?],
    _ transform: @escaping ([Float]) throws(CheckpointError) -> [Float] = { $0 }
  ) {
    reader.require(source, expected)
    let reader = reader
    tensors.append(
      PlannedTensor(name: "encoder." + target) { () throws(CheckpointError) in try transform(try reader.floats(source))
      })
  }

  private mutating func planHeads() {
    let channels = specification.blockChannels, width = specification.wDimension
    if heads.usesPyramid {
      for index in 0..<2 {
        let source = "latlayer\(index + 1)"
        add("lateral.\(index).weight", from: "\(source).weight", [channels[3], channels[2 - index], 1, 1])
        add("lateral.\(index).bias", from: "\(source).bias", [channels[3]])
      }
    }
    let scale = Folding.weightScale(fanIn: max(1, width), gain: 1)
    for head in 0..<specification.layerCount {
      let source = "styles.\(head)"
      for step in 0..<heads.mapSide(ofHead: head).trailingZeroBitCount {
        let inputs = step == 0 ? channels[3] : width
        add("head.\(head).conv.\(step).weight", from: "\(source).convs.\(2 * step).weight", [width, inputs, 3, 3])
        add("head.\(head).conv.\(step).bias", from: "\(source).convs.\(2 * step).bias", [width])
      }
      add("head.\(head).dense.weight", from: "\(source).linear.weight", [width, width]) {
        Folding.scaled($0, by: scale)
      }
      add("head.\(head).dense.bias", from: "\(source).linear.bias", [width])
    }
  }

  /// What the heads' code is added to: the mean of w, where the encoder was trained to start from it.
  private mutating func planStart() throws(CheckpointError) {
    let (layers, width) = (specification.layerCount, specification.wDimension)
    let reader = reader, name = "latent_avg"
    let starts = reader.checkpoint.settings["opts.start_from_latent_avg"] != "false"
    guard starts, let shape = reader.outerShape(name) else {
      guard heads.iterations == nil else {
        throw .missingTensors(
          part: reader.part.rawValue, tensors: [MissingTensor(name: name, shape: [layers, width])])
      }
      reader.inferred.append("encoder: its code is added to nothing")
      tensors.append(
        PlannedTensor(name: "encoder.start") { () throws(CheckpointError) in
          [Float](repeating: 0, count: layers * width)
        })
      return
    }
    reader.requireOuter(name, shape.count == 2 ? [layers, width] : [width])
    tensors.append(
      PlannedTensor(name: "encoder.start") { () throws(CheckpointError) in
        let values = try reader.outerFloats(name)
        return values.count == width ? (0..<layers).flatMap { _ in values } : values
      })
  }
}
