import Runtime

/// What a sample costs that is on the wrong side of its margin, m = y·(w·x + b).
package enum SVMLoss: String, CaseIterable, Sendable, Codable {
  /// max(0, 1 − m): the published boundaries' (scikit-learn's `SVC(kernel="linear")`).
  case hinge
  /// max(0, 1 − m)²: the default of scikit-learn's `LinearSVC`.
  case squaredHinge = "squared-hinge"

  func value(_ margin: Double) -> Double {
    let short = max(0, 1 - margin)
    return self == .hinge ? short : short * short
  }

  /// −∂loss/∂m.
  func slope(_ margin: Double) -> Double {
    guard margin < 1 else { return 0 }
    return self == .hinge ? 1 : 2 * (1 - margin)
  }
}

/// A linear support vector machine with soft margin: min over w, b of ½‖w‖² + C·Σ loss(yᵢ·(w·xᵢ + b)).
///
/// The bias is free of regularization, as in LIBSVM. Source: Cortes & Vapnik, Machine Learning 20 (1995).
package struct LinearSVM: Sendable {
  package struct Options: Sendable {
    /// C.
    package var cost: Double = 1
    package var loss = SVMLoss.hinge
    /// How near, as a cosine, the normal has to be to the optimal one. The duality gap proves it.
    package var cosine = 0.999
    package var maximumEpochs = 4000
    /// Of the order in which samples are visited.
    package var seed: UInt64 = 0

    package init() {}
  }

  /// w, zero in the columns that do not count.
  package var weights: [Float]
  package var bias: Double
  /// ½‖w‖² + C·Σ loss.
  package var objective: Double
  /// Objective less a lower bound of the optimum.
  package var dualityGap: Double
  /// Passes over the samples.
  package var epochs: Int
  package var supportVectorCount: Int

  init(
    weights: [Float], bias: Double, objective: Double, dualityGap: Double, epochs: Int, supportVectorCount: Int
  ) {
    self.weights = weights
    self.bias = bias
    self.objective = objective
    self.dualityGap = dualityGap
    self.epochs = epochs
    self.supportVectorCount = supportVectorCount
  }

  /// Learns from some of the samples.
  ///
  /// - Parameters:
  ///   - rows: which.
  ///   - labels: −1 or 1 for each of them.
  ///   - shouldStop: asked now and then; the best so far counts then.
  /// - Throws: `.badSamples` where a sample is not finite, or there is only one class.
  package init(
    _ samples: SampleRows, rows: [Int], labels: [Double], options: Options = Options(),
    shouldStop: () -> Bool = { false }
  ) throws(InversionError) {
    precondition(rows.count == labels.count)
    var solver = try DualCoordinateDescent(samples, rows: rows, labels: labels, options: options)
    self = solver.solve(shouldStop: shouldStop)
  }

  /// A lower bound of the cosine between w and the optimal one: ½‖w − w*‖² ≤ gap, as the objective is strongly convex.
  package var cosineBound: Double { Self.cosineBound(gap: dualityGap, norm: norm) }

  package var norm: Double { weights.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }

  static func cosineBound(gap: Double, norm: Double) -> Double {
    guard norm > 0 else { return 0 }
    // The sine of the largest angle at which a vector within √(2·gap) of w can be.
    let sine = (2 * max(0, gap)).squareRoot() / norm
    return sine < 1 ? (1 - sine * sine).squareRoot() : 0
  }

  /// The bias that is best for given w·xᵢ: where the loss's derivative changes its sign, found by halving.
  static func bestBias(_ products: [Double], _ labels: [Double], _ loss: SVMLoss) -> Double {
    // Beyond these all samples of one class are right by a margin, and the loss only grows.
    guard var low = products.map({ -1 - $0 }).min(), var high = products.map({ 1 - $0 }).max() else { return 0 }
    for _ in 0..<80 where low < high {
      let middle = 0.5 * (low + high)
      if middle == low || middle == high { break }
      var slope = 0.0
      for (product, label) in zip(products, labels) { slope += label * loss.slope(label * (product + middle)) }
      if slope > 0 { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }
}
