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
