import Quant

/// How a StyleGAN2 generator's checkpoint becomes the tensors of `GeneratorArchitecture.styleGAN2`.
///
/// Equalized learning rates are folded into the weights, and the gain √2 behind each activation into what comes before it:
/// √2·φ(x) = φ(√2·x) for a leaky ReLU φ.
struct StyleGAN2Plan {
  private(set) var specification: GeneratorSpecification
  private(set) var tensors: [PlannedTensor] = []

  private let reader: PartReader
  private let names: StyleGAN2Names
  private let dimension: Int?
  private static let gain = 2.0.squareRoot()

  /// - Parameter clamp: of the layers' outputs, where the file states one.
  /// - Throws: `.missingTensors`, `.tensor`, `.unsupported`.
  init(
    _ reader: PartReader, _ names: StyleGAN2Names, clamp: Float? = nil, _ options: ConversionOptions
  ) throws(CheckpointError) {
    self.reader = reader
    self.names = names
    let blocks = max(2, names.blockCount(reader.names)), mappings = names.mappingCount(reader.names)
    guard (2...10).contains(blocks) else {
      throw .unsupported(
        path: reader.checkpoint.path, found: "a StyleGAN2 generator of \(blocks) resolutions",
        expected: "2 (8×8) to 10 (2048×2048)")
    }
    // Extents are those of the tensors that decide them; the others must fit.
    dimension = reader.shape(names.layer(0).style.weight)?.last
    let channels = (0..<blocks).map { reader.shape(names.output($0).style.weight)?.first }
    specification = GeneratorSpecification(
      resolution: 4 << (blocks - 1), zDimension: reader.shape(names.mapping(0).weight)?.last ?? 0,
      wDimension: dimension ?? 0, layerCount: 2 * blocks, mappingFeatures: [], repeatsW: true, hasFinalTanh: false,
      blockChannels: channels.map { $0 ?? 0 },
      imageChannels: reader.shape(names.output(0).bias)?.dropFirst().first ?? 3,
      architecture: .styleGAN2(clamp: clamp))
    if let shape = reader.shape(names.output(0).bias), shape.count == 1 { specification.imageChannels = shape[0] }
    planMapping(max(1, mappings))
    planConstants(channels[0])
    for layer in 0..<specification.convolutionCount { planLayer(layer, channels) }
    for name in names.ignored { reader.acknowledge(name) }
    planTruncation(options)
    try reader.checkComplete()
    try checkFilters(blocks)
    reader.inferred.append(
      "generator: StyleGAN2 (\(names.title)), \(specification.resolution)×\(specification.resolution), "
        + "\(2 * blocks) layers, z \(specification.zDimension), w \(specification.wDimension), \(mappings) mapping layers, "
        + "channels \(specification.blockChannels)" + (clamp.map { ", outputs clamped to ±\($0)" } ?? ""))
  }

  /// Adds a tensor that is one of the checkpoint's, transformed.
  private mutating func add(
    _ name: String, from source: String, _ expected: [Int?], _ transform: @escaping ([Float]) -> [Float] = { $0 }
  ) {
    // Some ports keep a leading axis of 1, for the batch.
    if let shape = reader.shape(source), shape.count == expected.count + 1, shape[0] == 1 {
      reader.require(source, [1] + expected)
    } else {
      reader.require(source, expected)
    }
    let reader = reader
    tensors.append(
      PlannedTensor(name: "generator." + name) { () throws(CheckpointError) in transform(try reader.floats(source)) })
  }

  /// Dense layers with learning-rate multiplier 0.01 on weight and bias.
  private mutating func planMapping(_ count: Int) {
    let multiplier = 0.01
    for layer in 0..<count {
      let source = names.mapping(layer)
      let shape = reader.shape(source.weight)
      let width = layer == 0 ? shape?.last : specification.mappingFeatures.last.flatMap { $0 == 0 ? nil : $0 }
      let scale = Folding.weightScale(fanIn: max(1, width ?? 1)) * multiplier
      let outputs = layer == count - 1 ? dimension : shape?.first
      add("mapping.\(layer).weight", from: source.weight, [outputs, width]) { Folding.scaled($0, by: scale) }
      add("mapping.\(layer).bias", from: source.bias, [outputs]) { Folding.scaled($0, by: Self.gain * multiplier) }
      specification.mappingFeatures.append(shape?.first ?? 0)
    }
  }

  private mutating func planConstants(_ channels: Int?) {
    planAverage()
    let source = names.constant
    // NVIDIA keeps no leading axis, and no average of the constant.
    add("constant", from: source, [channels, 4, 4])
  }

  /// The mean of w, for each layer; estimated where the file has none.
  private mutating func planAverage() {
    let layers = specification.layerCount, width = dimension ?? 0
    func tiled(_ values: [Float]) -> [Float] {
      values.count == width ? (0..<layers).flatMap { _ in values } : values
    }
    let reader = reader
    if let name = names.average, reader.shape(name) != nil {
      reader.require(name, [dimension])
      tensors.append(
        PlannedTensor(name: "generator.w_average") { () throws(CheckpointError) in tiled(try reader.floats(name)) })
    } else if let name = names.outerAverage, let shape = reader.outerShape(name) {
      reader.requireOuter(name, shape.count == 2 ? [layers, dimension] : [dimension])
      tensors.append(
        PlannedTensor(name: "generator.w_average") { () throws(CheckpointError) in
          tiled(try reader.outerFloats(name))
        })
    } else {
      let mapping = tensors
      reader.inferred.append(
        "generator: the file has no mean of w; estimated from \(MappingMean.sampleCount) codes of random z")
      tensors.append(
        PlannedTensor(name: "generator.w_average") { () throws(CheckpointError) in
          var layers: [MappingMean.Layer] = []
          for index in stride(from: 0, to: mapping.count, by: 2) {
            layers.append((try mapping[index].values(), try mapping[index + 1].values()))
          }
          return tiled(MappingMean.estimate(layers))
        })
    }
  }

  /// No published file states a truncation: none, unless it is asked for.
  private mutating func planTruncation(_ options: ConversionOptions) {
    let layers = specification.layerCount
    let psi = options.truncationPsi ?? (options.truncationLayers == nil ? 1 : 0.7)
    let count = options.truncationLayers ?? layers
    if count > layers {
      reader.note(
        .badOption(
          name: "truncation-layers", found: "\(count)",
          expected: "at most \(layers), the layers of \(reader.checkpoint.path)"))
    }
    reader.inferred.append(
      psi == 1
        ? "generator: no truncation (an option: no checkpoint states one)"
        : "generator: truncation ψ = \(psi) on the first \(count) layers, from options")
    let truncation = PlannedTensor(name: "generator.truncation") { () throws(CheckpointError) in
      (0..<layers).map { $0 < count ? psi : 1 }
    }
    let index = tensors.firstIndex { $0.name == "generator.constant" } ?? tensors.count
    tensors.insert(truncation, at: index)
  }

  private mutating func planLayer(_ layer: Int, _ channels: [Int?]) {
    let source = names.layer(layer), target = "layer.\(layer)."
    let block = specification.block(ofLayer: layer), upsamples = layer % 2 == 1
    let outputs = channels[block], inputs = upsamples ? channels[block - 1] : outputs
    let scale = names.scalesConvolutions ? Folding.weightScale(fanIn: 9 * max(1, inputs ?? 1), gain: 1) : 1
    let flips = upsamples && names.flipsUpsampling
    add(target + "weight", from: source.weight, [outputs, inputs, 3, 3]) {
      Folding.scaled(flips ? Folding.flippedKernels($0) : $0, by: scale)
    }
    planNoise(layer, side: 4 << block)
    planNoiseStrength(target + "noise_strength", from: source.noiseStrength)
    add(target + "bias", from: source.bias, [outputs]) { Folding.scaled($0, by: Self.gain) }
    planStyle(target + "style", source.style, channels: inputs)
    guard !upsamples else { return }
    let output = names.output(block), image = specification.imageChannels
    let outputScale = Folding.weightScale(fanIn: max(1, outputs ?? 1), gain: 1)
    add("output.\(block).weight", from: output.weight, [image, outputs, 1, 1]) { Folding.scaled($0, by: outputScale) }
    planOutputBias("output.\(block).bias", from: output.bias)
    planStyle("output.\(block).style", output.style, channels: outputs)
  }

  /// [3] or [1, 3, 1, 1].
  private mutating func planOutputBias(_ target: String, from source: String) {
    let isVector = reader.shape(source).map { $0.count == 1 } ?? false
    let image = specification.imageChannels
    add(target, from: source, isVector ? [image] : [image, 1, 1])
  }

  /// A map [R, R] of any number of leading axes; none in files from before rosinality kept it.
  private mutating func planNoise(_ layer: Int, side: Int) {
    let source = names.layer(layer).noise
    let shape = reader.shape(source)
    guard shape != nil || reader.names.contains(where: { $0 == names.layer(0).noise }) else {
      if layer == 0 { reader.inferred.append("generator: the file has no noise maps; none is added") }
      tensors.append(
        PlannedTensor(name: "generator.layer.\(layer).noise") { () throws(CheckpointError) in
          [Float](repeating: 0, count: side * side)
        })
      return
    }
    let leading = [Int?](repeating: 1, count: max(0, (shape?.count ?? 4) - 2))
    add("layer.\(layer).noise", from: source, leading + [side, side])
  }

  /// A scalar, with no axis or one.
  private mutating func planNoiseStrength(_ target: String, from source: String) {
    let axes = reader.shape(source)?.count ?? 1
    add(target, from: source, [Int?](repeating: 1, count: axes)) { Folding.scaled($0, by: Self.gain) }
  }

  private mutating func planStyle(_ target: String, _ source: StyleGAN2Names.Affine, channels: Int?) {
    let scale = Folding.weightScale(fanIn: max(1, dimension ?? 1), gain: 1)
    let shift: Float = names.addsOneToStyles ? 1 : 0
    add("\(target).weight", from: source.weight, [channels, dimension]) { Folding.scaled($0, by: scale) }
    add("\(target).bias", from: source.bias, [channels]) { shift == 0 ? $0 : $0.map { $0 + shift } }
  }

  /// The engine filters with [1,3,3,1]; another filter would need another engine.
  private func checkFilters(_ blocks: Int) throws(CheckpointError) {
    for (name, sum) in names.filters(blocks) {
      guard let shape = reader.shape(name) else { continue }
      reader.acknowledge(name)
      let values = try reader.floats(name), total = values.reduce(0.0) { $0 + Double($1) }
      guard total > 0, BinomialFilter.matches(values, sum: total),
        abs(total - sum) <= 1e-4 * sum || abs(total - 1) <= 1e-4
      else {
        throw .tensor(
          name: reader.prefix + name, found: "a filter \(shape) that sums up to \(total)",
          expected: "[1, 3, 3, 1]⊗[1, 3, 3, 1] / \(Int(64 / sum)), as published")
      }
    }
  }
}
