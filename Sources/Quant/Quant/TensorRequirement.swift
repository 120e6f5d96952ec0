/// A tensor that a specification demands: what writer, validator and engine agree on.
package struct TensorRequirement: Equatable, Hashable, Sendable {
  /// What a tensor is for; its stored type follows from it (`QuantizationPolicy`).
  package enum Role: String, Codable, Sendable {
    /// Convolutions of encoder, perceptual and attribute network and judge, and the encoder's dense head: most of a file's bytes.
    case weight
    /// The generator's 3×3 convolutions: errors there are seen in every image.
    case synthesisWeight
    /// The generator's mapping layers: errors there move the code itself.
    case mappingWeight
    /// The generator's style layers.
    case styleWeight
    /// The generator's 1×1 convolutions to RGB, and the dense layers that put out attributes: their errors are read as they are.
    case outputWeight
    /// The generator's constant input and noise maps.
    case map
    /// Biases, noise strengths, the average w, truncation factors.
    case vector
    /// Directions of the code, for a method that tolerates their rounding.
    case basis
  }

  package var name: String
  package var shape: [Int]
  package var role: Role

  package init(name: String, shape: [Int], role: Role) {
    self.name = name
    self.shape = shape
    self.role = role
  }

  /// - Precondition: the shape comes from a valid specification, whose products do not overflow.
  package var elementCount: Int { shape.reduce(1, *) }
}

/// Every tensor that `specification` demands, in the order of a file: the order in which an engine uses them.
///
/// Names and shapes are documented at each network's specification.
///
/// - Precondition: `specification.validate()` passed.
package func requiredTensors(of specification: ModelSpecification) -> [TensorRequirement] {
  var list = specification.networks.flatMap { $0.tensors(in: specification) }
  if let curvature = specification.curvature, let generator = specification.generator {
    list += tensors(of: curvature, on: generator)
  }
  return list
}

func weightAndBias(_ name: String, _ shape: [Int], _ role: TensorRequirement.Role) -> [TensorRequirement] {
  [
    TensorRequirement(name: "\(name).weight", shape: shape, role: role),
    TensorRequirement(name: "\(name).bias", shape: [shape[0]], role: .vector),
  ]
}

/// - Parameter channels: of the image, behind the stem, and behind each block.
func residualTrunk(_ network: String, _ channels: [Int]) -> [TensorRequirement] {
  var list = weightAndBias("\(network).stem", [channels[1], channels[0], 3, 3], .weight)
  for (block, (inputs, outputs)) in zip(channels[1...], channels[2...]).enumerated() {
    let (name, hidden) = ("\(network).block.\(block)", min(inputs, outputs))
    if inputs != outputs { list += weightAndBias("\(name).shortcut", [outputs, inputs, 1, 1], .weight) }
    list += weightAndBias("\(name).conv1", [hidden, inputs, 3, 3], .weight)
    list += weightAndBias("\(name).conv2", [outputs, hidden, 3, 3], .weight)
  }
  return list
}

private func tensors(
  of curvature: CurvatureSpecification, on generator: GeneratorSpecification
) -> [TensorRequirement] {
  [
    TensorRequirement(
      name: "curvature.basis", shape: [curvature.rank, generator.layerCount * generator.wDimension], role: .basis),
    TensorRequirement(name: "curvature.values", shape: [curvature.rank], role: .vector),
    TensorRequirement(name: "curvature.remainder", shape: [1], role: .vector),
  ]
}
