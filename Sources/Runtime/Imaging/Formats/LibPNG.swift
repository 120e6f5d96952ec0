import CPNG

// The only code of this module that meets libpng. libpng's errors end in `shim.h`; here they are values.

/// A PNG file whose rows are read one after the other.
final class LibPNGReader {
  private let reader: UnsafeMutablePointer<idinv_png_reader>
  private let input: SourceReading

  /// Begins with the file's first byte, and reads up to the first pixels.
  ///
  /// - Throws: `.damaged`, and what reading the file throws.
  init(_ source: ImageSource) throws(ImagingError) {
    input = SourceReading(source)
    // At a fixed address: libpng keeps it between calls.
    reader = UnsafeMutablePointer<idinv_png_reader>.allocate(capacity: 1)
    reader.initialize(to: idinv_png_reader())
    reader.pointee.context = Unmanaged.passUnretained(input).toOpaque()
    reader.pointee.read = { context, target, count in
      guard let context, let target else { return 0 }
      return Unmanaged<SourceReading>.fromOpaque(context).takeUnretainedValue().take(target, count)
    }
    guard idinv_png_begin(reader) != 0 else { throw problem() }
  }

  deinit {
    idinv_png_end(reader)
    reader.deinitialize(count: 1)
    reader.deallocate()
  }

  var width: Int { Int(reader.pointee.width) }
  var height: Int { Int(reader.pointee.height) }
  /// 3, or 4 with alpha.
  var channelCount: Int { Int(reader.pointee.channelCount) }
  /// 8, or 16 (big-endian).
  var bitDepth: Int { Int(reader.pointee.bitDepth) }
  /// How often all rows come: more than once where the file is interlaced.
  var passCount: Int { Int(reader.pointee.passCount) }
  var rowByteCount: Int { width * channelCount * bitDepth / 8 }
  /// The exponent that `gAMA` states (0.45455 for ordinary pictures, 1 for linear ones), unless `sRGB` overrules it.
  var gamma: Double? { reader.pointee.gamma == 0 ? nil : Double(reader.pointee.gamma) / 100_000 }
  /// The profile in `iCCP`.
  var profile: [UInt8]? {
    reader.pointee.profile.map {
      [UInt8](UnsafeBufferPointer(start: $0, count: Int(reader.pointee.profileByteCount)))
    }
  }

  /// The next row of the pass.
  func row(into samples: UnsafeMutablePointer<UInt8>) throws(ImagingError) {
    guard idinv_png_row(reader, samples) != 0 else { throw problem() }
  }

  /// Reads to the end of the file.
  func finish() throws(ImagingError) {
    guard idinv_png_finish(reader) != 0 else { throw problem() }
  }

  private func problem() -> ImagingError {
    input.error
      ?? .damaged(path: input.source.path, format: "PNG", reason: said(text(ofCharacters: reader.pointee.message)))
  }
}

/// A PNG file that is written row by row.
final class LibPNGWriter: RowEncoder {
  private let writer: UnsafeMutablePointer<idinv_png_writer>
  private let output: SinkWriting

  /// Writes the chunks before the pixels.
  ///
  /// - Parameter chunks: those that follow the header.
  init(_ size: PictureSize, isSRGB: Bool, chunks: [PNGChunk], to sink: @escaping ByteSink) throws {
    output = SinkWriting(sink)
    writer = UnsafeMutablePointer<idinv_png_writer>.allocate(capacity: 1)
    writer.initialize(to: idinv_png_writer())
    writer.pointee.context = Unmanaged.passUnretained(output).toOpaque()
    writer.pointee.write = SinkWriting.take
    writer.pointee.width = UInt32(size.width)
    writer.pointee.height = UInt32(size.height)
    guard idinv_png_create(writer, isSRGB ? 1 : 0) != 0 else { throw problem() }
    for chunk in chunks {
      guard idinv_png_chunk(writer, chunk.type, chunk.data, chunk.data.count) != 0 else { throw problem() }
    }
  }

  deinit {
    idinv_png_close(writer)
    writer.deinitialize(count: 1)
    writer.deallocate()
  }

  func append(_ row: UnsafePointer<UInt8>) throws {
    guard idinv_png_append(writer, row) != 0 else { throw problem() }
  }

  func finish() throws {
    guard idinv_png_complete(writer) != 0 else { throw problem() }
  }

  private func problem() -> any Error {
    output.error ?? ImagingError.notEncodable(reason: said(text(ofCharacters: writer.pointee.message)))
  }
}

private func said(_ text: String) -> String { text.isEmpty ? "libpng gave no reason" : "libpng says \"\(text)\"" }
