extension ModelSpecification {
  /// Largest channel count and feature dimension that a specification may state; keeps every product within `Int`.
  package static let extentLimit = 8192

  /// Checks that networks of this description can exist, and fit each other.
  ///
  /// - Throws: `ModelFileError.specification`, naming the field.
  package func validate() throws(ModelFileError) {
    let parts: [Any?] = [generator, encoder, perceptual, judge, detector, lpips, identity]
    guard parts.contains(where: { $0 != nil }) else {
      throw .specification(
        field: "generator, encoder, perceptual, judge, detector, lpips, identity", found: "none",
        expected: "at least one network")
    }
    guard pixelMinimum.isFinite, pixelMaximum.isFinite, pixelMinimum < pixelMaximum else {
      throw .specification(
        field: "pixelMinimum, pixelMaximum", found: "\(pixelMinimum), \(pixelMaximum)",
        expected: "two finite numbers, the first smaller")
    }
    try generator?.validate()
    try encoder?.validate()
    try perceptual?.validate()
    try detector?.validate()
    try validateAttributes()
    try judge?.validate()
    try lpips?.validate()
    try identity?.validate()
    try validateCurvature()
    try validateInt8()
    if let generator, let encoder {
      // Others read images of a size of their own, whatever the generator's.
      if encoder.architecture.readsGeneratorsSize { try match("resolution", generator.resolution, encoder.resolution) }
      try match("layerCount", generator.layerCount, encoder.layerCount)
      try match("wDimension", generator.wDimension, encoder.wDimension)
      try match("imageChannels", generator.imageChannels, encoder.imageChannels)
    }
    if let judge, let resolution = generator?.resolution ?? encoder?.resolution, judge.resolution != resolution {
      throw .specification(
        field: "judge.resolution", found: "\(judge.resolution)", expected: "\(resolution), as the other networks have")
    }
    if let perceptual, let channels = generator?.imageChannels ?? encoder?.imageChannels {
      guard perceptual.inputShift.count == channels else {
        throw .specification(
          field: "perceptual.inputShift", found: "\(perceptual.inputShift.count) entries",
          expected: "\(channels), the image channels of the other networks")
      }
    }
  }

  /// The attribute network sits on the feature network, at the resolution of the others.
  private func validateAttributes() throws(ModelFileError) {
    guard let attributes else { return }
    guard let perceptual else {
      throw .specification(
        field: "attributes", found: "an attribute network without a perceptual network",
        expected: "both: it reads the other's feature")
    }
    try attributes.validate(poolings: perceptual.poolingCount)
    if let resolution = imageResolution, attributes.resolution != resolution {
      throw .specification(
        field: "attributes.resolution", found: "\(attributes.resolution)",
        expected: "\(resolution), as the other networks have")
    }
  }

  /// The curvature is one of codes, which only a generator gives a meaning.
  private func validateCurvature() throws(ModelFileError) {
    guard let curvature else { return }
    guard let generator else {
      throw .specification(
        field: "curvature", found: "a curvature without a generator",
        expected: "both: it is that of the generator's codes")
    }
    try check("curvature.rank", curvature.rank, 1...generator.layerCount * generator.wDimension)
  }

  private func match(_ field: String, _ generator: Int, _ encoder: Int) throws(ModelFileError) {
    guard generator == encoder else {
      throw .specification(
        field: "encoder.\(field)", found: "\(encoder)",
        expected: "\(generator), as the generator has: the two belong to different models")
    }
  }
}

extension GeneratorSpecification {
  func validate() throws(ModelFileError) {
    let blocks = try check("generator", resolution: resolution, layers: layerCount, imageChannels: imageChannels)
    try check("generator.zDimension", zDimension, 1...ModelSpecification.extentLimit)
    try check("generator.wDimension", wDimension, 1...ModelSpecification.extentLimit)
    try check("generator.mappingFeatures.count", mappingFeatures.count, 1...64)
    for features in mappingFeatures.dropLast() {
      try check("generator.mappingFeatures", features, 1...ModelSpecification.extentLimit)
    }
    let last = repeatsW ? wDimension : wDimension * layerCount
    try check("generator.mappingFeatures.last", mappingFeatures.last ?? 0, last...last)
    if let epsilon = variant?.normEpsilon, !(epsilon > 0 && epsilon <= 1) {
      throw .specification(field: "generator.variant.normEpsilon", found: "\(epsilon)", expected: "0 to 1, but not 0")
    }
    try check("generator.blockChannels.count", blockChannels.count, blocks...blocks)
    for channels in blockChannels {
      try check("generator.blockChannels", channels, 1...ModelSpecification.extentLimit)
    }
    guard case .styleGAN2(let clamp) = architecture else { return }
    guard repeatsW, !hasFinalTanh else {
      throw .specification(
        field: "generator.repeatsW, generator.hasFinalTanh", found: "\(repeatsW), \(hasFinalTanh)",
        expected: "true, false: StyleGAN2 maps z to one w, and its image is a plain sum")
    }
    if let clamp, !(clamp.isFinite && clamp > 0) {
      throw .specification(
        field: "generator.architecture.styleGAN2.clamp", found: "\(clamp)", expected: "a finite positive number")
    }
  }
}

extension ModelSpecification {
  /// Side of the images that the generator makes, or that the encoder reads where there is none.
  package var imageResolution: Int? { generator?.resolution ?? encoder?.resolution }
}

extension EncoderSpecification {
  func validate() throws(ModelFileError) {
    if let heads = architecture.styleHeads { return try validate(heads) }
    if case .pyramid(let pyramid) = architecture { return try validate(pyramid) }
    let blocks = try check("encoder", resolution: resolution, layers: layerCount, imageChannels: imageChannels)
    try check("encoder.wDimension", wDimension, 1...ModelSpecification.extentLimit)
    try check("encoder.stemChannels", stemChannels, 1...ModelSpecification.extentLimit)
    try check("encoder.blockChannels.count", blockChannels.count, blocks - 1...blocks - 1)
    for channels in blockChannels {
      try check("encoder.blockChannels", channels, 1...ModelSpecification.extentLimit)
    }
  }
}

extension EncoderSpecification {
  /// Three maps of 64, 32 and 16 pixels come of four stages that each halve the image.
  fileprivate func validate(_ heads: StyleHeadsSpecification) throws(ModelFileError) {
    let limit = 1...ModelSpecification.extentLimit
    try check("encoder.resolution", resolution, StyleHeadsSpecification.resolution...StyleHeadsSpecification.resolution)
    try check("encoder.layerCount", layerCount, 4...20)
    try check("encoder.imageChannels", imageChannels, 3...3)
    try check("encoder.wDimension", wDimension, limit)
    try check("encoder.stemChannels", stemChannels, limit)
    try check("encoder.blockChannels.count", blockChannels.count, 4...4)
    for channels in blockChannels { try check("encoder.blockChannels", channels, limit) }
    try check("encoder.architecture.styleHeads.units.count", heads.units.count, 4...4)
    for count in heads.units { try check("encoder.architecture.styleHeads.units", count, 1...128) }
    try check("encoder.architecture.styleHeads.squeezed.count", heads.squeezed.count, 4...4)
    for channels in heads.squeezed { try check("encoder.architecture.styleHeads.squeezed", channels, limit) }
    if let iterations = heads.iterations {
      try check("encoder.architecture.styleHeads.iterations", iterations, 1...100)
    }
  }
}

extension FeatureNetworkSpecification {
  func validate() throws(ModelFileError) {
    try check("perceptual.layers.count", layers.count, 1...128)
    try check("perceptual.inputShift.count", inputShift.count, 1...4)
    guard inputShift.allSatisfy(\.isFinite) else {
      throw .specification(field: "perceptual.inputShift", found: "\(inputShift)", expected: "finite numbers")
    }
    var channels = inputShift.count
    var poolings = 0
    var convolutions = 0
    for (index, layer) in layers.enumerated() {
      switch layer {
      case .convolution(let inputs, let outputs):
        try check("perceptual.layers[\(index)].inputChannels", inputs, channels...channels)
        try check("perceptual.layers[\(index)].outputChannels", outputs, 1...ModelSpecification.extentLimit)
        channels = outputs
        convolutions += 1
      case .relu:
        // An engine makes the two in one.
        guard index > 0, case .convolution = layers[index - 1] else {
          throw .specification(
            field: "perceptual.layers[\(index)]", found: "a ReLU", expected: "one behind a convolution")
        }
      case .maxPool: poolings += 1
      }
    }
    try check("perceptual.layers (convolutions)", convolutions, 1...128)
    try check("perceptual.layers (poolings)", poolings, 0...9)
  }
}

extension DetectorSpecification {
  func validate() throws(ModelFileError) {
    for (field, channels, count) in [
      ("proposal", proposal, 3), ("refinement", refinement, 4), ("output", output, 5),
    ] {
      try check("detector.\(field).count", channels.count, count...count)
      for value in channels { try check("detector.\(field)", value, 1...ModelSpecification.extentLimit) }
    }
  }
}

extension AttributeNetworkSpecification {
  func validate(poolings: Int) throws(ModelFileError) {
    try check("attributes.hiddenChannels", hiddenChannels, 1...ModelSpecification.extentLimit)
    try Self.validate(names: names, field: "attributes.names")
    guard (8...2048).contains(resolution), resolution.nonzeroBitCount == 1, resolution >> (poolings + 1) >= 1 else {
      throw .specification(
        field: "attributes.resolution", found: "\(resolution)",
        expected: "a power of two from 8 to 2048, and at least \(2 << poolings): the feature is pooled once more")
    }
  }

  static func validate(names: [String], field: String) throws(ModelFileError) {
    try check("\(field).count", names.count, 1...1024)
    for (index, name) in names.enumerated() {
      guard isValidName(name) else {
        throw .specification(
          field: "\(field)[\(index)]", found: "\"\(name)\"",
          expected: "1 to 64 letters, digits, '_', '-' and '.', the first a letter or a digit")
      }
    }
    guard Set(names).count == names.count else {
      throw .specification(field: field, found: "a name twice", expected: "each name once")
    }
  }
}

/// Checks what generator and encoder state alike; returns the number of resolutions from 4×4 up.
@discardableResult
private func check(
  _ network: String, resolution: Int, layers: Int, imageChannels: Int
) throws(ModelFileError) -> Int {
  guard (8...2048).contains(resolution), resolution.nonzeroBitCount == 1 else {
    throw .specification(
      field: "\(network).resolution", found: "\(resolution)", expected: "a power of two from 8 to 2048")
  }
  let blocks = resolution.trailingZeroBitCount - 1
  try check("\(network).layerCount", layers, 2 * blocks...2 * blocks)
  try check("\(network).imageChannels", imageChannels, 3...3)
  return blocks
}

private func check(_ field: String, _ value: Int, _ range: ClosedRange<Int>) throws(ModelFileError) {
  guard range.contains(value) else {
    let expected =
      range.lowerBound == range.upperBound
      ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    throw .specification(field: field, found: "\(value)", expected: expected)
  }
}
