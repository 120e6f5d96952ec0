import Files

/// Takes the next bytes of a file that is written piece by piece.
package typealias ByteSink = (UnsafeRawBufferPointer) throws -> Void

/// Columns and rows.
package struct PictureSize: Equatable, Sendable {
  package var width: Int
  package var height: Int

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }
}

/// Writes a picture row by row, so that memory does not grow with it.
package protocol RowEncoder: AnyObject {
  /// Takes the next row: pixels of 8-bit RGB.
  func append(_ row: UnsafePointer<UInt8>) throws
  /// Ends the file, after the last row.
  func finish() throws
}

/// How a picture is written.
package enum PictureFormat: Equatable, Sendable {
  case png
  case jpeg(quality: Int)

  /// Ending of a file's name.
  package var nameEnding: String {
    switch self {
    case .png: "png"
    case .jpeg: "jpg"
    }
  }

  /// Begins a file.
  ///
  /// - Throws: `.notEncodable`; what `sink` throws, here and later.
  package func encoder(
    _ size: PictureSize, metadata: ImageMetadata = ImageMetadata(), to sink: @escaping ByteSink
  ) throws -> any RowEncoder {
    switch self {
    case .png: try PNG.encoder(size, metadata: metadata, to: sink)
    case .jpeg(let quality): try JPEG.encoder(size, quality: quality, metadata: metadata, to: sink)
    }
  }

  /// The bytes of a file.
  package func encode(_ image: Image8, metadata: ImageMetadata = ImageMetadata()) throws(ImagingError) -> [UInt8] {
    var bytes: [UInt8] = []
    do {
      let encoder = try encoder(PictureSize(width: image.width, height: image.height), metadata: metadata) {
        bytes.append(contentsOf: $0)
      }
      try image.pixels.withUnsafeBufferPointer { pixels in
        for row in 0..<image.height { try encoder.append(pixels.baseAddress! + row * image.width * 3) }
      }
      try encoder.finish()
    } catch let error as ImagingError {
      throw error
    } catch {
      preconditionFailure("PictureFormat: \(error)")  // An array takes every byte.
    }
    return bytes
  }

  package func write(
    _ image: Image8, metadata: ImageMetadata = ImageMetadata(), to path: String
  ) throws(ImagingError) {
    let bytes = try encode(image, metadata: metadata)
    try ImagingError.files { () throws(FileError) in try AtomicFile.write(bytes, to: path) }
  }
}

/// A sink for a library in C, which learns only that it failed.
final class SinkWriting {
  private let sink: ByteSink
  private(set) var error: (any Error)?

  init(_ sink: @escaping ByteSink) { self.sink = sink }

  static let take: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<UInt8>?, Int) -> Int32 = {
    context, bytes, count in
    guard let context, let bytes else { return 0 }
    let writing = Unmanaged<SinkWriting>.fromOpaque(context).takeUnretainedValue()
    do {
      try writing.sink(UnsafeRawBufferPointer(start: bytes, count: count))
      return 1
    } catch {
      writing.error = error
      return 0
    }
  }
}

/// A file for a library in C, which asks for a few bytes at a time.
final class SourceReading {
  let source: ImageSource
  private(set) var error: ImagingError?
  private var piece: [UInt8] = []
  private var pieceStart = 0
  private var offset = 0

  init(_ source: ImageSource) { self.source = source }

  /// Copies the next bytes, as many as there are at once; returns how many: 0 at the end, and where reading fails.
  func takeSome(_ target: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int {
    var place = offset - pieceStart
    if place >= piece.count {
      do throws(ImagingError) {
        piece = try source.read(at: offset, count: 1 << 16)
      } catch {
        self.error = error
        return 0
      }
      pieceStart = offset
      place = 0
    }
    let step = min(count, piece.count - place)
    guard step > 0 else { return 0 }
    piece.withUnsafeBufferPointer { target.update(from: $0.baseAddress! + place, count: step) }
    offset += step
    return step
  }

  /// Copies the next bytes; returns how many there were.
  func take(_ target: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int {
    var done = 0
    while done < count {
      let step = takeSome(target + done, count - done)
      guard step > 0 else { break }
      done += step
    }
    return done
  }
}
