/// Limited-memory BFGS (Liu and Nocedal, Mathematical Programming 45, 1989; Nocedal and Wright, algorithms 7.4 and 7.5).
///
/// The line search takes the full quasi-Newton step first and goes back by quadratic interpolation until the loss falls
/// enough (Armijo): one evaluation per iteration as a rule, and no accepted loss is higher than the one before.
/// Generators are piecewise smooth, and a stricter search (Wolfe) spends evaluations on curvature that the next kink
/// changes.
///
/// What the pairs do not tell is taken from a model's mean curvature, scaled to the last pair (s, y): by the geometric mean
/// of sᵀy / yᵀH̄⁻¹y and sᵀH̄s / sᵀy (Barzilai and Borwein's two lengths, IMA J. Numer. Anal. 8, 1988), since the first alone
/// is too short after a kink. Without a curvature it is taken from the identity, which is slow: the curvatures of an
/// objective differ by factors of thousands.
struct LBFGS: Optimizer {
  /// Pairs of steps and gradient differences that are kept.
  static let historyLimit = 20
  /// Length of the first step where no curvature is known.
  static let firstStepLength = 0.3
  /// Share of the first step that the mean curvature suggests. Half of all objectives are stiffer than the mean: the whole
  /// step would rise for them, and with half of it the worst tenth hardly comes down.
  static let firstShare = 0.3
  /// Share of the decrease that the gradient promises (Armijo's constant).
  static let sufficientDecrease = 1e-4
  /// Shorter steps in one search than this many are given up.
  static let searchLimit = 8

  /// The last accepted code, with its loss and gradient; the loss is infinite before the first observation.
  private(set) var code: [Float]
  private(set) var loss = Double.infinity
  private var gradient: [Float]
  private var direction: [Float]
  /// gradient · direction.
  private var slope = 0.0
  private var stepLength = 1.0
  private var searchCount = 0
  private let curvature: Curvature?
  /// H̄⁻¹·gradient.
  private var solved: [Float]
  private var steps: [[Float]] = []
  private var differences: [[Float]] = []
  /// H̄⁻¹·difference, each.
  private var solvedDifferences: [[Float]] = []
  private(set) var isConverged = false

  /// - Parameter curvature: of codes like `start`.
  init(start: [Float], curvature: Curvature? = nil) {
    code = start
    gradient = [Float](repeating: 0, count: start.count)
    direction = gradient
    solved = gradient
    self.curvature = curvature
  }

  var proposal: [Float] { loss == .infinity ? code : adding(code, stepLength, direction) }

  mutating func observe(loss newLoss: Float, gradient newGradient: [Float]) {
    let newLoss = Double(newLoss)
    guard loss < .infinity else {
      // The start; where it has no value, there is nothing to go down from.
      isConverged = !newLoss.isFinite
      loss = newLoss
      gradient = newGradient
      solved = solve(newGradient)
      chooseDirection()
      return
    }
    let expected = loss + Self.sufficientDecrease * stepLength * slope
    guard newLoss.isFinite, newLoss <= expected, newGradient.allSatisfy(\.isFinite) else {
      shorten(after: newLoss)
      return
    }
    let newCode = proposal
    let step = adding(newCode, -1, code)
    let difference = adding(newGradient, -1, gradient)
    let newSolved = solve(newGradient)
    // Where the curvature along the step is not positive, the pair would spoil the approximation.
    if dot(step, difference) > 1e-10 * (dot(step, step) * dot(difference, difference)).squareRoot() {
      steps.append(step)
      differences.append(difference)
      solvedDifferences.append(adding(newSolved, -1, solved))
      if steps.count > Self.historyLimit {
        steps.removeFirst()
        differences.removeFirst()
        solvedDifferences.removeFirst()
      }
    }
    code = newCode
    loss = newLoss
    gradient = newGradient
    solved = newSolved
    chooseDirection()
  }

  private func solve(_ vector: [Float]) -> [Float] { curvature?.solve(vector) ?? vector }

  private mutating func forget() {
    steps = []
    differences = []
    solvedDifferences = []
  }

  /// Goes back along the direction to the minimum of the parabola through what is known of it.
  private mutating func shorten(after newLoss: Double) {
    searchCount += 1
    guard searchCount < Self.searchLimit else {
      // The approximation has led astray: forget it. Without one, the gradient itself does not lead down.
      if steps.isEmpty { isConverged = true }
      forget()
      chooseDirection()
      return
    }
    let excess = newLoss - loss - slope * stepLength
    let minimum = newLoss.isFinite && excess > 0 ? -slope * stepLength * stepLength / (2 * excess) : 0
    stepLength = min(max(minimum, 0.1 * stepLength), 0.6 * stepLength)
  }

  private mutating func chooseDirection() {
    searchCount = 0
    stepLength = 1
    direction = quasiNewtonDirection()
    slope = dot(gradient, direction)
    if slope >= 0, !steps.isEmpty {
      forget()
      direction = quasiNewtonDirection()
      slope = dot(gradient, direction)
    }
    if !(slope < 0) { isConverged = true }
  }

  /// −H·gradient by the two-loop recursion. H̄⁻¹ is applied once per accepted code: it is linear, and the recursion's q is
  /// the gradient less a sum of differences.
  private func quasiNewtonDirection() -> [Float] {
    var q = gradient
    var result = solved
    var weights = [Double](repeating: 0, count: steps.count)
    for index in steps.indices.reversed() {
      weights[index] = dot(steps[index], q) / dot(steps[index], differences[index])
      q = adding(q, -weights[index], differences[index])
      result = adding(result, -weights[index], solvedDifferences[index])
    }
    var scale = 0.0
    if let step = steps.last, let difference = differences.last, let solved = solvedDifferences.last {
      let product = dot(step, difference)
      scale = product / dot(difference, solved)
      if let form = curvature?.quadraticForm(step), form > 0 { scale = (scale * form / product).squareRoot() }
    } else if curvature != nil {
      scale = Self.firstShare
    } else {
      let length = dot(gradient, gradient).squareRoot()
      scale = length > 0 ? Self.firstStepLength / length : 0
    }
    result = result.map { $0 * Float(scale) }
    for index in steps.indices {
      let weight = dot(differences[index], result) / dot(steps[index], differences[index])
      result = adding(result, weights[index] - weight, steps[index])
    }
    return result.map { -$0 }
  }
}

extension LBFGS {
  /// - Parameter curvature: the same as before.
  init?(_ memory: OptimizerMemory, curvature: Curvature? = nil) {
    guard memory.integers.count == 3, memory.numbers.count == 3, (0...Self.historyLimit).contains(memory.integers[2]),
      memory.vectors.count == 4 + 3 * memory.integers[2],
      curvature.map({ $0.codeCount == memory.vectors[0].count }) ?? true
    else { return nil }
    self.init(start: memory.vectors[0], curvature: curvature)
    (isConverged, searchCount) = (memory.integers[0] != 0, memory.integers[1])
    (loss, slope, stepLength) = (memory.numbers[0], memory.numbers[1], memory.numbers[2])
    gradient = memory.vectors[1]
    direction = memory.vectors[2]
    solved = memory.vectors[3]
    let pairs = memory.integers[2]
    steps = Array(memory.vectors[4..<4 + pairs])
    differences = Array(memory.vectors[(4 + pairs)..<(4 + 2 * pairs)])
    solvedDifferences = Array(memory.vectors[(4 + 2 * pairs)...])
  }

  var memory: OptimizerMemory {
    var vectors = [code, gradient, direction, solved]
    vectors += steps
    vectors += differences
    vectors += solvedDifferences
    return OptimizerMemory(
      integers: [isConverged ? 1 : 0, searchCount, steps.count], numbers: [loss, slope, stepLength], vectors: vectors)
  }
}
