import FoundationEssentials
import Imaging

/// A picture as a page holds it: PNG bytes in base64, made once, so that no pixels need to stay in memory.
package struct ReportImage: Sendable, Codable {
  package let width: Int
  package let height: Int
  /// Shown pixel by pixel, enlarged: smoothing would hide what there is to see.
  package var isTiny: Bool { max(width, height) < 128 }
  private let base64: String

  /// - Parameter maximumSide: larger pictures are averaged down to it (`ReportDetail` chooses it).
  package init(_ image: Image8, maximumSide: Int = .max) throws(ImagingError) {
    let side = max(image.width, image.height)
    var shown = image
    if side > maximumSide && maximumSide > 0 {
      shown = image.resized(
        height: max(1, image.height * maximumSide / side), width: max(1, image.width * maximumSide / side))
    }
    width = shown.width
    height = shown.height
    base64 = Data(try PNG.encode(shown)).base64EncodedString()
  }

  /// A file that this program has written, as it is; nil where it is larger than `maximumSide`.
  package init?(png bytes: [UInt8], maximumSide: Int) {
    guard let header = try? PNGHeader(bytes, path: ""), max(header.width, header.height) <= maximumSide else {
      return nil
    }
    width = header.width
    height = header.height
    base64 = Data(bytes).base64EncodedString()
  }

  /// A film as animated PNG, which every browser plays; nil beyond what a page should hold.
  package init?(film bytes: [UInt8], height: Int, width: Int, byteLimit: Int = 3_000_000) {
    guard bytes.count <= byteLimit else { return nil }
    self.width = width
    self.height = height
    base64 = Data(bytes).base64EncodedString()
  }

  /// An `img` element that holds the picture.
  ///
  /// - Parameter id: lets `copy` show the same bytes once more.
  package func element(id: String? = nil, alt: String) -> HTML {
    let name: HTML = id.map { "id=\"\($0)\" " } ?? ""
    return """
      <img \(name)class="\(isTiny ? "tiny" : "photo")" width="\(width)" height="\(height)" alt="\(alt)" \
      decoding="async" src="data:image/png;base64,\(HTML(trusted: base64))">
      """
  }

  /// A film with its caption.
  package func figure(of name: String) -> HTML {
    """
    <figure class="film">\(element(alt: "Film of \(name)"))<figcaption>As a film</figcaption></figure>

    """
  }

  /// An `img` element that shows the picture of another element; the script gives it its source.
  package func copy(of id: String, alt: String, classes: String = "") -> HTML {
    """
    <img class="\(isTiny ? "tiny" : "photo") \(classes)" width="\(width)" height="\(height)" alt="\(alt)" \
    data-of="\(id)">
    """
  }
}

/// How much of each image a page can hold before it becomes too heavy to open on a phone.
///
/// Chosen before the run from the counts alone, so that pictures can be packed as they come.
package struct ReportDetail: Equatable, Sendable {
  /// Largest side of original, encoder's output and result.
  package var side: Int
  /// Largest side of snapshots; 0 leaves them out.
  package var snapshotSide: Int

  /// - Parameter byteBudget: about what all pictures of the page together may take.
  package init(imageCount: Int, resolution: Int, snapshotCount: Int, byteBudget: Int = 40_000_000) {
    // Photographs compress to about 1.7 bytes per pixel; base64 adds a third.
    func byteCount(_ side: Int, _ snapshotSide: Int) -> Int {
      imageCount * (3 * side * side + snapshotCount * snapshotSide * snapshotSide) * 9 / 4
    }
    var side = resolution
    while true {
      for snapshotSide in [side, side / 2, side / 4] where snapshotSide >= 32 || snapshotSide == side {
        if byteCount(side, snapshotSide) <= byteBudget {
          self.init(side: side, snapshotSide: snapshotSide)
          return
        }
      }
      if byteCount(side, 0) <= byteBudget || side <= 32 {
        self.init(side: side, snapshotSide: 0)
        return
      }
      side /= 2
    }
  }

  package init(side: Int, snapshotSide: Int) {
    self.side = side
    self.snapshotSide = snapshotSide
  }
}
