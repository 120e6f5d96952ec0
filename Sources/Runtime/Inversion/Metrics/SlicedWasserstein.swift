import Quant

/// The sliced Wasserstein distance of two sets of pictures, level by level of a Laplacian pyramid (Karras et al.,
/// *Progressive Growing of GANs*, ICLR 2018, sec. 5 and its published code): do patches of both sets look alike?
///
/// From each picture and level 128 patches of 7 × 7 × 3; each set's patches are brought to mean 0 and deviation 1 per
/// channel; both sets are projected on random unit directions; the distance is the mean difference of the sorted
/// projections, times 1000. Two things differ from the published code: 128 directions where it takes 512, which only
/// adds noise, and the same places in picture i of either set, so that equal sets are at distance 0.
package struct SlicedWasserstein: Sendable {
  package struct Level: Sendable, Codable, Equatable {
    /// Pixels per side.
    package var resolution: Int
    /// Times 1000, as published.
    package var distance: Double
  }

  package static let patchSide = 7
  package static let patchesPerImage = 128
  package static let directionCount = 128
  static let channels = 3
  static var patchCount: Int { patchSide * patchSide * channels }

  /// The coarsest level, as published.
  static let smallestResolution = 16

  /// Normalized patches of one set, level by level.
  private let descriptors: [(resolution: Int, patches: [Float])]
  package let imageCount: Int

  /// - Parameters:
  ///   - images: each [3, R, R], R even down to a level of 16 pixels or 7 and more.
  ///   - seed: of the patches' places; the same for sets that are compared.
  package init(_ images: [[Float]], resolution: Int, seed: UInt64 = 0) {
    precondition(!images.isEmpty && resolution >= Self.patchSide)
    precondition(images.allSatisfy { $0.count == Self.channels * resolution * resolution })
    imageCount = images.count
    let resolutions = Self.resolutions(resolution)
    var random = TorchRandom(seed: seed)
    var patches = [[Float]](repeating: [], count: resolutions.count)
    for image in images {
      let pyramid = LaplacianPyramid.levels(of: image, resolution: resolution, count: resolutions.count)
      for (level, side) in resolutions.enumerated() {
        for _ in 0..<Self.patchesPerImage {
          let column = random.integer(below: side - Self.patchSide + 1)
          let row = random.integer(below: side - Self.patchSide + 1)
          for channel in 0..<Self.channels {
            for y in row..<row + Self.patchSide {
              let start = (channel * side + y) * side + column
              patches[level] += pyramid[level][start..<start + Self.patchSide]
            }
          }
        }
      }
    }
    descriptors = zip(resolutions, patches).map { (resolution: $0, patches: Self.normalized($1)) }
  }

  /// Of the levels, the finest first.
  private static func resolutions(_ resolution: Int) -> [Int] {
    var resolutions = [resolution]
    while let last = resolutions.last, last % 2 == 0, last / 2 >= smallestResolution { resolutions.append(last / 2) }
    return resolutions
  }

  /// Bytes of the patches of one set.
  package static func byteCount(imageCount: Int, resolution: Int) -> Int {
    imageCount * resolutions(resolution).count * patchesPerImage * patchCount * 4
  }

  /// - Precondition: both sets have as many images of one resolution.
  package func distances(to other: SlicedWasserstein, seed: UInt64 = 1) -> [Level] {
    precondition(imageCount == other.imageCount && descriptors.map(\.resolution) == other.descriptors.map(\.resolution))
    let directions = Self.directions(seed: seed)
    return zip(descriptors, other.descriptors).map { ours, theirs in
      Level(
        resolution: ours.resolution,
        distance: 1000 * Self.distance(ours.patches, theirs.patches, directions: directions))
    }
  }

  /// Unit columns, [147, directions].
  private static func directions(seed: UInt64) -> [Float] {
    var random = TorchRandom(seed: seed)
    var values = random.normals(patchCount * directionCount)
    for direction in 0..<directionCount {
      var sum: Float = 0
      for row in 0..<patchCount {
        let value = values[row * directionCount + direction]
        sum += value * value
      }
      let scale = 1 / sum.squareRoot()
      for row in 0..<patchCount { values[row * directionCount + direction] *= scale }
    }
    return values
  }

  /// Mean 0 and deviation 1 per channel over all patches [N, 3, 7, 7].
  static func normalized(_ patches: [Float]) -> [Float] {
    let area = patchSide * patchSide
    var result = patches
    for channel in 0..<channels {
      let starts = stride(from: channel * area, to: patches.count, by: patchCount)
      var (sum, squares) = (0.0, 0.0)
      for start in starts { for value in patches[start..<start + area] { sum += Double(value) } }
      let count = Double(patches.count / channels)
      let mean = sum / count
      for start in starts {
        for value in patches[start..<start + area] { squares += (Double(value) - mean) * (Double(value) - mean) }
      }
      let deviation = (squares / count).squareRoot()
      // A set of one color has no deviation, and no difference to show.
      let scale = deviation > 0 ? 1 / deviation : 0
      for start in starts {
        for index in start..<start + area { result[index] = Float((Double(patches[index]) - mean) * scale) }
      }
    }
    return result
  }

  /// Mean over directions of the Wasserstein-1 distance of projections.
  ///
  /// - Parameters:
  ///   - a, b: [N, D].
  ///   - directions: [D, K].
  static func distance(_ a: [Float], _ b: [Float], directions: [Float], dimension: Int = patchCount) -> Double {
    precondition(a.count == b.count)
    let directionCount = directions.count / dimension
    let (ours, theirs) = (projected(a, directions, dimension), projected(b, directions, dimension))
    var sum = 0.0
    for direction in 0..<directionCount {
      let (x, y) = (ours[direction].sorted(), theirs[direction].sorted())
      var differences = 0.0
      for index in x.indices { differences += Double(abs(x[index] - y[index])) }
      sum += differences / Double(x.count)
    }
    return sum / Double(directionCount)
  }

  /// [K, N]: the projections on each direction.
  private static func projected(_ patches: [Float], _ directions: [Float], _ dimension: Int) -> [[Float]] {
    let count = patches.count / dimension
    let directionCount = directions.count / dimension
    var result = [[Float]](repeating: [Float](repeating: 0, count: count), count: directionCount)
    var sums = [Float](repeating: 0, count: directionCount)
    for row in 0..<count {
      for direction in 0..<directionCount { sums[direction] = 0 }
      for index in 0..<dimension {
        let value = patches[row * dimension + index]
        let start = index * directionCount
        for direction in 0..<directionCount { sums[direction] += value * directions[start + direction] }
      }
      for direction in 0..<directionCount { result[direction][row] = sums[direction] }
    }
    return result
  }
}

/// The Laplacian pyramid of a picture (Burt and Adelson, 1983) with the binomial window [1, 4, 6, 4, 1] / 16 and mirrored
/// edges that do not repeat the last pixel (OpenCV's `pyrDown` and `pyrUp`).
enum LaplacianPyramid {
  /// Differences to the next coarser level, and the coarsest level itself; each [C, side, side].
  static func levels(of image: [Float], resolution: Int, count: Int) -> [[Float]] {
    var levels = [image]
    var side = resolution
    for _ in 1..<max(count, 1) {
      let fine = levels[levels.count - 1]
      let channels = fine.count / (side * side)
      let coarse = (0..<channels).flatMap { halved(fine, plane: $0, side: side) }
      let back = (0..<channels).flatMap { doubled(coarse, plane: $0, side: side / 2) }
      levels[levels.count - 1] = zip(fine, back).map { $0 - $1 }
      levels.append(coarse)
      side /= 2
    }
    return levels
  }

  private static let window: [Float] = [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16]

  private static func halved(_ image: [Float], plane: Int, side: Int) -> [Float] {
    let blurred = blur(Array(image[plane * side * side..<(plane + 1) * side * side]), side: side)
    let half = side / 2
    return (0..<half * half).map { blurred[($0 / half * 2) * side + $0 % half * 2] }
  }

  private static func doubled(_ image: [Float], plane: Int, side: Int) -> [Float] {
    let double = side * 2
    var spread = [Float](repeating: 0, count: double * double)
    for index in 0..<side * side {
      spread[(index / side * 2) * double + index % side * 2] = 4 * image[plane * side * side + index]
    }
    return blur(spread, side: double)
  }

  private static func blur(_ plane: [Float], side: Int) -> [Float] {
    func mirrored(_ index: Int) -> Int {
      let positive = abs(index)
      return positive < side ? positive : 2 * (side - 1) - positive
    }
    var rows = plane
    for y in 0..<side {
      for x in 0..<side {
        var sum: Float = 0
        for tap in 0..<5 { sum += window[tap] * plane[y * side + mirrored(x + tap - 2)] }
        rows[y * side + x] = sum
      }
    }
    var result = rows
    for y in 0..<side {
      for tap in 0..<5 {
        let from = mirrored(y + tap - 2) * side
        for x in 0..<side {
          let value = window[tap] * rows[from + x]
          result[y * side + x] = tap == 0 ? value : result[y * side + x] + value
        }
      }
    }
    return result
  }
}
