/// A tensor that is one contiguous, 64-byte aligned run of floats.
package protocol TensorShape: Hashable, Sendable {
  /// Floats in the buffer, halo and padding included; a multiple of 16.
  var elementCount: Int { get }
  /// Floats of a plane: of one channel block of an image, or of a row. A multiple of 16.
  var planeStride: Int { get }
}

extension TensorShape {
  /// Bytes of the buffer.
  package var byteCount: Int { elementCount &* 4 }
  package var planeCount: Int { elementCount / planeStride }
}

/// The blocked layout NCHWc16: `[batch][block][height + 2·halo][width + 2·halo][16]` floats.
///
/// Sixteen consecutive channels of one pixel lie side by side. The halo and the channels above `channels` in the
/// last block are **zero** when an operator starts, and every operator that writes the tensor writes them as zero.
package struct BlockedShape: TensorShape {
  /// Images.
  package var batch: Int
  /// Real channels; storage is rounded up to whole blocks of 16.
  package var channels: Int
  /// Rows and columns, the halo not counted.
  package var height: Int, width: Int
  /// Zero pixels on each side: 0 or 1.
  package var halo: Int

  /// A shape; `halo` is 0 or 1 and every other extent is at least 1.
  package init(batch: Int, channels: Int, height: Int, width: Int, halo: Int) {
    self.batch = batch
    self.channels = channels
    self.height = height
    self.width = width
    self.halo = halo
  }

  /// Channel blocks of 16.
  package var blocks: Int { (channels &+ 15) / 16 }
  /// Channels rounded up to 16.
  package var paddedChannels: Int { blocks &* 16 }
  /// Floats between vertically adjacent pixels.
  package var rowStride: Int { (width &+ 2 &* halo) &* 16 }
  /// Floats between channel blocks.
  package var blockStride: Int { (height &+ 2 &* halo) &* rowStride }
  /// Floats between images.
  package var imageStride: Int { blocks &* blockStride }
  package var elementCount: Int { batch &* imageStride }
  package var planeStride: Int { blockStride }
  /// Offset of pixel (0, 0) within a block, in floats.
  package var originOffset: Int { halo &* (rowStride &+ 16) }
  /// Pixels of one image.
  package var pixelCount: Int { height &* width }

  /// All rows of a plane.
  package func wholePlane(_ plane: Int) -> PlaneBand { PlaneBand(plane: plane, rows: 0..<height) }

  /// The floats of a band in the buffer: its rows with the halo beside them, and above or below if they touch the edge.
  package func span(_ band: PlaneBand) -> Range<Int> {
    let plane = band.plane &* blockStride
    let first = band.rows.lowerBound == 0 ? 0 : (band.rows.lowerBound &+ halo) &* rowStride
    let end = band.rows.upperBound == height ? blockStride : (band.rows.upperBound &+ halo) &* rowStride
    return plane &+ first..<plane &+ end
  }
}

/// The dense layout: row-major `[rows][columns]` floats, rows padded with **zeros** to a multiple of 16 floats.
package struct DenseShape: TensorShape {
  /// Vectors.
  package var rows: Int
  /// Floats of a vector that mean something.
  package var columns: Int

  /// A shape of at least one row and one column.
  package init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
  }

  /// Floats between rows.
  package var rowStride: Int { (columns &+ 15) & ~15 }
  package var elementCount: Int { rows &* rowStride }
  package var planeStride: Int { rowStride }
}
