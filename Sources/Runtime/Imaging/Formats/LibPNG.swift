import CPNG

// The only code of this module that meets libpng. libpng's errors end in `shim.h`; here they are values.

/// A PNG file whose rows are read one after the other.
final class LibPNGReader {
  private let reader: UnsafeMutablePointer<idinv_png_reader>
  private let input: LibPNGInput

  /// Begins with the file's first byte, and reads up to the first pixels.
  ///
  /// - Throws: `.damaged`, and what reading the file throws.
  init(_ source: ImageSource) throws(ImagingError) {
    input = LibPNGInput(source)
    // At a fixed address: libpng keeps it between calls.
    reader = UnsafeMutablePointer<idinv_png_reader>.allocate(capacity: 1)
    reader.initialize(to: idinv_png_reader())
    reader.pointee.context = Unmanaged.passUnretained(input).toOpaque()
    reader.pointee.read = { context, target, count in
      guard let context, let target else { return 0 }
      return Unmanaged<LibPNGInput>.fromOpaque(context).takeUnretainedValue().take(target, count)
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
    input.error ?? .damaged(path: input.source.path, format: "PNG", reason: said(reader.pointee.message))
  }
}

/// The file, for libpng, which asks for a few bytes at a time.
private final class LibPNGInput {
  let source: ImageSource
  private(set) var error: ImagingError?
  private var piece: [UInt8] = []
  private var pieceStart = 0
  private var offset = 0

  init(_ source: ImageSource) { self.source = source }

  /// Copies the next bytes; returns how many there were.
  func take(_ target: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int {
    var done = 0
    while done < count {
      let place = offset - pieceStart
      if place >= piece.count {
        do throws(ImagingError) {
          piece = try source.read(at: offset, count: 1 << 16)
        } catch {
          self.error = error
          return done
        }
        pieceStart = offset
        guard !piece.isEmpty else { return done }
        continue
      }
      let step = min(count - done, piece.count - place)
      piece.withUnsafeBufferPointer { target.advanced(by: done).update(from: $0.baseAddress! + place, count: step) }
      done += step
      offset += step
    }
    return done
  }
}

/// The outcome of one encoding.
enum LibPNGEncoding {
  case written([UInt8])
  /// The buffer was too small; this many bytes would do.
  case needs(Int)
  case failed(String)
}

/// Encodes 8-bit sRGB pixels into at most `capacity` bytes.
func libpngEncode(_ picture: Image8, capacity: Int) -> LibPNGEncoding {
  var image = png_image()
  image.version = png_uint_32(PNG_IMAGE_VERSION)
  image.width = png_uint_32(picture.width)
  image.height = png_uint_32(picture.height)
  image.format = png_uint_32(PNG_FORMAT_FLAG_COLOR)
  var isWritten = false
  var byteCount = png_alloc_size_t(capacity)
  let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
    // One call begins, ends and frees everything: libpng keeps no address of `image`.
    isWritten =
      png_image_write_to_memory(&image, buffer.baseAddress, &byteCount, 0, picture.pixels, 0, nil) != 0
    count = isWritten ? Int(byteCount) : 0
  }
  if isWritten { return .written(bytes) }
  return Int(byteCount) > capacity ? .needs(Int(byteCount)) : .failed(said(image.message))
}

/// A message of libpng, from its C array.
private func said<CharacterTuple>(_ characters: CharacterTuple) -> String {
  let text = withUnsafeBytes(of: characters) { bytes in
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
  return text.isEmpty ? "libpng gave no reason" : "libpng says \"\(text)\""
}
