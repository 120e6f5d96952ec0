/// A tensor that is one contiguous, 64-byte aligned run of floats.
public protocol TensorShape: Hashable, Sendable {
  /// Floats in the buffer, halo and padding included; a multiple of 16.
  var elementCount: Int { get }
  /// Floats of a plane: of one channel block of an image, or of a row. A multiple of 16.
  var planeStride: Int { get }
}

extension TensorShape {
  /// Bytes of the buffer.
  public var byteCount: Int { elementCount &* 4 }
  public var planeCount: Int { elementCount / planeStride }
}

/// The blocked layout NCHWc16: `[batch][block][height + 2·halo][width + 2·halo][16]` floats.
///
/// Sixteen consecutive channels of one pixel lie side by side. The halo and the channels above `channels` in the
/// last block are **zero** when an operator starts, and every operator that writes the tensor writes them as zero.
public struct BlockedShape: TensorShape {
  /// Images.
  public var batch: Int
  /// Real channels; storage is rounded up to whole blocks of 16.
  public var channels: Int
  /// Rows and columns, the halo not counted.
  public var height: Int, width: Int
  /// Zero pixels on each side: 0 or 1.
  public var halo: Int

  /// A shape; `halo` is 0 or 1 and every other extent is at least 1.
  public init(batch: Int, channels: Int, height: Int, width: Int, halo: Int) {
    self.batch = batch
    self.channels = channels
    self.height = height
    self.width = width
    self.halo = halo
  }

  /// Channel blocks of 16.
  public var blocks: Int { (channels &+ 15) / 16 }
  /// Channels rounded up to 16.
  public var paddedChannels: Int { blocks &* 16 }
  /// Floats between vertically adjacent pixels.
  public var rowStride: Int { (width &+ 2 &* halo) &* 16 }
  /// Floats between channel blocks.
  public var blockStride: Int { (height &+ 2 &* halo) &* rowStride }
  /// Floats between images.
  public var imageStride: Int { blocks &* blockStride }
  public var elementCount: Int { batch &* imageStride }
  public var planeStride: Int { blockStride }
  /// Offset of pixel (0, 0) within a block, in floats.
  public var originOffset: Int { halo &* (rowStride &+ 16) }
  /// Pixels of one image.
  public var pixelCount: Int { height &* width }
}

/// The dense layout: row-major `[rows][columns]` floats, rows padded with **zeros** to a multiple of 16 floats.
public struct DenseShape: TensorShape {
  /// Vectors.
  public var rows: Int
  /// Floats of a vector that mean something.
  public var columns: Int

  /// A shape of at least one row and one column.
  public init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
  }

  /// Floats between rows.
  public var rowStride: Int { (columns &+ 15) & ~15 }
  public var elementCount: Int { rows &* rowStride }
  public var planeStride: Int { rowStride }
}
