import Runtime

/// Solves a `LinearSVM` by dual coordinate descent with shrinking (Hsieh et al., ICML 2008, algorithm 3), on rows that stay
/// where they are.
///
/// The dual: min over 0 ≤ αᵢ ≤ U of ½‖Σ αᵢyᵢxᵢ‖² + ½D·Σαᵢ² − Σαᵢ with Σ αᵢyᵢ = 0; U = C and D = 0 for the hinge, U = ∞
/// and D = 1/(2C) for the squared one. The equation, which the free bias brings, is met by the method of multipliers: the
/// multiplier is the bias b, and the penalty ½s²(Σ αᵢyᵢ)² what a column of the constant s would add (Hestenes, JOTA 1969).
///
/// With that equation, the samples' mean μ changes nothing but the bias. It is taken off all the same, as w·μ and b would chase
/// each other: v = Σ αᵢyᵢxᵢ is kept, the normal is w = v − (Σ αᵢyᵢ)·μ, and w·(xᵢ − μ) costs no more than v·xᵢ.
struct DualCoordinateDescent {
  private let samples: SampleRows
  private let rows: [Int]
  private let labels: [Double]
  private let options: LinearSVM.Options
  private let upper: Double
  private let diagonal: Double
  /// s².
  private let penalty: Double
  /// μ, μ·xᵢ, ‖μ‖² and ‖xᵢ − μ‖².
  private let mean: [Float]
  private let meanProducts: [Double]
  private let meanSquare: Double
  private let squaredNorms: [Double]

  private var alpha: [Double]
  /// v = Σ αᵢyᵢxᵢ, v·μ and Σ αᵢyᵢ.
  private var combined: [Float]
  private var combinedMean = 0.0
  private var balance = 0.0
  private var multiplier = 0.0
  private var random: SplitMix

  /// - Parameters:
  ///   - rows: the samples to learn from.
  ///   - labels: −1 or 1 for each of them.
  /// - Throws: `.badSamples` where a sample is not finite, or there is only one class.
  init(
    _ samples: SampleRows, rows: [Int], labels: [Double], options: LinearSVM.Options
  ) throws(InversionError) {
    guard labels.contains(1), labels.contains(-1) else {
      throw .badSamples(what: "labels", expected: "samples of both classes", found: "of one only")
    }
    self.samples = samples
    self.rows = rows
    self.labels = labels
    self.options = options
    upper = options.loss == .hinge ? options.cost : .infinity
    diagonal = options.loss == .hinge ? 0 : 1 / (2 * options.cost)
    let norms = rows.map { Double(samples.squaredNorm($0)) }
    if let bad = norms.firstIndex(where: { !$0.isFinite }) {
      throw .badSamples(
        what: "sample \(rows[bad])", expected: "finite numbers", found: "values that are not, or too large")
    }
    guard norms.contains(where: { $0 > 0 }) else {
      throw .badSamples(what: "samples", expected: "numbers", found: "nothing but zeros")
    }
    var mean = [Float](repeating: 0, count: samples.dimension)
    for row in rows { samples.add(row, times: 1 / Float(rows.count), to: &mean) }
    let meanSquare = Self.dot(mean, mean)
    let meanProducts = samples.dots(rows, mean).map { Double($0) }
    let squaredNorms = norms.indices.map { max(0, norms[$0] - 2 * meanProducts[$0] + meanSquare) }
    (self.mean, self.meanSquare, self.meanProducts, self.squaredNorms) = (mean, meanSquare, meanProducts, squaredNorms)
    // Where all samples are equal, any penalty will do.
    let spread = squaredNorms.reduce(0, +) / Double(rows.count)
    penalty = spread > 0 ? spread : 1
    alpha = [Double](repeating: 0, count: rows.count)
    combined = [Float](repeating: 0, count: samples.dimension)
    random = SplitMix(seed: options.seed)
  }

  /// - Parameter shouldStop: asked now and then; the best so far is returned.
  mutating func solve(shouldStop: () -> Bool = { false }) -> LinearSVM {
    var active = Array(rows.indices)
    var bounds = (low: -Double.infinity, high: Double.infinity)
    var nextCheck = 8
    var epoch = 0
    while true {
      epoch += 1
      let range = pass(&active, bounds)
      bounds = (
        low: range.low < 0 ? range.low : -.infinity, high: range.high > 0 ? range.high : .infinity
      )
      let isLast = epoch >= options.maximumEpochs
      guard epoch >= nextCheck || isLast || active.isEmpty || range.high - range.low < 1e-9 else { continue }
      multiplier += penalty * balance
      let state = certified(epochs: epoch)
      if state.cosineBound >= options.cosine || isLast || shouldStop() { return state }
      // A wrong guess of what stays at its bound is undone here.
      active = Array(rows.indices)
      bounds = (-.infinity, .infinity)
      nextCheck = epoch + max(8, epoch / 16)
    }
  }

  /// One pass over the active samples in random order.
  ///
  /// - Returns: the smallest and the largest projected gradient.
  private mutating func pass(
    _ active: inout [Int], _ bounds: (low: Double, high: Double)
  ) -> (low: Double, high: Double) {
    var (low, high) = (Double.infinity, -Double.infinity)
    active.shuffle(using: &random)
    var kept = 0
    for index in active.indices {
      let sample = active[index]
      let (label, old) = (labels[sample], alpha[sample])
      var product = Double(samples.dot(rows[sample], combined)) - combinedMean
      product += balance * (meanSquare - meanProducts[sample] + penalty) + multiplier
      let gradient = label * product - 1 + diagonal * old
      var projected = gradient
      if old == 0 {
        if gradient > bounds.high { continue }
        projected = min(gradient, 0)
      } else if old == upper {
        if gradient < bounds.low { continue }
        projected = max(gradient, 0)
      }
      active[kept] = sample
      kept += 1
      (low, high) = (min(low, projected), max(high, projected))
      guard abs(projected) > 1e-12 else { continue }
      let new = min(max(old - gradient / (squaredNorms[sample] + penalty + diagonal), 0), upper)
      alpha[sample] = new
      let step = Float((new - old) * label)
      balance += Double(step)
      combinedMean += Double(step) * meanProducts[sample]
      samples.add(rows[sample], times: step, to: &combined)
    }
    active.removeLast(active.count - kept)
    return (low, high)
  }

  /// The current w, put together anew from α, with its best bias and a proof of how far off it can be.
  private mutating func certified(epochs: Int) -> LinearSVM {
    var parts = [combined.map { _ in Float(0) }, combined.map { _ in Float(0) }]
    var sums = [0.0, 0.0]
    var squares = [0.0, 0.0]
    for (sample, value) in alpha.enumerated() where value > 0 {
      let side = labels[sample] > 0 ? 0 : 1
      samples.add(rows[sample], times: Float(value), to: &parts[side])
      sums[side] += value
      squares[side] += value * value
    }
    balance = sums[0] - sums[1]
    var weights = combined
    for index in combined.indices {
      combined[index] = parts[0][index] - parts[1][index]
      weights[index] = Float(Double(combined[index]) - balance * Double(mean[index]))
    }
    combinedMean = Self.dot(combined, mean)

    let products = samples.dots(rows, weights).map(Double.init)
    let bias = LinearSVM.bestBias(products, labels, options.loss)
    var primal = 0.0
    for (product, label) in zip(products, labels) { primal += options.loss.value(label * (product + bias)) }
    primal = 0.5 * Self.dot(weights, weights) + options.cost * primal

    // The larger side is scaled down until Σ αᵢyᵢ = 0; such α bound the optimum from below.
    let smaller = min(sums[0], sums[1])
    let factors = sums.map { $0 > 0 ? smaller / $0 : 0 }
    var norm = 0.0
    for index in weights.indices {
      let value = factors[0] * Double(parts[0][index]) - factors[1] * Double(parts[1][index])
      norm += value * value
    }
    let square = factors[0] * factors[0] * squares[0] + factors[1] * factors[1] * squares[1]
    let dual = 2 * smaller - 0.5 * norm - 0.5 * diagonal * square
    return LinearSVM(
      weights: weights, bias: bias, objective: primal, dualityGap: primal - dual, epochs: epochs,
      supportVectorCount: alpha.count(where: { $0 > 0 }))
  }

  private static func dot(_ a: [Float], _ b: [Float]) -> Double {
    var sum = 0.0
    for index in a.indices { sum += Double(a[index]) * Double(b[index]) }
    return sum
  }
}
