import Quant

/// How a StyleGAN generator's checkpoint becomes the tensors of `GeneratorSpecification`.
///
/// Everything is inferred from names and shapes. Constants: Karras et al., CVPR 2019, and the published idinvert_pytorch.
struct GeneratorPlan {
  private(set) var specification: GeneratorSpecification
  private(set) var tensors: [PlannedTensor] = []

  private let reader: PartReader
  private let port: StyleGANPort
  private let options: ConversionOptions
  private var channels: [Int?] = []
  private var fusedLayers: [Int] = []
  private let dimension: Int?

  /// - Throws: `.missingTensors`, `.tensor`, `.unsupported`.
  init(_ reader: PartReader, of port: StyleGANPort, _ options: ConversionOptions) throws(CheckpointError) {
    self.reader = reader
    self.port = port
    self.options = options
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
        path: reader.checkpoint.path,
        found: "a class-conditional generator (\(reader.fileName(TensorNames.labelWeight)))",
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
      (0..<layers).lazy.compactMap { reader.shape(Self.style($0) + "fc.weight")?.last }.first
      ?? reader.shape("truncation.w_avg")?.last
    for block in 0..<blocks {
      channels.append(
        [2 * block, 2 * block + 1].lazy.compactMap {
          reader.shape("synthesis.layer\($0).epilogue.bias")?.first
            ?? reader.shape("synthesis.layer\($0).conv.weight")?.first
        }.first)
    }
    let mapping = max(1, count("mapping.", "dense"))
    let imageChannels = reader.shape(TensorNames.Output.bias(port.storesAllOutputs ? 0 : blocks - 1))?.first ?? 3
    specification = GeneratorSpecification(
      resolution: 4 << (blocks - 1), zDimension: reader.shape("mapping.dense0.fc.weight")?.last ?? 0,
      wDimension: dimension ?? 0, layerCount: layers, mappingFeatures: [], repeatsW: false,
      hasFinalTanh: false, blockChannels: channels.map { $0 ?? 0 }, imageChannels: imageChannels,
      variant: port.variant)
    planMapping(mapping)
    try planTruncation()
    for layer in 0..<layers { planLayer(layer) }
    try reader.checkComplete()
    try checkBlurs()
    try inferMapping()
    inferImage(stored: imageChannels)
    reader.inferred.append("generator: the names are those of \(port.names.title)")
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

  private mutating func planTruncation() throws(CheckpointError) {
    let layers = specification.layerCount
    try planAverage()
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
          expected: "\(count), which are to be truncated, or more: the number of truncated layers is at most \(layers)")
      )
    }
    reader.inferred.append("generator: truncation ψ = \(psi) on the first \(count) layers, from options or defaults")
    tensors.append(
      PlannedTensor(name: "generator.truncation") { () throws(CheckpointError) in
        (0..<layers).map { $0 < count ? psi : 1 }
      })
  }

  /// The mean of w: stored once, once for each layer, or not at all.
  private mutating func planAverage() throws(CheckpointError) {
    let name = TensorNames.Truncation.average
    let shape = reader.shape(name)
    guard shape != nil || port.storesAverage else {
      let reader = reader
      let widths = specification.mappingFeatures
      let inputs = specification.zDimension
      tensors.append(
        PlannedTensor(name: "generator.w_average") { () throws(CheckpointError) in
          MappingMean.estimate(try MappingMean.layers(reader, inputs: inputs, widths: widths))
        })
      reader.inferred.append(
        "generator: the file has no mean of w; it is that of \(MappingMean.sampleCount) random z")
      return
    }
    guard let dimension, let count = shape.flatMap(elementCount), count == specification.layerCount * dimension,
      specification.layerCount > 1
    else {
      add("w_average", from: name, [dimension])
      return
    }
    // One for each layer: all the same where one w serves them all.
    reader.acknowledge(name)
    let values = try reader.floats(name)
    let first = Array(values[..<dimension])
    let isOne = stride(from: 0, to: count, by: dimension).allSatisfy { Array(values[$0..<$0 + dimension]) == first }
    if !isOne { specification.variant = specification.variant ?? .published }
    specification.variant?.hasLayerAverages = !isOne
    tensors.append(PlannedTensor(name: "generator.w_average") { () throws(CheckpointError) in isOne ? first : values })
  }

  private mutating func planLayer(_ layer: Int) {
    let block = layer / 2
    let outputs = channels[block]
    let source = "synthesis.layer\(layer)."
    let target = "layer.\(layer)."
    if layer == 0 {
      add("constant", from: source + "const", [1, outputs, 4, 4])
    } else {
      planConvolution(layer, inputs: layer % 2 == 0 ? channels[block - 1] : outputs, outputs: outputs)
    }
    planNoise(layer)
    add(target + "noise_strength", from: source + "epilogue.apply_noise.weight", [outputs])
    if layer == 0, reader.shape(source + "epilogue.bias") == nil, port.variant?.blursBias == true {
      // rosinality's constant has none.
      tensors.append(
        PlannedTensor(name: "generator.layer.0.bias") { () throws(CheckpointError) in
          Array(repeating: 0, count: outputs ?? 0)
        })
    } else {
      add(target + "bias", from: source + "epilogue.bias", [outputs])
    }
    let styleScale = Folding.weightScale(fanIn: max(1, dimension ?? 1), gain: 1)
    let rows = outputs.map { 2 * $0 }
    add(target + "style.weight", from: Self.style(layer) + "fc.weight", [rows, dimension]) {
      Folding.scaled($0, by: styleScale)
    }
    add(target + "style.bias", from: Self.style(layer) + "wscale.bias", [rows])
    guard layer % 2 == 1 else { return }
    planOutput(block, inputs: outputs)
  }

  /// A fixed map; of a program that draws a new one for each image, one of normal numbers.
  private mutating func planNoise(_ layer: Int) {
    let block = layer / 2
    let resolution = 4 << block
    let name = "layer.\(layer).noise"
    guard !port.storesNoise else {
      add(name, from: TensorNames.Layer.noise(layer), [1, 1, resolution, resolution])
      return
    }
    tensors.append(
      PlannedTensor(name: "generator." + name) { () throws(CheckpointError) in
        // One map serves both layers of a resolution, as in programs that make one for each.
        var random = TorchRandom(seed: block)
        return random.normals(resolution * resolution)
      })
  }

  /// Weights and bias to RGB; only those of the last block make the image.
  private mutating func planOutput(_ block: Int, inputs: Int?) {
    let image = specification.imageChannels
    guard port.storesAllOutputs || block == specification.blockChannels.count - 1 else {
      for (name, count) in [("weight", 3 * (inputs ?? 0)), ("bias", 3)] {
        tensors.append(
          PlannedTensor(name: "generator.output.\(block).\(name)") { () throws(CheckpointError) in
            [Float](repeating: 0, count: count)
          })
      }
      return
    }
    let outputScale = Folding.weightScale(fanIn: max(1, inputs ?? 1), gain: 1)
    add("output.\(block).weight", from: "synthesis.output\(block).conv.weight", [image, inputs, 1, 1]) {
      Grayscale.repeated(Folding.scaled($0, by: outputScale), channels: image)
    }
    add("output.\(block).bias", from: "synthesis.output\(block).bias", [image]) {
      Grayscale.repeated($0, channels: image)
    }
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
      let name = source + (reader.stores(source + "conv.weight") ? "conv.weight" : "weight")
      add(target, from: name, [outputs, inputs, 3, 3]) { Folding.scaled($0, by: scale) }
    }
    if layer % 2 == 0, reader.shape(source + "blur.kernel") != nil {
      reader.require(source + "blur.kernel", [nil, 1, 3, 3])
    }
  }

  /// The engine blurs with [1, 2, 1]⊗[1, 2, 1] / 16; another kernel would need another engine.
  private func checkBlurs() throws(CheckpointError) {
    for layer in stride(from: 2, to: specification.layerCount, by: 2) {
      let name = "synthesis.layer\(layer).blur.kernel"
      guard reader.shape(name) != nil else {
        if !port.impliesBlur {
          throw .unsupported(
            path: reader.checkpoint.path, found: "a generator without blur (no \(reader.fileName(name)))",
            expected: "one that blurs with [1, 2, 1] after up-sampling")
        }
        reader.inferred.append("generator: layer \(layer) has no blur kernel; [1, 2, 1] is assumed")
        continue
      }
      let expected: [Float] = [1, 2, 1, 2, 4, 2, 1, 2, 1].map { $0 / 16 }
      for (index, value) in try reader.floats(name).enumerated() where abs(value - expected[index % 9]) > 1e-6 {
        throw .tensor(
          name: reader.fileName(name), found: "\(value) at element \(index)",
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
        name: reader.fileName(TensorNames.Mapping.weight(specification.mappingFeatures.count - 1)),
        found: "\(last) outputs",
        expected: "\(dimension) (one w for all layers) or \(layers * dimension) (one for each of \(layers))")
    }
    reader.inferred.append(
      "generator: \(specification.resolution)×\(specification.resolution), \(layers) layers, z \(specification.zDimension), "
        + "w \(dimension), \(specification.repeatsW ? "one w for all layers" : "one w per layer"), "
        + "\(specification.mappingFeatures.count) mapping layers, channels \(specification.blockChannels)")
  }

  /// What the image passes through at the end, and in how many channels.
  private mutating func inferImage(stored channels: Int) {
    let usual = port.hasTanh(specification.repeatsW)
    specification.hasFinalTanh = options.finalTanh ?? usual
    reader.inferred.append(
      "generator: \(specification.hasFinalTanh ? "tanh at the end" : "no tanh at the end") (an option, "
        + "by default as \(port.names.title) has it: no checkpoint says so)")
    if !port.storesNoise {
      reader.inferred.append(
        "generator: \(port.names.title) draws new noise for each image; the model's is fixed, of normal numbers")
    }
    guard Grayscale.isGray(channels) else { return }
    specification.imageChannels = 3
    reader.inferred.append("generator: grey images; the model repeats the channel as R, G and B")
  }
}
