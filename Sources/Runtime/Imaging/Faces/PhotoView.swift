/// A photograph as it is looked at, upright and perhaps reduced, and where its points are in the whole one.
///
/// Points have whole numbers in the middle of a pixel.
package struct PhotoView: Sendable {
  package let picture: Image8
  package let reduction: Int
  /// Whether the picture shows the whole photograph.
  package let isWhole: Bool
  /// Where `picture` lies in the whole photograph, reduced.
  private let corner: SIMD2<Double>
  private let orientation: Orientation
  /// Width and height as stored: of the photograph and of the view.
  private let size: SIMD2<Int>
  private let viewSize: SIMD2<Int>
  /// Width and height of the whole photograph, upright.
  private let upright: SIMD2<Int>

  /// - Parameters:
  ///   - reduction: what both sides are divided by.
  ///   - frame: the face's square in the upright photograph: of a large photograph only that, and what belongs to it when it is
  ///     cut out, is looked at. nil for all.
  package init(_ file: PictureFile, reduction: Int, around frame: FaceFrame? = nil) throws(ImagingError) {
    let width = (file.header.width + reduction - 1) / reduction
    let height = (file.header.height + reduction - 1) / reduction
    var region: PixelRegion?
    if let frame, frame.isReasonable, width * height > Self.wholePixelCount {
      region = frame.surroundings(reduction, width, height)
    }
    isWhole = region == nil
    corner = region.map { SIMD2(Double($0.column), Double($0.row)) } ?? SIMD2()
    picture = try file.upright(reduction: reduction, region: region)
    self.reduction = reduction
    orientation = file.header.orientation
    size = SIMD2(file.header.storedWidth, file.header.storedHeight)
    upright = SIMD2(file.header.width, file.header.height)
    viewSize = (size &+ (reduction - 1)) / reduction
  }

  /// Smaller views are of the whole photograph: several faces can be cut out of them, each as FFHQ's makers did.
  private static let wholePixelCount = 8_000_000

  /// A point of the view in the whole photograph.
  package func photoPoint(_ point: SIMD2<Double>) -> SIMD2<Double> {
    let stored = orientation.stored(point + corner, in: viewSize)
    return orientation.upright((stored + 0.5) * Double(reduction) - 0.5, in: size)
  }

  /// A point of the whole photograph in the view.
  package func viewPoint(_ point: SIMD2<Double>) -> SIMD2<Double> {
    let stored = orientation.stored(point, in: size)
    return orientation.upright((stored + 0.5) / Double(reduction) - 0.5, in: viewSize) - corner
  }

  /// The face in a square of the whole photograph, cut out of the view.
  ///
  /// - Throws: `.badLandmarks` where the square does not lie in the photograph.
  package func cut(_ frame: FaceFrame, resolution: Int, path: String) throws(ImagingError) -> Image8 {
    // In the pixels that the user knows.
    try frame.requireWithin(width: upright.x, height: upright.y, path: path)
    let axis = frame.x / Double(reduction)
    return try picture.aligned(
      to: FaceFrame(center: viewPoint(frame.center), axis: axis), resolution: resolution, path: path)
  }
}

extension FaceFrame {
  /// Whether its corners are numbers that can be reckoned with.
  fileprivate var isReasonable: Bool {
    let limit = Double(ImageLimits.side)
    return side <= limit && abs(center.x) <= limit && abs(center.y) <= limit
  }

  /// The part of a reduced photograph that is needed to cut this square out.
  fileprivate func surroundings(_ reduction: Int, _ width: Int, _ height: Int) -> PixelRegion {
    // A tenth of the side is border; a few pixels more do no harm.
    let margin = Int(side * 0.1) + 16
    func clamped(_ lower: Int, _ upper: Int, _ count: Int) -> Range<Int> {
      let start = min(max((lower - margin) / reduction - 2, 0), count - 1)
      return start..<max(min((upper + margin) / reduction + 3, count), start + 1)
    }
    let bounds = self.bounds
    let columns = clamped(bounds.lower.x, bounds.upper.x, width)
    let rows = clamped(bounds.lower.y, bounds.upper.y, height)
    return PixelRegion(row: rows.lowerBound, column: columns.lowerBound, height: rows.count, width: columns.count)
  }
}

extension FaceLandmarks {
  /// The face in other coordinates.
  package func mapped(_ body: (SIMD2<Double>) -> SIMD2<Double>) -> FaceLandmarks {
    FaceLandmarks(
      leftEye: body(leftEye), rightEye: body(rightEye), leftMouth: body(leftMouth), rightMouth: body(rightMouth))
  }
}

/// The largest power of two up to a limit, and up to 8: by so much every codec reduces well.
package func reductionFactor(atMost limit: Double) -> Int { [8, 4, 2].first { Double($0) <= limit } ?? 1 }
