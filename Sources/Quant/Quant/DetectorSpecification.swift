/// MTCNN (Zhang et al., IEEE Signal Processing Letters 2016): three small networks that find faces, each stricter than the one
/// before. They read RGB as (x − 127.5) / 128.
///
/// Stage by stage, with φ the parametric ReLU, `conv` without padding, and poolings of stride 2 whose last window is clipped:
///
/// | stage | reads | layers |
/// |---|---|---|
/// | `proposal` (P-Net) | any size | φ(conv 3×3), max 2×2, φ(conv 3×3), φ(conv 3×3), head |
/// | `refinement` (R-Net) | 24×24 | φ(conv 3×3), max 3×3, φ(conv 3×3), max 3×3, φ(conv 2×2), φ(dense), head |
/// | `output` (O-Net) | 48×48 | φ(conv 3×3), max 3×3, φ(conv 3×3), max 3×3, φ(conv 3×3), max 2×2, φ(conv 2×2), φ(dense), head |
///
/// Tensors of each stage, for layer `i`: `detector.{stage}.{i}.weight` [Cout, Cin, 3, 3], `.bias` and `.slopes` [Cout]. A 2×2
/// kernel is stored as a 3×3 one whose first row and column are zero, which reads the same pixels; a dense layer on a 3×3 map as
/// the 3×3 convolution that it is. The head is 1×1: `detector.{stage}.head.weight` [2 + 4 (+ 10), C, 1, 1], `.bias`: two logits
/// (no face, face), four corrections of the box, and in the last stage five landmarks, x before y.
package struct DetectorSpecification: Codable, Equatable, Sendable {
  /// Output channels of the layers.
  package var proposal: [Int]
  package var refinement: [Int]
  package var output: [Int]

  package init(proposal: [Int], refinement: [Int], output: [Int]) {
    self.proposal = proposal
    self.refinement = refinement
    self.output = output
  }

  package struct Stage: Sendable {
    package var name: String
    package var layers: [(inputs: Int, outputs: Int)]
    /// Outputs of the head.
    package var headCount: Int
  }

  package var stages: [Stage] {
    [("proposal", proposal, 6), ("refinement", refinement, 6), ("output", output, 16)].map { name, channels, count in
      Stage(name: name, layers: Array(zip([3] + channels, channels)), headCount: count)
    }
  }
}

extension DetectorSpecification: NetworkSpecification {
  package static var part: NetworkPart { .detector }
  package static var place: WritableKeyPath<ModelSpecification, Self?> { \.detector }

  package func validate(in model: ModelSpecification) throws(ModelFileError) {
    for (field, channels, count) in [
      ("proposal", proposal, 3), ("refinement", refinement, 4), ("output", output, 5),
    ] {
      try check("detector.\(field).count", channels.count, count...count)
      for value in channels { try check("detector.\(field)", value, 1...ModelSpecification.extentLimit) }
    }
  }

  package func tensors(in model: ModelSpecification) -> [TensorRequirement] {
    stages.flatMap { stage in
      var list: [TensorRequirement] = []
      func add(_ name: String, _ shape: [Int], _ role: TensorRequirement.Role) {
        list.append(TensorRequirement(name: "detector.\(stage.name).\(name)", shape: shape, role: role))
      }
      for (index, layer) in stage.layers.enumerated() {
        add("\(index).weight", [layer.outputs, layer.inputs, 3, 3], .weight)
        add("\(index).bias", [layer.outputs], .vector)
        add("\(index).slopes", [layer.outputs], .vector)
      }
      add("head.weight", [stage.headCount, stage.layers.last?.outputs ?? 0, 1, 1], .outputWeight)
      add("head.bias", [stage.headCount], .vector)
      return list
    }
  }
}
