import Imaging

/// A picture: 8-bit sRGB, red, green and blue of each pixel, row by row from the top.
public struct Image: Sendable, Equatable {
  /// What to do with a picture that is not square: models work on squares.
  public enum Crop: String, Sendable, CaseIterable {
    /// Refuse it: squashing a face in silence spoils its inversion.
    case none
    /// Cut the largest square out of the middle.
    case center
  }

  public let width: Int
  public let height: Int
  /// `height · width · 3` bytes.
  public let pixels: [UInt8]

  /// - Throws: `.invalidArgument` where the number of bytes is not that of the sides.
  public init(width: Int, height: Int, pixels: [UInt8]) throws(IdinvError) {
    let (area, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, area <= Self.mostPixels, pixels.count == 3 * area else {
      throw IdinvError(
        .invalidArgument,
        "image: expected \(width)×\(height) pixels of 3 bytes, 1 to \(Self.mostPixels) pixels in all, found "
          + "\(pixels.count) bytes")
    }
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// Reads a whole picture file, upright and in sRGB: PNG, JPEG or WebP, whatever its name.
  ///
  /// `Model.image(contentsOf:)` is quicker for pictures that are larger than the model's.
  ///
  /// - Throws: `.missingFile`, `.inputOutput`; `.badData` where the file is damaged, of another format or too large.
  public init(contentsOf path: String) throws(IdinvError) {
    self.init(try IdinvError.wrapping(path: path) { try PictureFile.read(path, limits: .ofThisMachine) })
  }

  /// Writes a PNG file, whole or not at all.
  ///
  /// - Throws: `.cannotCreate`, `.inputOutput`.
  public func write(to path: String) throws(IdinvError) {
    try IdinvError.wrapping(path: path) { try PNG.write(picture, path) }
  }

  private static let mostPixels = 100_000_000

  init(_ picture: Image8) {
    width = picture.width
    height = picture.height
    pixels = picture.pixels
  }

  var picture: Image8 { Image8(height: height, width: width, pixels: pixels) }

  /// The picture as a model of some resolution takes it: larger ones are averaged, smaller ones interpolated.
  ///
  /// - Parameter name: for errors.
  func fitted(to resolution: Int, crop: Crop, name: String) throws(IdinvError) -> Image8 {
    guard width == height || crop == .center else {
      throw IdinvError(
        .badData,
        "\(name): is \(width)×\(height) pixels (width×height); expected a square picture, or the crop rule 'center'")
    }
    return try IdinvError.wrapping {
      try picture.fitted(to: resolution, crop: CropRule(rawValue: crop.rawValue) ?? .none, path: name)
    }
  }
}
