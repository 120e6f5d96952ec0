/// How the images of a tensor are cut into pieces to be scaled, each image by its largest element.
struct ImageScaling: Sendable {
  let input: BlockedShape
  /// Pieces of a plane of 16 channels, and vectors of 16 floats of one.
  private let piecesPerPlane: Int, pieceVectors: Int

  init(_ input: BlockedShape) {
    let vectors = input.blockStride / 16
    self.input = input
    // 64 KB of floats: part of the second-level cache, read twice.
    pieceVectors = min(vectors, 1024)
    piecesPerPlane = (vectors + pieceVectors - 1) / pieceVectors
  }

  var piecesPerImage: Int { input.blocks * piecesPerPlane }
  /// Floats of scratch memory.
  var maximumFloats: Int { input.batch * piecesPerImage }

  /// A piece of an image: where it begins, and how long it is.
  struct Piece {
    var image: Int, block: Int, start: Int, vectors: Int
  }

  @inline(__always) func piece(_ index: Int) -> Piece {
    let image = index / piecesPerImage, rest = index % piecesPerImage
    let block = rest / piecesPerPlane, first = rest % piecesPerPlane &* pieceVectors
    return Piece(
      image: image, block: block, start: image &* input.imageStride &+ block &* input.blockStride &+ first &* 16,
      vectors: min(pieceVectors, input.blockStride / 16 &- first))
  }
}

extension Kernels {
  /// Encodes all images, halos included, as integers up to `limit`.
  ///
  /// - Parameters:
  ///   - maxima: `scaling.maximumFloats`, scratch.
  ///   - largest: the largest magnitude in a piece; on several threads.
  ///   - unit: is told what a unit of an image's code stands for: 0 for an image of zeros, not a number for one that is not
  ///     finite.
  ///   - encode: encodes a piece, multiplied by a factor; on several threads.
  func scaleImages(
    _ scaling: ImageScaling, limit: Float, maxima: UnsafeMutablePointer<Float>,
    largest: (ImageScaling.Piece) -> Float, unit: (_ image: Int, _ unit: Float) -> Void,
    encode: (ImageScaling.Piece, _ factor: Float) -> Void
  ) {
    let input = scaling.input, pieces = scaling.piecesPerImage
    parallelFor(input.batch &* pieces, cost: input.elementCount) { index, _ in
      maxima[index] = largest(scaling.piece(index))
    }
    // The largest of an image's pieces, in their place, becomes what all of them are multiplied by.
    for image in 0..<input.batch {
      var most: Float = 0
      for index in image &* pieces..<(image &+ 1) &* pieces {
        let piece = maxima[index]
        if piece > most || piece.isNaN { most = piece }
      }
      // An image too small to have an inverse is zero; one that is not finite becomes not a number, by its unit.
      let isZero = most < 1e-30
      maxima[image &* pieces] = isZero ? 0 : limit / most
      unit(image, isZero ? 0 : most / limit)
    }
    parallelFor(input.batch &* pieces, cost: input.elementCount) { index, _ in
      let piece = scaling.piece(index)
      encode(piece, maxima[piece.image &* pieces])
    }
  }
}
