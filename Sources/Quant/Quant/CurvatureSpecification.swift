/// How the objective of inversion curves on average over the generator's own images: what a quasi-Newton method starts from.
///
/// H̄ = Σₖ λₖ·uₖ·uₖᵀ + ρ·(I − Σₖ uₖ·uₖᵀ): r directions of largest curvature, and one curvature for all others.
///
/// Tensors, for r = `rank`:
///
/// | name | shape |
/// |---|---|
/// | `curvature.basis` | [r, L·D], rows uₖ of length 1, orthogonal up to their rounding |
/// | `curvature.values` | [r], λₖ, f32, finite and positive |
/// | `curvature.remainder` | [1], ρ, f32, finite and positive; without meaning where r = L·D |
package struct CurvatureSpecification: Codable, Equatable, Sendable {
  /// 1 to L·D.
  package var rank: Int

  package init(rank: Int) { self.rank = rank }

  /// Tensors that must be f32, finite and positive.
  static let positiveTensors: Set<String> = ["curvature.values", "curvature.remainder"]
}
