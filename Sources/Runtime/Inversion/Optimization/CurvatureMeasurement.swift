import Quant
import Runtime

/// Measures a model's mean curvature: on images that the generator makes of random codes, as an inversion would go through
/// them, by differences of gradients.
///
/// Two rounds. The first looks for the stiff directions: the eigenvectors with the largest eigenvalues of the mean of |H| at
/// the encoder's codes, in the whole space of codes where that is small, else within what the mean H makes of random directions
/// (Halko et al., SIAM Review 53, 2011). The second measures |H| along these, each probe as far as an inversion would go
/// along it, at points along inversions that the first round's curvature leads. Absolute values, because a direction that
/// curves up in one image and down in another is not flat (Dauphin et al., NeurIPS 2014).
package final class CurvatureMeasurement {
  package struct Plan: Sendable {
    /// Images of the second round; the first has a quarter of them.
    package var imageCount: Int
    /// Directions that are kept, or as many as a code has entries.
    package var rank: Int
    package var seed: UInt64
    /// Codes up to this length are looked at in all their directions, longer ones in twice as many as are measured.
    var wholeLimit = 1024

    /// Of 32 to 256, 64 to 128 do best on the shipped model: flat directions are better taken as stiff as the last one that
    /// is kept, since it is along them that images differ (docs/OPTIMIZERS.md).
    package static let defaultRank = 64

    package init(imageCount: Int = 64, rank: Int = defaultRank, seed: UInt64 = 0) {
      self.imageCount = imageCount
      self.rank = rank
      self.seed = seed
    }
  }

  /// Directions that are measured, for each that is kept: the flattest of them are not the flattest there are.
  static let oversampling = 1.5

  /// Steps before the points of the second round.
  static let strides = [0, 4, 10, 20]
  /// How far a probe of the first round goes, in deviations of a code's entries.
  static let firstLength = 0.25
  /// By what share of an image's first loss a probe of the second round would raise it.
  static let probeShare = 0.05

  private let model: Model
  private let kernels: Kernels
  private let plan: Plan
  /// Directions that are kept, and that the second round measures.
  private let rank: Int
  private let measuredCount: Int
  /// Directions of the first round.
  private let exploredCount: Int
  private let codeCount: Int
  /// Probes side by side: as many as an arena that fits the caches allows, the same on every machine.
  private let batch: Int
  private let rows: Objective
  private let single: Objective
  /// Codes of random images, [imageCount, L·D].
  private let codes: [Float]
  private let deviation: Double
  private var done = 0
  private var observer: (Double) -> Bool = { _ in true }
  private struct Stopped: Error {}

  /// - Throws: `.missingNetwork`, `.badOption` for a rank or a number of images that cannot be.
  package init(
    _ model: Model, plan: Plan = Plan(), weights: ObjectiveWeights = ObjectiveWeights(), kernels: Kernels
  ) throws(InversionError) {
    let generator = try model.generator()
    _ = try model.encoder()
    self.model = model
    self.kernels = kernels
    self.plan = plan
    codeCount = generator.codeCount
    guard plan.rank >= 1 else { throw .badOption(name: "rank", expected: "1 or more", found: "\(plan.rank)") }
    rank = min(plan.rank, codeCount)
    measuredCount = min(Int(Double(rank) * Self.oversampling), codeCount)
    exploredCount = codeCount <= plan.wholeLimit ? codeCount : min(2 * measuredCount, codeCount)
    guard plan.imageCount >= 1 else {
      throw .badOption(name: "images", expected: "1 or more", found: "\(plan.imageCount)")
    }
    single = try Objective(model, weights: weights, batch: 1, kernels: kernels)
    batch = BatchSize.fitting(arenaBytes: single.preparedGraph.memoryPlan.byteCount)
    rows = batch == 1 ? single : try Objective(model, weights: weights, batch: batch, kernels: kernels)
    codes = try model.randomCodes(plan.imageCount, seed: plan.seed, kernels: kernels)
    let mean = codes.reduce(0) { $0 + Double($1) } / Double(codes.count)
    let square = codes.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    deviation = (square / Double(codes.count)).squareRoot()
    guard deviation > 0, deviation.isFinite else {
      throw .badSamples(
        what: "codes of the mapping network", expected: "codes that differ", found: "\(deviation) of deviation")
    }
  }

  /// - Parameter progress: gets the share done; false ends the work.
  /// - Returns: nil where the work was ended.
  /// - Throws: `.notFinite`; `.badSamples` where the objective does not curve.
  package func run(progress: @escaping (Double) -> Bool = { _ in true }) throws(InversionError) -> Curvature? {
    observer = progress
    do {
      let basis = exploredCount < codeCount ? try explored() : Self.identity(codeCount)
      let first = try meanCurvature(firstCount, basis, scales: nil)
      let count = measuredCount
      let stiff = Array(first.vectors.suffix(count * codeCount))
      let scales = Array(first.values.suffix(count))
      // From units of the probes back to those of codes.
      let roots = scales.map { $0.squareRoot() }
      var matrix = try meanCurvature(plan.imageCount, stiff, scales: scales).matrix
      for row in 0..<count { for column in 0..<count { matrix[row * count + column] *= roots[row] * roots[column] } }
      let eigen = SymmetricEigen(matrix, size: count)
      let vectors = Self.product(eigen.vectors, stiff, rows: count, columns: codeCount)
      let curvatures = try Self.positive(eigen.values)
      let kept = (count - rank..<count).reversed()
      let values = kept.map { Float(curvatures[$0]) }
      return Curvature(
        basis: kept.flatMap { row in vectors[row * codeCount..<(row + 1) * codeCount].map { Float($0) } },
        values: values, remainder: values[rank - 1])
    } catch let error as InversionError {
      throw error
    } catch {
      return nil
    }
  }

  // MARK: Rounds

  /// An orthonormal basis of what the mean curvature makes of random directions: nearly the space of its largest
  /// eigenvectors.
  private func explored() throws -> [Double] {
    let count = exploredCount * codeCount
    var random = TorchRandom(seed: plan.seed &+ 1)
    var directions = random.normals(count).map { Double($0) }
    Self.orthonormalize(&directions, columns: codeCount)
    var sum = [Double](repeating: 0, count: count)
    for image in 0..<firstCount {
      let differences = try probes(image, steps: 0, directions, scales: nil, following: nil)
      for index in sum.indices { sum[index] += differences[index] }
    }
    Self.orthonormalize(&sum, columns: codeCount)
    return sum
  }

  private var firstCount: Int { max(1, plan.imageCount / 4) }

  /// Mean of |QHQᵀ| over images, with H by differences along the rows of Q.
  ///
  /// - Parameter scales: curvatures along the rows, largest probes' measure; nil in the first round.
  private func meanCurvature(
    _ imageCount: Int, _ basis: [Double], scales: [Double]?
  ) throws -> (matrix: [Double], vectors: [Double], values: [Double]) {
    let rank = basis.count / codeCount
    let leading = scales.map { scales in
      Curvature(
        basis: basis.map { Float($0) }, values: scales.map { Float($0) }, remainder: Float(scales.min() ?? 1))
    }
    var mean = [Double](repeating: 0, count: rank * rank)
    for image in 0..<imageCount {
      let steps = scales == nil ? 0 : Self.strides[image % Self.strides.count]
      let differences = try probes(image, steps: steps, basis, scales: scales, following: leading)
      var matrix = Self.productTransposed(differences, basis, rows: rank, columns: codeCount)
      if let scales {
        for row in 0..<rank {
          for column in 0..<rank { matrix[row * rank + column] /= (scales[row] * scales[column]).squareRoot() }
        }
      }
      let absolute = Self.absolute(matrix, rank)
      for index in mean.indices { mean[index] += absolute[index] / Double(imageCount) }
    }
    let eigen = SymmetricEigen(mean, size: rank)
    return (
      mean, Self.product(eigen.vectors, basis, rows: rank, columns: codeCount), try Self.positive(eigen.values)
    )
  }

  /// H·uₖ for all rows uₖ, [.., L·D], of one image at a point of its inversion.
  private func probes(
    _ image: Int, steps: Int, _ directions: [Double], scales: [Double]?, following curvature: Curvature?
  ) throws -> [Double] {
    let picture = try model.run(
      .generator, on: Array(codes[image * codeCount..<(image + 1) * codeCount]), count: 1, kernels: kernels
    ).values
    let start = try model.run(.encoder, on: picture, count: 1, kernels: kernels).values
    let target = try single.prepareTarget(picture)
    single.set([target])
    var optimizer = LBFGS(start: start, curvature: curvature)
    var firstLoss: Double?
    for _ in 0..<max(1, steps) where !optimizer.isConverged {
      let evaluation = single.evaluate(optimizer.proposal)
      firstLoss = firstLoss ?? Double(evaluation.losses[0].total)
      optimizer.observe(loss: evaluation.losses[0].total, gradient: evaluation.gradient)
      try advance(1)
    }
    guard let firstLoss, firstLoss.isFinite else { throw InversionError.notFinite(term: "total", step: 1) }
    let point = steps == 0 ? start : optimizer.code
    let origin = single.evaluate(point).gradient
    rows.set([target])

    let rank = directions.count / codeCount
    var result: [Double] = []
    result.reserveCapacity(directions.count)
    for first in stride(from: 0, to: rank, by: batch) {
      let places = (first..<first + batch).map { min($0, rank - 1) }
      // Both ways in turn, so that what is not curvature cancels over the images.
      let lengths = places.map { row -> Double in
        let length =
          scales.map { (2 * Self.probeShare * firstLoss / $0[row]).squareRoot() } ?? Self.firstLength * deviation
        return (row + image) % 2 == 0 ? length : -length
      }
      var moved: [Float] = []
      for (place, length) in zip(places, lengths) {
        for index in 0..<codeCount {
          moved.append(point[index] + Float(length * directions[place * codeCount + index]))
        }
      }
      let gradient = rows.evaluate(moved).gradient
      for slot in 0..<min(batch, rank - first) {
        for index in 0..<codeCount {
          result.append(Double(gradient[slot * codeCount + index] - origin[index]) / lengths[slot])
        }
      }
      try advance(min(batch, rank - first))
    }
    guard result.allSatisfy({ $0.isFinite }) else { throw InversionError.notFinite(term: "gradient", step: steps) }
    return result
  }

  private func advance(_ count: Int) throws {
    done += count
    let first = (exploredCount < codeCount ? 2 : 1) * firstCount * exploredCount
    let steps = plan.imageCount * Self.strides.reduce(0, +) / Self.strides.count
    if !observer(min(1, Double(done) / Double(first + plan.imageCount * measuredCount + steps))) { throw Stopped() }
  }

  // MARK: Matrices, in C order

  private static func identity(_ count: Int) -> [Double] {
    var matrix = [Double](repeating: 0, count: count * count)
    for index in 0..<count { matrix[index * count + index] = 1 }
    return matrix
  }

  /// Eigenvalues of a mean curvature, ascending, none of them less than a millionth of the largest.
  ///
  /// - Throws: `.badSamples` where the largest is so small or large that single precision cannot hold all of them: where
  ///   an encoder leads to codes that the generator's images do not depend on, it is zero.
  static func positive(_ eigenvalues: [Double]) throws(InversionError) -> [Double] {
    let largest = eigenvalues.last ?? 0
    guard largest > 1e-30, largest < 1e30 else {
      throw .badSamples(
        what: "objective around the encoder's codes", expected: "a curvature of 1e-30 to 1e30", found: "\(largest)")
    }
    return eigenvalues.map { max($0, largest * 1e-6) }
  }

  /// |A| of the symmetric part of A: the same eigenvectors, the eigenvalues' magnitudes.
  private static func absolute(_ matrix: [Double], _ n: Int) -> [Double] {
    var symmetric = matrix
    for row in 0..<n {
      for column in 0..<n { symmetric[row * n + column] = (matrix[row * n + column] + matrix[column * n + row]) / 2 }
    }
    let eigen = SymmetricEigen(symmetric, size: n)
    var result = [Double](repeating: 0, count: n * n)
    for (k, value) in eigen.values.enumerated() {
      let vector = eigen.vectors[k * n..<(k + 1) * n]
      let first = vector.startIndex
      for row in 0..<n {
        let factor = abs(value) * vector[first + row]
        for column in 0..<n { result[row * n + column] += factor * vector[first + column] }
      }
    }
    return result
  }

  /// A·B, A [rows, inner], B [inner, columns].
  private static func product(_ a: [Double], _ b: [Double], rows: Int, columns: Int) -> [Double] {
    let inner = b.count / columns
    var result = [Double](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for k in 0..<inner {
        let factor = a[row * inner + k]
        for column in 0..<columns { result[row * columns + column] += factor * b[k * columns + column] }
      }
    }
    return result
  }

  /// A·Bᵀ, both [rows, columns].
  private static func productTransposed(_ a: [Double], _ b: [Double], rows: Int, columns: Int) -> [Double] {
    var transposed = [Double](repeating: 0, count: b.count)
    for row in 0..<rows { for column in 0..<columns { transposed[column * rows + row] = b[row * columns + column] } }
    return product(a, transposed, rows: rows, columns: rows)
  }

  /// Gram and Schmidt, twice; a row that depends on those before it becomes zero.
  private static func orthonormalize(_ matrix: inout [Double], columns: Int) {
    let rows = matrix.count / columns
    for row in 0..<rows {
      for _ in 0..<2 {
        for other in 0..<row {
          var overlap = 0.0
          for column in 0..<columns { overlap += matrix[row * columns + column] * matrix[other * columns + column] }
          for column in 0..<columns { matrix[row * columns + column] -= overlap * matrix[other * columns + column] }
        }
      }
      var square = 0.0
      for column in 0..<columns { square += matrix[row * columns + column] * matrix[row * columns + column] }
      let scale = square > 0 ? 1 / square.squareRoot() : 0
      for column in 0..<columns { matrix[row * columns + column] *= scale }
    }
  }
}
