import CPNG

// The only code of this module that meets libpng, and with `FileBytes` and `AtomicFile` the only code that
// holds a pointer. libpng's errors end in `shim.h`; here they are values.

/// What libpng said.
struct LibPNGProblem: Error { var reason: String }

/// The samples of a file as stored, spread to RGB or RGBA.
struct PNGSamples {
  /// Rows without padding; 16-bit samples big-endian.
  var bytes: [UInt8]
  var width: Int
  var height: Int
  /// 3, or 4 with alpha.
  var channelCount: Int
  /// 8 or 16.
  var bitDepth: Int
  /// The exponent that `gAMA` states (0.45455 for ordinary pictures, 1 for linear ones), unless `sRGB` overrules it.
  var gamma: Double?
}

/// The outcome of one encoding.
enum LibPNGEncoding {
  case written([UInt8])
  /// The buffer was too small; this many bytes would do.
  case needs(Int)
  case failed(String)
}

/// Reads all samples of a file whose header has been checked.
func libpngDecode(_ bytes: [UInt8], _ header: PNGHeader) -> Result<PNGSamples, LibPNGProblem> {
  // At a fixed address: libpng keeps it between calls.
  let reader = UnsafeMutablePointer<idinv_png_reader>.allocate(capacity: 1)
  reader.initialize(to: idinv_png_reader())
  defer {
    idinv_png_end(reader)
    reader.deinitialize(count: 1)
    reader.deallocate()
  }
  return bytes.withUnsafeBufferPointer { file -> Result<PNGSamples, LibPNGProblem> in
    reader.pointee.bytes = file.baseAddress
    reader.pointee.byteCount = file.count
    func problem() -> Result<PNGSamples, LibPNGProblem> {
      .failure(LibPNGProblem(reason: said(reader.pointee.message)))
    }
    guard idinv_png_begin(reader) != 0 else { return problem() }
    guard Int(reader.pointee.width) == header.width, Int(reader.pointee.height) == header.height else {
      return .failure(LibPNGProblem(reason: "libpng reads another size than the header states"))
    }
    let channelCount = Int(reader.pointee.channelCount)
    let bitDepth = Int(reader.pointee.bitDepth)
    var isRead = false
    let samples = [UInt8](repeating: 0, count: header.width * header.height * channelCount * (bitDepth / 8))
      .readInto { isRead = idinv_png_rows(reader, $0) != 0 }
    guard isRead else { return problem() }
    return .success(
      PNGSamples(
        bytes: samples, width: header.width, height: header.height, channelCount: channelCount,
        bitDepth: bitDepth, gamma: reader.pointee.gamma == 0 ? nil : Double(reader.pointee.gamma) / 100_000))
  }
}

extension [UInt8] {
  /// The array after `body` has filled it. It starts zeroed: pages that a damaged file never reaches stay unused.
  fileprivate consuming func readInto(_ body: (UnsafeMutablePointer<UInt8>) -> Void) -> [UInt8] {
    withUnsafeMutableBufferPointer { buffer in
      if let start = buffer.baseAddress { body(start) }
    }
    return self
  }
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
