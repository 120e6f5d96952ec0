/// Whether moving codes along a boundary changes the attribute that it is named after, and nothing else.
///
/// Each code is moved towards the other side of its attribute's threshold, in steps, until the attribute network sees the
/// attribute cross it: the edit has succeeded. Changes are those that the network sees at that step, or at the last one,
/// in standard deviations of the attributes over the original images.
package struct EditEvaluation: Sendable, Codable {
  package struct Boundary: Sendable, Codable {
    package var name: String
    package var count: Int
    /// Share of the images that flip at some step.
    package var flipped_share: Double
    /// Mean number of steps to the flip, of those that flip.
    package var mean_steps: Double?
    /// Mean absolute change of the named attribute, in deviations.
    package var named_change: Double
    /// Mean absolute change of the other attributes, in deviations.
    package var others_change: Double
    /// Signed distance of one step: x = G(z + α·n) with α a multiple of this.
    package var step_alpha: Double
  }
  package var boundaries: [Boundary]
  /// Fréchet distance of the edited images to the originals in pooled features of the judge: do they still look like
  /// images of the domain?
  package var frechet_distance: Double?

  /// Steps of a sweep, and how far each moves the signed distance, in its deviations over the in-domain codes.
  package static let stepCount = 8
  package static let stepSize = 0.75

  package var flippedShare: Double { mean(\.flipped_share) }
  package var namedChange: Double { mean(\.named_change) }
  package var othersChange: Double { mean(\.others_change) }

  private func mean(_ value: (Boundary) -> Double) -> Double {
    boundaries.isEmpty ? .nan : boundaries.reduce(0) { $0 + value($1) } / Double(boundaries.count)
  }
}

extension Evaluator {
  /// α of one step along each boundary.
  ///
  /// - Parameter codes: whose spread is the measure; the same for all methods that are compared.
  package static func editSteps(_ boundaries: [AttributeBoundary], codes: [[Float]]) -> [Double] {
    boundaries.map { boundary in
      let spread = standardDeviation(codes.map { boundary.position(of: $0) })
      // α moves the position by α·‖n‖².
      let length = boundary.boundary.length
      return EditEvaluation.stepSize * (spread > 0 ? spread : 1) / (length * length)
    }
  }

  /// - Parameters:
  ///   - codes: of the first images, in order.
  ///   - stepAlphas: by `editSteps`.
  package func edits(
    _ codes: [EvaluatedCode], boundaries: [AttributeBoundary], stepAlphas: [Double], scale: AttributeScale
  ) throws -> EditEvaluation {
    let names = try attributeNames()
    var pooled: [Float] = []
    let results = try zip(boundaries, stepAlphas).map { boundary, alpha in
      var (flips, steps, named, others) = (0, 0, 0.0, 0.0)
      for code in codes {
        let outcome = try sweep(code.code, boundary, alpha: alpha, scale: scale)
        if let step = outcome.step {
          flips += 1
          steps += step
        }
        named += outcome.named
        others += outcome.others
        pooled += outcome.pooled
      }
      let count = Double(codes.count)
      return EditEvaluation.Boundary(
        name: names[boundary.attribute], count: codes.count, flipped_share: Double(flips) / count,
        mean_steps: flips > 0 ? Double(steps) / Double(flips) : nil, named_change: named / count,
        others_change: others / count, step_alpha: alpha)
    }
    return EditEvaluation(boundaries: results, frechet_distance: try frechetDistance(pooled, count: codes.count))
  }

  private struct Sweep {
    /// The first step at which the attribute has crossed its threshold, from 1.
    var step: Int?
    var named: Double
    var others: Double
    var pooled: [Float]
  }

  private func sweep(
    _ code: [Float], _ boundary: AttributeBoundary, alpha: Double, scale: AttributeScale
  ) throws -> Sweep {
    let attribute = boundary.attribute
    let threshold = scale.thresholds[attribute]
    let manipulation = Manipulation([(boundary.boundary, 1)])
    // At 0 the code itself; the direction follows from what is seen there.
    let start = try appraise(codes: [code])[0]
    let isAbove = Double(start.attributes[attribute]) > threshold
    let distances = (1...EditEvaluation.stepCount).map { Double($0) * (isAbove ? -alpha : alpha) }
    let moved = manipulation(code, distances: distances)
    let edited = try appraise(codes: distances.indices.map { Array(moved[$0 * code.count..<($0 + 1) * code.count]) })
    let flip = edited.firstIndex { (Double($0.attributes[attribute]) > threshold) != isAbove }
    let shown = edited[flip ?? edited.count - 1]
    let changes = shown.attributes.indices.map {
      abs(Double(shown.attributes[$0]) - Double(start.attributes[$0])) / scale.deviations[$0]
    }
    let others = changes.indices.filter { $0 != attribute }.map { changes[$0] }
    return Sweep(
      step: flip.map { $0 + 1 }, named: changes[attribute],
      others: others.isEmpty ? 0 : others.reduce(0, +) / Double(others.count), pooled: shown.pooled)
  }
}
