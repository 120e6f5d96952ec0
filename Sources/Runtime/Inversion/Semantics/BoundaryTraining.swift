import Quant
import Runtime

/// Learns the semantic boundary of an attribute from codes and their scores (Shen et al., CVPR 2020; Zhu et al., ECCV 2020,
/// sec. 4.4).
package struct BoundaryTraining: Sendable {
  package struct Options: Sendable {
    package var samples = ConfidentSamples.Options()
    package var machine = LinearSVM.Options()
    /// The layers that are learned from, and that the boundary moves; all where nil.
    package var layers: [Int]?
    /// Whether each layer gets a machine, and a normal of length 1, of its own: the form of idinvert's published boundaries.
    package var isPerLayer = false
    /// Boundaries of attributes that are to stay as they are.
    package var conditions: [SemanticBoundary] = []

    package init() {}
  }

  /// Codes [N, L·D].
  package let codes: FloatMatrix
  package let shape: CodeShape
  private let kernels: Kernels

  /// - Throws: `.badShape` if the codes are not of this shape.
  package init(codes: FloatMatrix, shape: CodeShape, kernels: Kernels) throws(InversionError) {
    guard codes.columnCount == shape.count else {
      throw .badShape(
        what: "codes", expected: "[N, \(shape.layerCount), \(shape.dimension)]",
        found: [codes.rowCount, codes.columnCount])
    }
    self.codes = codes
    self.shape = shape
    self.kernels = kernels
  }

  /// - Parameters:
  ///   - scores: [N], larger for more of the attribute.
  ///   - shouldStop: asked now and then; the best so far is returned.
  /// - Throws: `.badShape`, `.badSamples`, `.badOption`, `.badLayers`, `.badBoundary`.
  package func train(
    _ name: String, scores: [Float], options: Options, shouldStop: () -> Bool = { false }
  ) throws(InversionError) -> TrainedBoundary {
    guard scores.count == codes.rowCount else {
      throw .badShape(what: "scores", expected: "[\(codes.rowCount)], one for each code", found: [scores.count])
    }
    let layers = try shape.checked(options.layers ?? Array(0..<shape.layerCount), of: "layers")
    let chosen = try ConfidentSamples(scores: scores, options: options.samples)
    var normal = [Float](repeating: 0, count: shape.count)
    var bias = 0.0
    var machines: [LinearSVM] = []
    for group in options.isPerLayer ? layers.map({ [$0] }) : [layers] {
      let samples = SampleRows(codes, runs: runs(of: group), kernels: kernels)
      let machine = try LinearSVM(
        samples, rows: chosen.training.rows, labels: chosen.training.labels, options: options.machine,
        shouldStop: shouldStop)
      let norm = machine.norm
      guard norm > 0 else {
        throw .badSamples(what: "codes", expected: "codes that tell high scores from low ones", found: "equal ones")
      }
      for layer in group {
        for index in shape.entries(of: layer) { normal[index] = Float(Double(machine.weights[index]) / norm) }
      }
      bias += machine.bias / norm
      machines.append(machine)
    }
    if !options.conditions.isEmpty {
      let direction = try SemanticBoundary(
        name: name, values: normal, shape: [1, shape.layerCount, shape.dimension], layers: layers, of: shape)
      normal = try direction.projected(off: options.conditions).normal
      bias = centeredBias(normal, chosen.training)
    }
    return try evaluated(
      TrainedBoundary(
        name: name, shape: shape, layers: layers, isPerLayer: options.isPerLayer,
        conditions: options.conditions.map(\.name), normal: normal, bias: bias, machines: machines),
      chosen, scores)
  }

  /// Neighboring layers as one run of columns.
  private func runs(of layers: [Int]) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    for layer in layers {
      let entries = shape.entries(of: layer)
      if let last = runs.last, last.upperBound == entries.lowerBound {
        runs[runs.count - 1] = last.lowerBound..<entries.upperBound
      } else {
        runs.append(entries)
      }
    }
    return runs
  }

  /// The bias that puts the two sides' means at the same distance.
  private func centeredBias(_ normal: [Float], _ part: ConfidentSamples.Part) -> Double {
    let products = SampleRows(codes, kernels: kernels).dots(part.rows, normal)
    var (high, low) = (0.0, 0.0)
    for (product, label) in zip(products, part.labels) {
      if label > 0 { high += Double(product) } else { low += Double(product) }
    }
    return -(high + low) / Double(part.rows.count)
  }

  /// Fills in how well the boundary tells the samples apart.
  private func evaluated(
    _ boundary: TrainedBoundary, _ chosen: ConfidentSamples, _ scores: [Float]
  ) throws(InversionError) -> TrainedBoundary {
    var boundary = boundary
    let products = SampleRows(codes, kernels: kernels).dots(Array(0..<codes.rowCount), boundary.normal)
    let distances = products.map { Double($0) + boundary.bias }
    if let bad = distances.firstIndex(where: { !$0.isFinite }) {
      throw .badSamples(what: "code \(bad)", expected: "finite numbers", found: "values that are not, or too large")
    }
    func accuracy(_ part: ConfidentSamples.Part) -> TrainedBoundary.Accuracy {
      let right = zip(part.rows, part.labels).count(where: { (distances[$0] > 0) == ($1 > 0) })
      return TrainedBoundary.Accuracy(right: right, count: part.rows.count)
    }
    boundary.training = accuracy(chosen.training)
    boundary.validation = accuracy(chosen.validation)
    boundary.remaining = accuracy(chosen.remaining)
    boundary.threshold = chosen.threshold
    let count = Double(distances.count)
    let mean = distances.reduce(0, +) / count
    let variance = distances.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    let scoreMean = scores.reduce(0) { $0 + Double($1) } / count
    var (covariance, scoreVariance) = (0.0, 0.0)
    for (distance, score) in zip(distances, scores) {
      covariance += (distance - mean) * (Double(score) - scoreMean) / count
      scoreVariance += (Double(score) - scoreMean) * (Double(score) - scoreMean) / count
    }
    boundary.distanceMean = mean
    boundary.distanceDeviation = variance.squareRoot()
    boundary.correlation = variance > 0 && scoreVariance > 0 ? covariance / (variance * scoreVariance).squareRoot() : 0
    boundary.sampleCount = distances.count
    return boundary
  }
}

/// A boundary, and how well it tells the samples apart.
///
/// Signed distance of a code: n·z + b; positive where the attribute is there, so that x = G(z + α·n) has more of it for α > 0.
package struct TrainedBoundary: Sendable {
  package struct Accuracy: Sendable, Equatable {
    package var right: Int
    package var count: Int
    /// Nil where there is nothing to be right about.
    package var share: Double? { count > 0 ? Double(right) / Double(count) : nil }
  }

  package var name: String
  package var shape: CodeShape
  package var layers: [Int]
  package var isPerLayer: Bool
  /// Names of the boundaries whose part was taken out.
  package var conditions: [String]
  /// n [L·D]: of length 1 as a whole, or in each of its layers.
  package var normal: [Float]
  /// b.
  package var bias: Double
  /// One, or one per layer.
  package var machines: [LinearSVM]

  package var training = Accuracy(right: 0, count: 0)
  package var validation = Accuracy(right: 0, count: 0)
  package var remaining = Accuracy(right: 0, count: 0)
  /// The score that the remaining samples were told apart by.
  package var threshold = 0.0
  package var sampleCount = 0
  /// Of the signed distances of all samples: what α is to be compared with.
  package var distanceMean = 0.0
  package var distanceDeviation = 0.0
  /// Pearson's, between signed distance and score, over all samples.
  package var correlation = 0.0
}
