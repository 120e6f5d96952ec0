import CPNG

// The only code of this module that meets libpng, and with `FileBytes` and `AtomicFile` the only code that
// holds a pointer. libpng's simplified interface catches its own errors (no `setjmp` on our side) and leaves
// their text in `png_image.message`.

/// What libpng said.
struct LibPNGProblem: Error { var reason: String }

/// The outcome of one encoding.
enum LibPNGEncoding {
  case written([UInt8])
  /// The buffer was too small; this many bytes would do.
  case needs(Int)
  case failed(String)
}

/// A `png_image` at a fixed address: libpng keeps the address between calls.
private func withPNGImage<Result>(_ body: (UnsafeMutablePointer<png_image>) -> Result) -> Result {
  let image = UnsafeMutablePointer<png_image>.allocate(capacity: 1)
  image.initialize(to: png_image())
  image.pointee.version = png_uint_32(PNG_IMAGE_VERSION)
  defer {
    png_image_free(image)
    image.deinitialize(count: 1)
    image.deallocate()
  }
  return body(image)
}

/// The text of the last error or warning.
private func message(_ image: UnsafeMutablePointer<png_image>) -> String {
  let text = withUnsafeBytes(of: image.pointee.message) { bytes in
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
  return text.isEmpty ? "libpng gave no reason" : "libpng says \"\(text)\""
}

func libpngDecode(_ bytes: [UInt8], _ header: PNGHeader) -> Result<Image8, LibPNGProblem> {
  withPNGImage { image in
    bytes.withUnsafeBytes { file -> Result<Image8, LibPNGProblem> in
      guard png_image_begin_read_from_memory(image, file.baseAddress, file.count) != 0 else {
        return .failure(LibPNGProblem(reason: message(image)))
      }
      guard Int(image.pointee.width) == header.width, Int(image.pointee.height) == header.height else {
        return .failure(LibPNGProblem(reason: "libpng reads another size than the header states"))
      }
      // Without this flag, 16-bit samples of a file without gAMA would be taken as linear light.
      image.pointee.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
      // Alpha is asked for and laid over white here: libpng would blend in linear light.
      let hasAlpha = image.pointee.format & png_uint_32(PNG_FORMAT_FLAG_ALPHA) != 0
      let channelCount = hasAlpha ? 4 : 3
      image.pointee.format = png_uint_32(
        hasAlpha ? PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA : PNG_FORMAT_FLAG_COLOR)
      var isRead = false
      let samples = [UInt8](unsafeUninitializedCapacity: header.width * header.height * channelCount) {
        buffer, count in
        isRead = png_image_finish_read(image, nil, buffer.baseAddress, 0, nil) != 0
        count = isRead ? buffer.count : 0
      }
      guard isRead else { return .failure(LibPNGProblem(reason: message(image))) }
      return .success(
        Image8(
          height: header.height, width: header.width,
          pixels: hasAlpha ? overWhite(samples) : samples))
    }
  }
}

/// RGBA bytes laid over white, in encoded values.
private func overWhite(_ samples: [UInt8]) -> [UInt8] {
  var pixels = [UInt8]()
  pixels.reserveCapacity(samples.count / 4 * 3)
  for start in stride(from: 0, to: samples.count, by: 4) {
    let alpha = Int(samples[start + 3])
    let white = 255 * (255 - alpha) + 127
    for channel in 0..<3 {
      pixels.append(UInt8((Int(samples[start + channel]) * alpha + white) / 255))
    }
  }
  return pixels
}

func libpngEncode(_ picture: Image8, capacity: Int) -> LibPNGEncoding {
  withPNGImage { image in
    image.pointee.width = png_uint_32(picture.width)
    image.pointee.height = png_uint_32(picture.height)
    image.pointee.format = png_uint_32(PNG_FORMAT_FLAG_COLOR)
    var isWritten = false
    var byteCount = png_alloc_size_t(capacity)
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      isWritten =
        png_image_write_to_memory(image, buffer.baseAddress, &byteCount, 0, picture.pixels, 0, nil) != 0
      count = isWritten ? Int(byteCount) : 0
    }
    if isWritten { return .written(bytes) }
    return Int(byteCount) > capacity ? .needs(Int(byteCount)) : .failed(message(image))
  }
}
