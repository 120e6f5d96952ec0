/// Whether codes tell what is to be seen in their images (Zhu et al., ECCV 2020, sec. 4.1): precision and recall of an
/// attribute, where the score is the signed distance of the inverted code to the attribute's boundary and the label is what
/// the attribute network reads off the original image.
package struct SemanticAnalysis: Sendable, Codable {
  package struct Attribute: Sendable, Codable {
    package var name: String
    /// The label is "above this", in the attribute's own units.
    package var threshold: Double
    package var positives: Int
    package var count: Int
    /// nil where all images are on one side.
    package var curve: PrecisionRecall?
    package var average_precision: Double?
    /// Pearson's correlation of the signed distance with the attribute's value.
    package var correlation: Double?
  }
  package var attributes: [Attribute]

  package var meanAveragePrecision: Double? {
    let values = attributes.compactMap(\.average_precision)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}

/// A boundary, and the attribute that it is named after.
package struct AttributeBoundary: Sendable {
  package let boundary: SemanticBoundary
  /// Its place among the attribute network's outputs.
  package let attribute: Int

  package init(_ boundary: SemanticBoundary, attribute: Int) {
    self.boundary = boundary
    self.attribute = attribute
  }

  /// n·z: the signed distance of a code, up to a constant and the boundary's length.
  package func position(of code: [Float]) -> Double {
    precondition(code.count == boundary.normal.count)
    var sum = 0.0
    for index in code.indices { sum += Double(code[index]) * Double(boundary.normal[index]) }
    return sum
  }
}

/// What the attribute network reads off a set of images: the units of an evaluation.
package struct AttributeScale: Sendable {
  /// Middle between the 5 % and the 95 % quantile, [A]: between the two heaps of a yes-or-no attribute, whatever their
  /// sizes, and in the middle of a continuous one.
  package let thresholds: [Double]
  /// [A]; 1 where all values are alike.
  package let deviations: [Double]

  /// - Parameter rows: values of each image, [A].
  package init(_ rows: [[Float]]) {
    precondition(!rows.isEmpty)
    var (thresholds, deviations): ([Double], [Double]) = ([], [])
    for attribute in rows[0].indices {
      let values = rows.map { Double($0[attribute]) }.sorted()
      func quantile(_ share: Double) -> Double {
        let place = share * Double(values.count - 1)
        let lower = Int(place)
        return values[lower] + (values[min(lower + 1, values.count - 1)] - values[lower]) * (place - Double(lower))
      }
      thresholds.append((quantile(0.05) + quantile(0.95)) / 2)
      let deviation = standardDeviation(values)
      deviations.append(deviation > 0 ? deviation : 1)
    }
    self.thresholds = thresholds
    self.deviations = deviations
  }
}

func standardDeviation(_ values: [Double]) -> Double {
  let mean = values.reduce(0, +) / Double(max(values.count, 1))
  let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  return (squares / Double(max(values.count, 1))).squareRoot()
}

/// R²: 1 − Σ(wanted − found)² / Σ(wanted − mean)²; nil where nothing varies.
func determination(of wanted: [Double], by found: [Double]) -> Double? {
  precondition(wanted.count == found.count)
  let mean = wanted.reduce(0, +) / Double(max(wanted.count, 1))
  let spread = wanted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  let error = zip(wanted, found).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  return spread > 0 ? 1 - error / spread : nil
}

/// Pearson's correlation; nil where one of both does not vary.
func correlation(_ x: [Double], _ y: [Double]) -> Double? {
  precondition(x.count == y.count)
  let (meanX, meanY) = (x.reduce(0, +) / Double(max(x.count, 1)), y.reduce(0, +) / Double(max(y.count, 1)))
  var (xx, yy, xy) = (0.0, 0.0, 0.0)
  for (a, b) in zip(x, y) {
    xx += (a - meanX) * (a - meanX)
    yy += (b - meanY) * (b - meanY)
    xy += (a - meanX) * (b - meanY)
  }
  return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : nil
}

extension Evaluator {
  /// The units of the first `count` originals.
  package func attributeScale(_ count: Int) throws -> AttributeScale {
    AttributeScale(try originals(count).map(\.attributes))
  }

  /// - Parameters:
  ///   - codes: of the first images, in order.
  ///   - scale: of those images.
  package func semanticAnalysis(
    _ codes: [EvaluatedCode], boundaries: [AttributeBoundary], scale: AttributeScale
  ) throws -> SemanticAnalysis {
    let names = try attributeNames()
    let originals = try originals(codes.count)
    return SemanticAnalysis(
      attributes: boundaries.map { boundary in
        let values = originals.map { Double($0.attributes[boundary.attribute]) }
        let threshold = scale.thresholds[boundary.attribute]
        let labels = values.map { $0 > threshold }
        let positions = codes.map { boundary.position(of: $0.code) }
        let curve = PrecisionRecall(scores: positions, labels: labels)
        return SemanticAnalysis.Attribute(
          name: names[boundary.attribute], threshold: threshold, positives: labels.count { $0 }, count: labels.count,
          curve: curve, average_precision: curve?.averagePrecision, correlation: correlation(positions, values))
      })
  }
}
