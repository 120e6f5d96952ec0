import Runtime

/// How far a code lies outside of the generator's semantic domain: ‖z − E(G(z))‖ (Zhu et al., ECCV 2020, eq. 4).
package struct InDomainScore: Sendable, Codable, Equatable {
  /// mean((z − E(G(z)))²), as in the objective.
  package var meanSquare: Float
  /// ‖z − E(G(z))‖₂ over all L·D entries.
  package var distance: Float

  /// - Parameters:
  ///   - code: z, [L, D].
  ///   - reencoded: E(G(z)), [L, D].
  package init(code: [Float], reencoded: [Float]) {
    precondition(code.count == reencoded.count && !code.isEmpty)
    var sum = 0.0
    for (a, b) in zip(code, reencoded) { sum += Double(a - b) * Double(a - b) }
    meanSquare = Float(sum / Double(code.count))
    distance = Float(sum.squareRoot())
  }
}
