import Foundation
import Quant
import Testing

@testable import Inversion

/// Against numpy, SciPy and scikit-learn (`Tests/Golden/make_metrics.py`).
@Suite struct MetricsTests {
  private struct Reference: Decodable {
    struct Detector: Decodable {
      var scores: [Double]
      var labels: [Bool]
      var average_precision: Double
      var precision: [Double]
      var recall: [Double]
      var thresholds: [Double]
    }
    var frechet: Double
    var frechet_few: Double
    var eigenvalues: [Double]
    var lpips_style: Double
    var detector: Detector
    var sliced_wasserstein: Double
  }

  private func reference() throws -> Reference {
    let data = try Data(contentsOf: URL(fileURLWithPath: Golden.path("metrics", "metrics.json")))
    return try JSONDecoder().decode(Reference.self, from: data)
  }

  private func values(_ name: String) throws -> [Float] { try Golden.array("metrics", name).values }

  @Test func differencesOfWhatIsNoNumberAreInfinite() {
    let reference: [Float] = [1, 2, 3]
    #expect(Difference(reference, reference: reference).isFinite)
    for value in [Float.nan, .infinity, -.infinity] {
      for place in 0..<3 {
        var values = reference
        values[place] = value
        let difference = Difference(values, reference: reference)
        #expect(!difference.isFinite && !(difference.psnr > 0))
        #expect(!Difference(reference, reference: values).isFinite)
      }
    }
  }

  @Test func frechetDistanceIsThatOfTheMatrixSquareRoot() throws {
    let reference = try reference()
    let (a, b) = (try values("features_a"), try values("features_b"))
    let (ours, theirs) = (GaussianStatistics(a, dimension: 24), GaussianStatistics(b, dimension: 24))
    let distance = ours.frechetDistance(to: theirs)
    #expect(abs(distance / reference.frechet - 1) < 1e-8, "\(distance), \(reference.frechet)")
    #expect(abs(theirs.frechetDistance(to: ours) / distance - 1) < 1e-8)
    #expect(ours.frechetDistance(to: ours) < 1e-8 * distance)
    // A singular covariance: SciPy's square root itself is off by about 1e-6 there.
    let few = GaussianStatistics(Array(a.prefix(10 * 24)), dimension: 24).frechetDistance(to: theirs)
    #expect(abs(few / reference.frechet_few - 1) < 1e-4, "\(few), \(reference.frechet_few)")
  }

  @Test func eigenvaluesAreThoseOfNumpyAndVectorsRebuildTheMatrix() throws {
    let expected = try reference().eigenvalues
    let covariance = GaussianStatistics(try values("features_a"), dimension: 24).covariance
    let eigen = SymmetricEigen(covariance, size: 24)
    for (value, expected) in zip(eigen.values, expected) {
      #expect(abs(value - expected) < 1e-9 * expected.magnitude + 1e-9)
    }
    checkRebuilds(covariance, 24)
  }

  static let sizes = [1, 2, 3, 7, 33, 80]

  @Test(arguments: sizes) func eigenvectorsOfAnySizeAreOrthonormalAndRebuildTheMatrix(size: Int) {
    var random = TorchRandom(seed: UInt32(size))
    let values = random.normals(size * size).map(Double.init)
    var symmetric = values
    for i in 0..<size { for j in 0..<size { symmetric[i * size + j] = values[i * size + j] + values[j * size + i] } }
    checkRebuilds(symmetric, size)
    // Degenerate ones: all eigenvalues alike, all zero, rank one.
    checkRebuilds((0..<size * size).map { $0 / size == $0 % size ? 2 : 0 }, size)
    checkRebuilds([Double](repeating: 0, count: size * size), size)
    checkRebuilds([Double](repeating: 3, count: size * size), size)
  }

  private func checkRebuilds(_ matrix: [Double], _ n: Int) {
    let eigen = SymmetricEigen(matrix, size: n)
    let scale = matrix.map(\.magnitude).max()! * Double(n) + 1e-300
    var (worst, skew) = (0.0, 0.0)
    for i in 0..<n {
      for j in 0..<n {
        var (sum, dot) = (0.0, 0.0)
        for k in 0..<n {
          sum += eigen.vectors[k * n + i] * eigen.values[k] * eigen.vectors[k * n + j]
          dot += eigen.vectors[i * n + k] * eigen.vectors[j * n + k]
        }
        worst = max(worst, abs(sum - matrix[i * n + j]))
        skew = max(skew, abs(dot - (i == j ? 1 : 0)))
      }
    }
    #expect(worst <= 1e-12 * scale && skew < 1e-12, "size \(n): \(worst / scale), \(skew)")
    #expect(zip(eigen.values, eigen.values.dropFirst()).allSatisfy { $0 <= $1 })
  }

  @Test func precisionAndRecallAreThoseOfScikitLearn() throws {
    let detector = try reference().detector
    let found = try #require(PrecisionRecall(scores: detector.scores, labels: detector.labels))
    #expect(abs(found.averagePrecision - detector.average_precision) < 1e-12)
    // scikit-learn's order is the other way round.
    let points = Array(found.points.reversed())
    #expect(points.map(\.threshold) == detector.thresholds)
    for (index, point) in points.enumerated() {
      #expect(abs(point.precision - detector.precision[index]) < 1e-12)
      #expect(abs(point.recall - detector.recall[index]) < 1e-12)
    }
    #expect(PrecisionRecall(scores: [1, 2], labels: [true, true]) == nil)
    #expect(PrecisionRecall(scores: [], labels: []) == nil)
    #expect(PrecisionRecall(scores: [3, 1, 2], labels: [true, false, true])?.averagePrecision == 1)
  }

  @Test func perceptualDistanceIsThatOfUnitVectors() throws {
    let (f, g) = (try values("feature_f"), try values("feature_g"))
    let distance = PerceptualDistance.unitNormalized(f, g, channelCount: 12)
    let expected = try reference().lpips_style
    #expect(abs(distance / expected - 1) < 1e-9)
    #expect(PerceptualDistance.unitNormalized(f, f.map { $0 * 3 }, channelCount: 12) < 1e-9)
    #expect(PerceptualDistance.pooled([1, 3, 5, 6], channelCount: 2) == [2, 5.5])
  }

  @Test func pyramidAndSlicedDistanceAreThoseOfThePublishedCode() throws {
    let levels = LaplacianPyramid.levels(of: try values("pyramid_image"), resolution: 32, count: 2)
    for level in 0..<2 {
      let difference = maximumDifference(levels[level], try values("pyramid_level\(level)"))
      #expect(difference < 1e-5, "level \(level): \(difference)")
    }
    let distance = SlicedWasserstein.distance(
      SlicedWasserstein.normalized(try values("patches_a")), SlicedWasserstein.normalized(try values("patches_b")),
      directions: try values("directions"))
    let expected = try reference().sliced_wasserstein
    #expect(abs(distance / expected - 1) < 1e-5)
  }

  @Test func slicedDistanceOfEqualSetsIsZeroAndGrowsWithNoise() {
    var random = TorchRandom(seed: 7)
    let clean = (0..<4).map { _ in random.normals(3 * 32 * 32) }
    let set = SlicedWasserstein(clean, resolution: 32)
    #expect(set.distances(to: set).map(\.distance) == [0, 0])
    #expect(set.distances(to: set).map(\.resolution) == [32, 16])
    func distance(_ amount: Float) -> Double {
      // One pixel becomes four: details go, coarse forms stay.
      let changed = clean.map { image in
        image.indices.map { index in
          let pixel = index % 1024
          let coarse = index - pixel + pixel / 64 * 64 + pixel % 32 / 2 * 2
          return image[index] * (1 - amount) + image[coarse] * amount
        }
      }
      return set.distances(to: SlicedWasserstein(changed, resolution: 32))[0].distance
    }
    #expect(distance(0.2) < distance(0.6) && distance(0.6) < distance(1))
  }
}

@Suite struct SharpnessTests {
  @Test func energyIsTheMeanSquareOfDifferencesOfNeighbors() {
    // Across 1 and 2, down 3 and 4: the means of both directions, added.
    let plane: [Float] = [0, 1, 3, 5]
    let means: Double = (1 + 4 + 9 + 16) / 2
    #expect(Sharpness.energy(plane, side: 2) == means)
    #expect(Sharpness.energy(plane + plane, side: 2) == Sharpness.energy(plane, side: 2))
    #expect(Sharpness.energy([Float](repeating: 0.3, count: 48), side: 4) == 0)
  }
}
