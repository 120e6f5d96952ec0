/// Formats that are not read, by the first bytes of their files.
enum ForeignFormat {
  /// "a HEIC file"; "no picture format known here".
  static func name(_ bytes: [UInt8]) -> String {
    func has(_ text: String, at offset: Int) -> Bool { bytes.dropFirst(offset).starts(with: text.utf8) }
    func has(_ start: [UInt8]) -> Bool { bytes.starts(with: start) }
    if has("GIF8", at: 0) { return "a GIF file" }
    if has("ftypavif", at: 4) || has("ftypavis", at: 4) { return "an AVIF file" }
    if ["ftyphei", "ftyphev", "ftypmif1", "ftypmsf1"].contains(where: { has($0, at: 4) }) { return "a HEIC file" }
    if has("ftypcrx", at: 4) { return "a raw file of a camera (CR3)" }
    if has([0x49, 0x49, 0x2A, 0x00]) || has([0x4D, 0x4D, 0x00, 0x2A]) {
      return "a TIFF file, or a raw file of a camera"
    }
    if has([0xFF, 0x0A]) || has("JXL ", at: 4) { return "a JPEG XL file" }
    if has("jP  ", at: 4) || has([0xFF, 0x4F, 0xFF, 0x51]) { return "a JPEG 2000 file" }
    if has("BM", at: 0) { return "a BMP file" }
    if ["P3", "P5", "P6"].contains(where: { has($0, at: 0) }) { return "a PNM file" }
    if has("8BPS", at: 0) { return "a Photoshop file" }
    if has("<svg", at: 0) || has("<?xml", at: 0) { return "an SVG or XML file" }
    if has("%PDF", at: 0) { return "a PDF file" }
    return unknown
  }

  static let unknown = "no picture format known here"

  /// Endings of names that pictures have; files that begin with no known bytes are told apart by them.
  static let nameEndings: Set<String> = [
    ".gif", ".avif", ".heic", ".heif", ".cr2", ".cr3", ".nef", ".arw", ".dng", ".tif", ".tiff", ".jxl", ".jp2", ".bmp",
    ".ppm", ".pgm", ".psd", ".svg", ".pdf",
  ]
}
