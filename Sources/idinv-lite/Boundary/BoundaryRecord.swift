import Foundation
import Inversion

/// `NAME.json` beside a boundary's `NAME.npy`: what is known about it. `manipulate` reads `attribute`,
/// `layers` and `distance_standard_deviation`.
struct BoundaryRecord: Encodable {
  struct Accuracy: Encodable {
    var right: Int
    var count: Int
    var share: Double?

    init(_ accuracy: TrainedBoundary.Accuracy) {
      (right, count, share) = (accuracy.right, accuracy.count, accuracy.share)
    }
  }

  var attribute: String
  var path: String
  var method = "linear SVM"
  var layers: [Int]
  var per_layer: Bool
  var conditions: [String]
  /// Signed distance of a code: normal · code + bias.
  var bias: Double
  var distance_mean: Double
  var distance_standard_deviation: Double
  var score_correlation: Double
  var score_threshold: Double
  var training_accuracy: Accuracy
  var validation_accuracy: Accuracy
  var remaining_accuracy: Accuracy
  var samples: Int
  var seed: UInt32?
  var ratio: Double
  var split: Double
  var cost: Double
  var loss: String
  var epochs: Int
  var support_vectors: Int
  /// Between the machine's normal and the optimal one, at least.
  var cosine_bound: Double
  var model: String?
  var model_sha256: String?
  var version = IdinvLite.version

  init(_ boundary: TrainedBoundary, options: BoundaryTraining.Options, path: String) {
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
  var line: String {
    func text(_ accuracy: Accuracy) -> String {
      guard let share = accuracy.share else { return "none" }
      return String(format: "%.1f %% of %d", 100 * share, accuracy.count)
    }
    return "\(attribute): right in training \(text(training_accuracy)), validation \(text(validation_accuracy)), "
      + "remaining \(text(remaining_accuracy)); correlation "
      + String(format: "%.2f; distances %.3g ± %.3g", score_correlation, distance_mean, distance_standard_deviation)
      + "; \(path)"
  }
}
