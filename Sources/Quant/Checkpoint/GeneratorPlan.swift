import Quant

/// How a StyleGAN generator's checkpoint becomes the tensors of `GeneratorSpecification`.
///
/// Everything is inferred from names and shapes. Constants: Karras et al., CVPR 2019, and the published idinvert_pytorch.
struct GeneratorPlan {
  private(set) var specification: GeneratorSpecification
  private(set) var tensors: [PlannedTensor] = []

  private let reader: PartReader
  private var channels: [Int?] = []
  private var fusedLayers: [Int] = []
  private let dimension: Int?

  /// - Throws: `.missingTensors`, `.tensor`, `.unsupported`.
  init(_ reader: PartReader, _ options: ConversionOptions) throws(CheckpointError) {
    self.reader = reader
    let names = reader.names
    func count(_ head: String, _ word: String) -> Int {
      let indices = names.compactMap { name -> Int? in
        guard name.hasPrefix(head) else { return nil }
        return index(of: name.dropFirst(head.count).prefix { $0 != "." }, after: word)
      }
      return (indices.max() ?? -1) + 1
    }
    guard reader.shape("mapping.label_weight") == nil else {
      throw .unsupported(
        path: reader.checkpoint.path, found: "a class-conditional generator (mapping.label_weight)",
        expected: "an unconditional one")
    }
    // Layers come in pairs, one per resolution and position; the truncation buffer knows their number too.
    let named = max(count("synthesis.", "layer"), 2 * count("synthesis.", "output"))
    let layers = max(4, (max(named, reader.shape("truncation.truncation")?.dropFirst().first ?? 0) + 1) / 2 * 2)
    let blocks = layers / 2
    guard blocks <= 10 else {
      throw .unsupported(
        path: reader.checkpoint.path, found: "\(layers) synthesis layers", expected: "at most 20 (2048×2048)")
    }
    dimension =
      reader.shape("truncation.w_avg")?.last
      ?? (0..<layers).lazy.compactMap { reader.shape(Self.style($0) + "fc.weight")?.last }.first
    for block in 0..<blocks {
      channels.append(
        [2 * block, 2 * block + 1].lazy.compactMap {
          reader.shape("synthesis.layer\($0).epilogue.bias")?.first
            ?? reader.shape("synthesis.layer\($0).conv.weight")?.first
        }.first)
    }
    let mapping = max(1, count("mapping.", "dense"))
    let imageChannels = reader.shape("synthesis.output0.bias")?.first ?? 3
    specification = GeneratorSpecification(
      resolution: 4 << (blocks - 1), zDimension: reader.shape("mapping.dense0.fc.weight")?.last ?? 0,
      wDimension: dimension ?? 0, layerCount: layers, mappingFeatures: [], repeatsW: false,
      hasFinalTanh: options.finalTanh, blockChannels: channels.map { $0 ?? 0 }, imageChannels: imageChannels)
    planMapping(mapping)
    planTruncation(options)
    for layer in 0..<layers { planLayer(layer) }
    try reader.checkComplete()
    try checkBlurs()
    try inferMapping()
    reader.inferred.append(
      "generator: \(options.finalTanh ? "tanh at the end" : "no tanh at the end") (an option: no checkpoint says so)")
    if !fusedLayers.isEmpty {
      reader.inferred.append(
        "generator: fused up-sampling kernels in layers \(fusedLayers), unfused into equal convolutions")
    }
  }

  private static func style(_ layer: Int) -> String { "synthesis.layer\(layer).epilogue.style_mod.dense." }

  /// Adds a tensor that is one of the checkpoint's, transformed.
  private mutating func add(
    _ name: String, from source: String, _ expected: [Int?],
    _ transform: @escaping ([Float]) -> [Float] = { $0 }
  ) {
    reader.require(source, expected)
    let reader = reader
    tensors.append(
      PlannedTensor(name: "generator." + name) { () throws(CheckpointError) in
        transform(try reader.floats(source))
      })
  }

  /// Dense layers with learning-rate multiplier 0.01 on weight and bias.
  private mutating func planMapping(_ count: Int) {
    let multiplier = 0.01
    for layer in 0..<count {
      let source = "mapping.dense\(layer)."
      let shape = reader.shape(source + "fc.weight")
      let width = layer == 0 ? shape?.last : specification.mappingFeatures.last.flatMap { $0 == 0 ? nil : $0 }
      let scale = Folding.weightScale(fanIn: max(1, width ?? 1)) * multiplier
      add("mapping.\(layer).weight", from: source + "fc.weight", [nil, width]) { Folding.scaled($0, by: scale) }
      add("mapping.\(layer).bias", from: source + "wscale.bias", [shape?.first]) {
        Folding.scaled($0, by: multiplier)
      }
      specification.mappingFeatures.append(shape?.first ?? 0)
    }
  }

  private mutating func planTruncation(_ options: ConversionOptions) {
    let layers = specification.layerCount
    add("w_average", from: "truncation.w_avg", [dimension])
    let buffer = "truncation.truncation"
    if reader.shape(buffer) != nil, options.truncationPsi == nil, options.truncationLayers == nil {
      add("truncation", from: buffer, [1, layers, 1])
      return
    }
    reader.acknowledge(buffer)
    let psi = options.truncationPsi ?? 0.7
    let count = options.truncationLayers ?? min(layers, 8)
    if count > layers {
      reader.note(
        .unsupported(
          path: reader.checkpoint.path, found: "\(layers) layers",
          expected: "\(count), which are to be truncated, or more: --truncation-layers is at most \(layers)"))
    }
    reader.inferred.append("generator: truncation ψ = \(psi) on the first \(count) layers, from options or defaults")
    tensors.append(
      PlannedTensor(name: "generator.truncation") { () throws(CheckpointError) in
        (0..<layers).map { $0 < count ? psi : 1 }
      })
  }

  private mutating func planLayer(_ layer: Int) {
    let block = layer / 2
    let outputs = channels[block]
    let source = "synthesis.layer\(layer)."
    let target = "layer.\(layer)."
    let resolution = 4 << block
    if layer == 0 {
      add("constant", from: source + "const", [1, outputs, 4, 4])
    } else {
      planConvolution(layer, inputs: layer % 2 == 0 ? channels[block - 1] : outputs, outputs: outputs)
    }
    add(target + "noise", from: source + "epilogue.apply_noise.noise", [1, 1, resolution, resolution])
    add(target + "noise_strength", from: source + "epilogue.apply_noise.weight", [outputs])
    add(target + "bias", from: source + "epilogue.bias", [outputs])
    let styleScale = Folding.weightScale(fanIn: max(1, dimension ?? 1), gain: 1)
    let rows = outputs.map { 2 * $0 }
    add(target + "style.weight", from: Self.style(layer) + "fc.weight", [rows, dimension]) {
      Folding.scaled($0, by: styleScale)
    }
    add(target + "style.bias", from: Self.style(layer) + "wscale.bias", [rows])
    guard layer % 2 == 1 else { return }
    let outputScale = Folding.weightScale(fanIn: max(1, outputs ?? 1), gain: 1)
    let image = specification.imageChannels
    add("output.\(block).weight", from: "synthesis.output\(block).conv.weight", [image, outputs, 1, 1]) {
      Folding.scaled($0, by: outputScale)
    }
    add("output.\(block).bias", from: "synthesis.output\(block).bias", [image])
  }

  /// A 3×3 convolution; the two forms of an up-sampling one become the same (`Folding.unfused`).
  private mutating func planConvolution(_ layer: Int, inputs: Int?, outputs: Int?) {
    let scale = Folding.weightScale(fanIn: 9 * max(1, inputs ?? 1))
    let source = "synthesis.layer\(layer)."
    let target = "layer.\(layer).weight"
    if layer % 2 == 0, reader.shape(source + "weight") != nil, let inputs, let outputs {
      fusedLayers.append(layer)
      add(target, from: source + "weight", [3, 3, inputs, outputs]) {
        Folding.unfused($0, inputs: inputs, outputs: outputs, scale: scale)
      }
    } else {
      add(target, from: source + "conv.weight", [outputs, inputs, 3, 3]) { Folding.scaled($0, by: scale) }
    }
    if layer % 2 == 0, reader.shape(source + "blur.kernel") != nil {
      reader.require(source + "blur.kernel", [outputs, 1, 3, 3])
    }
  }

  /// The engine blurs with [1, 2, 1]⊗[1, 2, 1] / 16; another kernel would need another engine.
  private func checkBlurs() throws(CheckpointError) {
    for layer in stride(from: 2, to: specification.layerCount, by: 2) {
      let name = "synthesis.layer\(layer).blur.kernel"
      guard reader.shape(name) != nil else {
        reader.inferred.append("generator: layer \(layer) has no blur kernel; [1, 2, 1] is assumed")
        continue
      }
      let expected: [Float] = [1, 2, 1, 2, 4, 2, 1, 2, 1].map { $0 / 16 }
      for (index, value) in try reader.floats(name).enumerated() where abs(value - expected[index % 9]) > 1e-6 {
        throw .tensor(
          name: reader.prefix + name, found: "\(value) at element \(index)",
          expected: "\(expected[index % 9]), of the kernel [1, 2, 1]⊗[1, 2, 1] / 16")
      }
    }
    let lod = "synthesis.lod"
    guard reader.shape(lod) != nil else { return }
    reader.acknowledge(lod)
    if let value = try reader.floats(lod).first, value != 0 {
      reader.warnings.append(
        "generator: the level of detail (lod) is \(value), of a training in progress; converted as 0, full resolution")
    }
  }

  private mutating func inferMapping() throws(CheckpointError) {
    let last = specification.mappingFeatures.last ?? 0
    let (layers, dimension) = (specification.layerCount, specification.wDimension)
    specification.repeatsW = last == dimension
    guard last == dimension || last == layers * dimension else {
      throw .tensor(
        name: "\(reader.prefix)mapping.dense\(specification.mappingFeatures.count - 1).fc.weight",
        found: "\(last) outputs",
        expected: "\(dimension) (one w for all layers) or \(layers * dimension) (one for each of \(layers))")
    }
    reader.inferred.append(
      "generator: \(specification.resolution)×\(specification.resolution), \(layers) layers, z \(specification.zDimension), "
        + "w \(dimension), \(specification.repeatsW ? "one w for all layers" : "one w per layer"), "
        + "\(specification.mappingFeatures.count) mapping layers, channels \(specification.blockChannels)")
  }
}
