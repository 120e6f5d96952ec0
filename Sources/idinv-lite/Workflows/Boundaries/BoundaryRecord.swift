import Inversion
import Reports

/// `NAME.json` beside a boundary's `NAME.npy`: what is known about it. `manipulate` reads `attribute`,
/// `layers` and `distance_standard_deviation`.
package struct BoundaryRecord: Encodable {
  package struct Accuracy: Encodable {
    package var right: Int
    package var count: Int
    package var share: Double?

    package init(_ accuracy: TrainedBoundary.Accuracy) {
      (right, count, share) = (accuracy.right, accuracy.count, accuracy.share)
    }
  }

  package var attribute: String
  package var path: String
  package var method = "linear SVM"
  package var layers: [Int]
  package var per_layer: Bool
  package var conditions: [String]
  /// Signed distance of a code: normal · code + bias.
  package var bias: Double
  package var distance_mean: Double
  package var distance_standard_deviation: Double
  package var score_correlation: Double
  package var score_threshold: Double
  package var training_accuracy: Accuracy
  package var validation_accuracy: Accuracy
  package var remaining_accuracy: Accuracy
  package var samples: Int
  package var seed: UInt64?
  /// Who scored the samples; nil for the model itself.
  package var judge: String?
  package var ratio: Double
  package var split: Double
  package var cost: Double
  package var loss: String
  package var epochs: Int
  package var support_vectors: Int
  /// Between the machine's normal and the optimal one, at least.
  package var cosine_bound: Double
  package var model: String?
  package var model_identity: String?
  package var version = Program.version

  package init(_ boundary: TrainedBoundary, options: BoundaryTraining.Options, path: String) {
    attribute = boundary.name
    self.path = path
    layers = boundary.layers
    per_layer = boundary.isPerLayer
    conditions = boundary.conditions
    bias = boundary.bias
    distance_mean = boundary.distanceMean
    distance_standard_deviation = boundary.distanceDeviation
    score_correlation = boundary.correlation
    score_threshold = boundary.threshold
    training_accuracy = Accuracy(boundary.training)
    validation_accuracy = Accuracy(boundary.validation)
    remaining_accuracy = Accuracy(boundary.remaining)
    samples = boundary.sampleCount
    ratio = options.samples.ratio
    split = options.samples.trainingShare
    cost = options.machine.cost
    loss = options.machine.loss.rawValue
    epochs = boundary.machines.reduce(0) { $0 + $1.epochs }
    support_vectors = boundary.machines.reduce(0) { $0 + $1.supportVectorCount }
    cosine_bound = boundary.machines.map(\.cosineBound).min() ?? 0
  }

  /// For the terminal.
  package var line: String {
    func text(_ accuracy: Accuracy) -> String {
      guard let share = accuracy.share else { return "none" }
      return printed("%.1f %% of %d", 100 * share, accuracy.count)
    }
    return "\(attribute): right in training \(text(training_accuracy)), validation \(text(validation_accuracy)), "
      + "remaining \(text(remaining_accuracy)); correlation "
      + printed("%.2f; distances %.3g ± %.3g", score_correlation, distance_mean, distance_standard_deviation)
      + "; \(path)"
  }
}
