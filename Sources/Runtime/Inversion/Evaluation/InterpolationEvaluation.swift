import Quant
import Runtime

/// How smooth, and how much within the domain, the way between two inverted codes is (Zhu et al., ECCV 2020, sec. 4.3).
package struct InterpolationEvaluation: Sendable, Codable {
  package var pairs: Int
  /// Steps of each line.
  package var steps: Int
  /// Mean over pairs and steps of d·steps², d the distance of neighbors in the style of LPIPS in F's features: a perceptual
  /// path length (Karras et al., CVPR 2019, sec. 4.1) with ε = 1 / steps and another network.
  package var path_length: Double
  /// Mean over pairs of the longest step's share of the whole line times the number of steps; 1 for an even way.
  package var unevenness: Double
  /// mean((z − E(G(z)))²) by position along the line, mean over pairs.
  package var in_domain_mean_square: [Double]
  /// Fréchet distance of the images halfway to the originals in pooled features of the judge.
  package var halfway_frechet_distance: Double?

  package static let stepCount = 8

  /// Whether there are as many scores as positions, or none: a stored evaluation may be anything.
  package var isWhole: Bool {
    steps == Self.stepCount && [0, steps + 1].contains(in_domain_mean_square.count)
  }
}

extension Evaluator {
  /// Lines between the codes of images 0 and 1, 2 and 3, …
  package func interpolation(_ codes: [EvaluatedCode]) throws -> InterpolationEvaluation {
    let pairs = codes.count / 2
    precondition(pairs > 0)
    let steps = InterpolationEvaluation.stepCount
    var (length, unevenness) = (0.0, 0.0)
    var scores = [Double](repeating: 0, count: steps + 1)
    var halfway: [Float] = []
    var hasScore = true
    for pair in 0..<pairs {
      let line = Interpolation.codes(from: codes[2 * pair].code, to: codes[2 * pair + 1].code, innerSteps: steps - 1)
      let size = codes[0].code.count
      let seen = try appraise(codes: (0...steps).map { Array(line[$0 * size..<($0 + 1) * size]) })
      let distances = zip(seen, seen.dropFirst()).map { $0.distance(to: $1) }
      let sum = distances.reduce(0, +)
      length += sum * Double(steps)
      unevenness += sum > 0 ? (distances.max() ?? 0) / sum * Double(steps) : 1
      for (index, appraisal) in seen.enumerated() {
        if let score = appraisal.score { scores[index] += Double(score.meanSquare) } else { hasScore = false }
      }
      halfway += seen[steps / 2].pooled
    }
    let count = Double(pairs)
    return InterpolationEvaluation(
      pairs: pairs, steps: steps, path_length: length / count, unevenness: unevenness / count,
      in_domain_mean_square: hasScore ? scores.map { $0 / count } : [],
      halfway_frechet_distance: try frechetDistance(halfway, count: codes.count))
  }
}

/// How much the generator's samples look like the images.
package struct SampleEvaluation: Sendable, Codable {
  package var samples: Int
  /// Of samples to the originals, in pooled features of the judge.
  package var frechet_distance: Double
  /// Of one half of the originals to the other: no set of this size is nearer.
  package var floor_frechet_distance: Double?
}

extension Evaluator {
  /// - Parameter count: samples z ~ N(0, 1), with the file's truncation.
  package func samples(count: Int, imageCount: Int, seed: UInt64 = 0, kernels: Kernels) throws -> SampleEvaluation? {
    let generator = try model.generator()
    var random = TorchRandom(seed: seed)
    var pooled: [Float] = []
    let batch = 16
    for start in stride(from: 0, to: count, by: batch) {
      let part = min(batch, count - start)
      let z = random.normals(part * generator.specification.zDimension)
      let w = try model.run(.mapping, on: z, count: part, kernels: kernels, maximumBatch: part).values
      let codes = try model.run(.truncation, on: w, count: part, kernels: kernels, maximumBatch: part).values
      let size = generator.codeCount
      pooled += try appraise(codes: (0..<part).map { Array(codes[$0 * size..<($0 + 1) * size]) }).flatMap(\.pooled)
    }
    guard let distance = try frechetDistance(pooled, count: imageCount) else { return nil }
    let originals = try originals(imageCount)
    let dimension = originals[0].pooled.count
    var floor: Double?
    if imageCount >= 4 {
      let halves = [0, 1].map { half in
        GaussianStatistics(
          originals.indices.filter { $0 % 2 == half }.flatMap { originals[$0].pooled }, dimension: dimension)
      }
      floor = halves[0].frechetDistance(to: halves[1])
    }
    return SampleEvaluation(samples: count, frechet_distance: distance, floor_frechet_distance: floor)
  }
}
