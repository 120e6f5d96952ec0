import Files
import Imaging
import Reports

/// The films of a run, one after the other, each as animated PNG (exact) and GIF (for what shows no other); nothing where none
/// are wanted.
package struct FilmStrip {
  private let output: OutputFolder
  private let framesPerSecond: Int?
  private var film: (png: AnimatedPNG, gif: AnimatedGIF)?
  /// Names of the files so far.
  package private(set) var written: [String] = []

  /// - Parameter framesPerSecond: nil for no film.
  package init(_ output: OutputFolder, framesPerSecond: Int?) {
    self.output = output
    self.framesPerSecond = framesPerSecond
  }

  /// The files of a film.
  package static func files(_ stem: String) -> [String] { ["\(stem).png", "\(stem).gif"] }

  /// Adds a frame; all of a film have one size.
  package mutating func append(_ image: Image8) throws {
    guard let framesPerSecond else { return }
    var film =
      self.film
      ?? (
        AnimatedPNG(height: image.height, width: image.width, framesPerSecond: framesPerSecond),
        AnimatedGIF(height: image.height, width: image.width, framesPerSecond: framesPerSecond)
      )
    self.film = nil
    try film.png.append(image)
    film.gif.append(image)
    self.film = film
  }

  /// Writes what there is, and begins the next film.
  ///
  /// - Returns: the film as a page shows it; nil where there is none, or it is too large for a page.
  @discardableResult
  package mutating func finish(_ stem: String) throws -> ReportImage? {
    guard let film else { return nil }
    self.film = nil
    let bytes = film.png.bytes
    for (name, bytes) in zip(Self.files(stem), [bytes, film.gif.bytes]) {
      try output.write(bytes, name)
      written.append(name)
    }
    return ReportImage(film: bytes, height: film.png.height, width: film.png.width)
  }
}
