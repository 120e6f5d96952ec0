/// A reader of one picture format. A further format is one file with such a type, and one line in `imageDecoders`.
///
/// The header is read and checked when the value is made; pixels, and the memory for them, only by `decode`.
protocol ImageDecoder {
  /// As people call it: "JPEG".
  static var formatName: String { get }

  /// Name endings of such files, in lower case, with the dot.
  static var nameEndings: [String] { get }

  /// Whether a file with these first bytes (32, or all of a shorter file) is of this format.
  static func recognizes(_ start: [UInt8]) -> Bool

  init(_ source: ImageSource) throws(ImagingError)

  var header: ImageHeader { get }

  /// The largest reduction of both sides, `wanted` at the most, that the codec does by itself.
  func reduction(atMost wanted: Int) -> Int

  /// Bytes that decoding takes, besides what is made of its rows.
  func workingByteCount(reduction: Int) -> Int

  /// Decodes row by row, from the top of the stored picture. Rows have `header.layout`, and ⌈width / reduction⌉ pixels.
  ///
  /// - Parameter take: tells whether it wants the rows below, too; without them, the rest of the file is not looked at.
  func decode(reduction: Int, _ take: (UnsafePointer<UInt8>) -> Bool) throws(ImagingError)
}

extension ImageDecoder {
  func reduction(atMost wanted: Int) -> Int { 1 }
}

/// All formats that are read.
var imageDecoders: [any ImageDecoder.Type] { [PNGDecoder.self, JPEGDecoder.self, WebPDecoder.self] }

/// What is known of a picture before its pixels are decoded.
package struct ImageHeader: Sendable {
  /// "PNG", "JPEG", "WebP".
  package var formatName: String
  /// Columns and rows as stored, that is, before the orientation is applied.
  package var storedWidth: Int
  package var storedHeight: Int
  package var orientation = Orientation.upright
  package var metadata = ImageMetadata()
  /// How the samples of a row lie.
  var layout = SampleLayout()
  /// What the samples mean.
  var color = StoredColor.sRGB
  /// What was found damaged, and is ignored.
  package var remarks: [String] = []

  /// Columns of the upright picture.
  package var width: Int { orientation.swapsSides ? storedHeight : storedWidth }
  /// Rows of the upright picture.
  package var height: Int { orientation.swapsSides ? storedWidth : storedHeight }
}

/// What a photograph says about itself, to be kept when it is written back.
package struct ImageMetadata: Equatable, Sendable {
  /// A TIFF structure, as in JPEG's APP1 after "Exif\0\0" and in PNG's eXIf.
  package var exif: [UInt8]?
  /// The ICC profile of the stored samples.
  package var profile: [UInt8]?
  package var density: Density?

  /// Pixels per inch, or their mere ratio.
  package struct Density: Equatable, Sendable {
    package enum Unit: UInt8, Sendable { case none = 0, inch = 1, centimeter = 2 }
    package var unit: Unit
    package var x: Int
    package var y: Int

    package init(unit: Unit, x: Int, y: Int) {
      self.unit = unit
      self.x = x
      self.y = y
    }
  }

  package init(exif: [UInt8]? = nil, profile: [UInt8]? = nil, density: Density? = nil) {
    self.exif = exif
    self.profile = profile
    self.density = density
  }
}

/// How the samples of a stored row lie.
struct SampleLayout: Equatable, Sendable {
  enum Channels: Int, Sendable {
    case rgb = 3
    case rgbAlpha = 4
    /// Cyan, magenta, yellow, black: 255 is full ink.
    case cmyk
    /// The same, 0 is full ink: what Adobe's programs write.
    case invertedCMYK

    var count: Int { self == .rgb ? 3 : 4 }
  }
  var channels = Channels.rgb
  /// 8, or 16 (big-endian).
  var bitDepth = 8
  /// Whether red, green and blue are always the same.
  var isGray = false

  var pixelByteCount: Int { channels.count * bitDepth / 8 }
}

/// How large a picture may be, so that a hostile header cannot ask for all memory.
package struct ImageLimits: Equatable, Sendable {
  /// Largest width and height.
  package static let side = 1_000_000
  /// Largest number of pixels: a bound on time, where memory does not grow with the picture.
  package var pixelCount: Int
  /// Most memory that one picture may take while it is read.
  package var byteCount: Int

  package init(pixelCount: Int = 500_000_000, byteCount: Int = 1 << 30) {
    self.pixelCount = pixelCount
    self.byteCount = byteCount
  }
}
