import Imaging
import Inversion

extension Codes {
  /// Codes moved along boundaries: z + α·Σ fᵢ·nᵢ, for each code and each distance α.
  ///
  /// - Parameters:
  ///   - moves: boundaries of this model, each with its factor f.
  ///   - distances: S values of α; at 0 a code stays as it is.
  /// - Returns: [N·S, L, D]: all distances of the first code, then those of the second.
  /// - Throws: `.invalidArgument` for boundaries of another model, or none.
  public func manipulated(
    along moves: [(boundary: Boundary, factor: Double)], distances: [Double]
  ) throws(IdinvError) -> Codes {
    guard !moves.isEmpty else {
      throw IdinvError(.invalidArgument, "boundaries: expected one or more, found none")
    }
    for (boundary, factor) in moves {
      guard boundary.stored.shape == codeShape, factor.isFinite else {
        throw IdinvError(
          .invalidArgument,
          "boundary '\(boundary.name)': expected one of \(codeShape) with a finite factor, found \(boundary.stored.shape) "
            + "with \(factor)")
      }
    }
    guard distances.allSatisfy(\.isFinite) else {
      throw IdinvError(.invalidArgument, "distances: expected finite numbers, found \(distances)")
    }
    let manipulation = Manipulation(moves.map { ($0.boundary.stored, $0.factor) })
    return Codes(
      (0..<count).flatMap { manipulation(Array(values(of: $0)), distances: distances) }, shape: codeShape)
  }

  /// The straight line between two codes.
  ///
  /// - Parameter innerSteps: codes between the ends, evenly spaced.
  /// - Returns: [innerSteps + 2, L, D], both ends included.
  /// - Throws: `.invalidArgument` where these are not two single codes of one form.
  public static func interpolated(from start: Codes, to end: Codes, innerSteps: Int) throws(IdinvError) -> Codes {
    guard start.count == 1, end.count == 1, start.codeShape == end.codeShape else {
      throw IdinvError(
        .invalidArgument,
        "interpolation: expected two codes [1, L, D] of one form, found \(start.shape) and \(end.shape)")
    }
    guard (0...1_000_000).contains(innerSteps) else {
      throw IdinvError(.invalidArgument, "inner steps: expected 0 to 1000000, found \(innerSteps)")
    }
    return Codes(
      Interpolation.codes(from: start.values, to: end.values, innerSteps: innerSteps), shape: start.codeShape)
  }

  /// Style mixing: these codes, the contents, with some layers of a style.
  ///
  /// - Parameters:
  ///   - style: one code.
  ///   - layers: those that come from the style; nil for the late layers, as published.
  /// - Throws: `.invalidArgument` for a style of another form, or layers that codes do not have.
  public func mixed(withStyleOf style: Codes, layers: [Int]? = nil) throws(IdinvError) -> Codes {
    guard style.count == 1, style.codeShape == codeShape else {
      throw IdinvError(
        .invalidArgument,
        "style: expected one code [1, \(layerCount), \(dimension)], found \(style.shape)")
    }
    let mixing = try IdinvError.wrapping { try StyleMixing(codeShape, layers: layers) }
    return Codes(
      (0..<count).flatMap { mixing(style: style.values, content: Array(values(of: $0))) }, shape: codeShape)
  }
}

/// What of a target is pasted into a context.
public enum DiffusionPart: Sendable, Equatable {
  /// The published square, 110 pixels around (125, 145) of 256, at the same share of other images.
  case published
  /// A square around a center, in pixels of the model's images. It begins `size / 2`, rounded down, left of and above it.
  case square(size: Int, centerX: Int, centerY: Int)
  /// The bright pixels of a picture of the model's size.
  case mask(Image)

  /// - Throws: `.invalidArgument` if nothing or all of the picture would be the target's.
  func mask(resolution: Int) throws(IdinvError) -> DiffusionMask {
    try IdinvError.wrapping {
      switch self {
      case .published:
        let box = DiffusionMask.publishedBox(resolution: resolution)
        return try DiffusionMask(resolution: resolution, size: box.size, centerX: box.centerX, centerY: box.centerY)
      case .square(let size, let centerX, let centerY):
        let places = -(1 << 20)...(1 << 20)
        guard (1...1 << 20).contains(size), places.contains(centerX), places.contains(centerY) else {
          throw IdinvError(.invalidArgument, "square: expected a size of 1 or more and a center in the picture")
        }
        return try DiffusionMask(resolution: resolution, size: size, centerX: centerX, centerY: centerY)
      case .mask(let image):
        guard image.width == resolution, image.height == resolution else {
          throw IdinvError(
            .invalidArgument,
            "mask: expected the model's \(resolution)×\(resolution) pixels, found \(image.width)×\(image.height)")
        }
        return try DiffusionMask(image.picture)
      }
    }
  }
}
