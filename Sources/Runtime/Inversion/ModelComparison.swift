import Glibc
import Quant
import Runtime

/// How far one tensor is from its reference.
package struct Difference: Sendable, Codable, Equatable {
  /// Largest absolute difference; infinite where a value is not a number.
  package var maximum: Float
  /// Peak signal-to-noise ratio in dB; the peak is the reference's range (for images: the pixel range).
  package var psnr: Float
  /// Cosine of the angle between the two as vectors.
  package var cosine: Float

  /// - Parameter peak: nil for the reference's largest value less its smallest.
  package init(_ values: [Float], reference: [Float], peak: Float? = nil) {
    precondition(values.count == reference.count && !values.isEmpty)
    var (maximum, squares): (Float, Double) = (0, 0)
    var (dot, ours, theirs) = (0.0, 0.0, 0.0)
    for (a, b) in zip(values, reference) {
      let difference = abs(a - b)
      maximum = difference.isNaN ? .infinity : max(maximum, difference)
      squares += Double(a - b) * Double(a - b)
      dot += Double(a) * Double(b)
      ours += Double(a) * Double(a)
      theirs += Double(b) * Double(b)
    }
    let range = Double(peak ?? (reference.max()! - reference.min()!))
    self.maximum = maximum
    psnr = Float(10 * log10(range * range / (squares / Double(values.count))))
    cosine = ours * theirs == 0 ? 1 : Float(dot / (ours * theirs).squareRoot())
  }

  /// Whether all values were numbers.
  package var isFinite: Bool { maximum.isFinite && cosine.isFinite }
}

/// A model against another of the same architecture, usually against its own source in full precision.
package struct ModelComparison: Sendable, Codable {
  package struct Network: Sendable, Codable {
    package var name: String
    package var difference: Difference
  }
  /// Outputs, on the same seeded inputs; each network gets the reference's inputs, so errors do not add up.
  package var networks: [Network] = []
  /// Gradients by the code of each loss term that both models have.
  package var gradients: [Network] = []

  /// - Parameter count: how many random codes, and images made of them, to compare on.
  package init(
    _ model: Model, reference: Model, count: Int = 2, seed: UInt64 = 0, kernels: Kernels
  ) throws(InversionError) {
    let (ours, theirs) = (model.file.specification, reference.file.specification)
    if let difference = Self.firstDifference(ours, theirs) {
      throw .badReference(expected: "the reference's architecture", found: "another \(difference)")
    }
    var random = TorchRandom(seed: seed)
    var images: [Float]
    let range = ours.pixelMaximum - ours.pixelMinimum
    var codes: [Float] = []
    func compare(
      _ kind: NetworkKind, _ input: [Float], peak: Float? = nil
    ) throws(InversionError) -> [Float] {
      let expected = try reference.run(kind, on: input, count: count, kernels: kernels, maximumBatch: 1).values
      let found = try model.run(kind, on: input, count: count, kernels: kernels, maximumBatch: 1).values
      networks.append(Network(name: kind.rawValue, difference: Difference(found, reference: expected, peak: peak)))
      return expected
    }
    if let generator = ours.generator {
      let w = try compare(.mapping, random.normals(count * generator.zDimension))
      codes = try reference.run(.truncation, on: w, count: count, kernels: kernels).values
      images = try compare(.generator, codes, peak: range)
    } else {
      let side = try model.imageResolution()
      images = random.normals(count * 3 * side * side).map { tanh($0 * 0.5) }
    }
    if ours.encoder != nil { _ = try compare(.encoder, images) }
    if ours.perceptual != nil { _ = try compare(.perceptual, images) }
    if ours.attributes != nil || ours.judge != nil { _ = try compare(.attributes, images) }

    guard ours.generator != nil else { return }
    // The target is another image than the code's own: at the optimum all gradients vanish.
    let half = codes.count / count
    let target = Array(images[(images.count / count)...].prefix(images.count / count))
    let code = Array(codes[..<half])
    var terms: [(String, ObjectiveWeights)] = [("pixel", ObjectiveWeights(pixel: 1, perceptual: 0, domain: 0))]
    if ours.perceptual != nil { terms.append(("perceptual", ObjectiveWeights(pixel: 0, perceptual: 1, domain: 0))) }
    if ours.encoder != nil { terms.append(("domain", ObjectiveWeights(pixel: 0, perceptual: 0, domain: 1))) }
    for (name, weights) in terms {
      func gradient(_ model: Model) throws(InversionError) -> [Float] {
        let objective = try Objective(model, weights: weights, kernels: kernels)
        try objective.setTarget(count > 1 ? target : images)
        return objective.evaluate(code).gradient
      }
      let expected = try gradient(reference)
      gradients.append(Network(name: name, difference: Difference(try gradient(model), reference: expected)))
    }
  }

  /// What was measured of a model is no part of its architecture.
  private static func firstDifference(_ a: ModelSpecification, _ b: ModelSpecification) -> String? {
    if let part = a.networksThatDiffer(from: b).first { return part.title }
    return a.pixelMinimum == b.pixelMinimum && a.pixelMaximum == b.pixelMaximum ? nil : "range of pixels"
  }
}
