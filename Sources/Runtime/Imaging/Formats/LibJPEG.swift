import CJPEG

// The only code of this module that meets libjpeg. libjpeg's errors end in `shim.h`; here they are values.

/// A JPEG file whose rows are read one after the other.
final class LibJPEGReader {
  private let reader: UnsafeMutablePointer<idinv_jpeg_reader>
  private let input: SourceReading

  /// Begins with the file's first byte, and reads up to the first scan.
  ///
  /// - Throws: `.damaged`, and what reading the file throws.
  init(_ source: ImageSource) throws(ImagingError) {
    input = SourceReading(source)
    // At a fixed address: libjpeg keeps it between calls.
    reader = UnsafeMutablePointer<idinv_jpeg_reader>.allocate(capacity: 1)
    reader.initialize(to: idinv_jpeg_reader())
    reader.pointee.context = Unmanaged.passUnretained(input).toOpaque()
    reader.pointee.read = { context, target, count in
      guard let context, let target else { return 0 }
      return Unmanaged<SourceReading>.fromOpaque(context).takeUnretainedValue().takeSome(target, count)
    }
    guard idinv_jpeg_begin(reader) != 0 else { throw problem() }
  }

  deinit {
    idinv_jpeg_end(reader)
    reader.deinitialize(count: 1)
    reader.deallocate()
  }

  var width: Int { Int(reader.pointee.width) }
  var height: Int { Int(reader.pointee.height) }

  /// Begins to decode, with both sides divided by 1, 2, 4 or 8.
  func start(reduction: Int) throws(ImagingError) {
    guard idinv_jpeg_start(reader, UInt32(reduction)) != 0 else { throw problem() }
  }

  func row(into samples: UnsafeMutablePointer<UInt8>) throws(ImagingError) {
    guard idinv_jpeg_row(reader, samples) != 0 else { throw problem() }
  }

  /// Reads to the end of the file.
  func finish() throws(ImagingError) {
    guard idinv_jpeg_finish(reader) != 0 else { throw problem() }
  }

  private func problem() -> ImagingError {
    input.error
      ?? .damaged(
        path: input.source.path, format: "JPEG",
        reason: "libjpeg-turbo says \"\(text(ofCharacters: reader.pointee.trap.message))\"")
  }
}

/// A JPEG file that is written row by row.
final class LibJPEGWriter: RowEncoder {
  private let writer: UnsafeMutablePointer<idinv_jpeg_writer>
  private let output: SinkWriting

  /// Writes the headers.
  ///
  /// - Parameter segments: what applications have to say: marker and data.
  init(
    _ size: PictureSize, quality: Int, density: ImageMetadata.Density, segments: [(marker: UInt8, data: [UInt8])],
    to sink: @escaping ByteSink
  ) throws {
    output = SinkWriting(sink)
    writer = UnsafeMutablePointer<idinv_jpeg_writer>.allocate(capacity: 1)
    writer.initialize(to: idinv_jpeg_writer())
    writer.pointee.context = Unmanaged.passUnretained(output).toOpaque()
    writer.pointee.write = SinkWriting.take
    writer.pointee.width = UInt32(size.width)
    writer.pointee.height = UInt32(size.height)
    writer.pointee.quality = Int32(quality)
    writer.pointee.isSubsampled = quality >= 90 ? 0 : 1
    writer.pointee.densityUnit = density.unit.rawValue
    writer.pointee.densityX = UInt16(clamping: density.x)
    writer.pointee.densityY = UInt16(clamping: density.y)
    guard idinv_jpeg_create(writer) != 0 else { throw problem() }
    for segment in segments {
      guard idinv_jpeg_segment(writer, Int32(segment.marker), segment.data, UInt32(segment.data.count)) != 0 else {
        throw problem()
      }
    }
  }

  deinit {
    idinv_jpeg_close(writer)
    writer.deinitialize(count: 1)
    writer.deallocate()
  }

  func append(_ row: UnsafePointer<UInt8>) throws {
    guard idinv_jpeg_append(writer, row) != 0 else { throw problem() }
  }

  func finish() throws {
    guard idinv_jpeg_complete(writer) != 0 else { throw problem() }
  }

  private func problem() -> any Error {
    output.error
      ?? ImagingError.notEncodable(
        reason: "libjpeg-turbo says \"\(text(ofCharacters: writer.pointee.trap.message))\"")
  }
}

/// A message of a library, from its C array.
func text<CharacterTuple>(ofCharacters characters: CharacterTuple) -> String {
  withUnsafeBytes(of: characters) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
}
