/// A photograph as it is looked at, upright and perhaps reduced, and where its points are in the whole one.
///
/// Points have whole numbers in the middle of a pixel.
package struct PhotoView: Sendable {
  package let picture: Image8
  package let reduction: Int
  private let orientation: Orientation
  /// Width and height as stored: of the photograph and of the view.
  private let size: SIMD2<Int>
  private let viewSize: SIMD2<Int>

  /// - Parameter reduction: what both sides are divided by.
  package init(_ file: PictureFile, reduction: Int) throws(ImagingError) {
    picture = try file.upright(reduction: reduction)
    self.reduction = reduction
    orientation = file.header.orientation
    size = SIMD2(file.header.storedWidth, file.header.storedHeight)
    viewSize = (size &+ (reduction - 1)) / reduction
  }

  /// A point of the view in the whole photograph.
  package func photoPoint(_ point: SIMD2<Double>) -> SIMD2<Double> {
    let stored = orientation.stored(point, in: viewSize)
    return orientation.upright((stored + 0.5) * Double(reduction) - 0.5, in: size)
  }

  /// A point of the whole photograph in the view.
  package func viewPoint(_ point: SIMD2<Double>) -> SIMD2<Double> {
    let stored = orientation.stored(point, in: size)
    return orientation.upright((stored + 0.5) / Double(reduction) - 0.5, in: viewSize)
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
