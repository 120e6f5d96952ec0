import Files
import Imaging

/// The parts of a result folder that idinvert_pytorch's scripts read too.
package enum ResultFolder {
  /// What an inversion writes beside the pictures.
  package static let inversionFiles = [
    "encoded_codes.npy", "inverted_codes.npy", "image_list.txt", "losses.jsonl", "summary.json", "inversion.html",
    InversionJournal.name,
  ]

  /// Writes one line per image; line i belongs to row i of the codes.
  ///
  /// Scripts take an image's NAME from the stem of its line. Where two inputs share a stem, the later one's line is its
  /// unique NAME instead of its path.
  package static func writeImageList(_ images: [ListedImage], to path: String) throws {
    // A name with a line break would move all later lines.
    let lines = images.map { ImageList.printable(ImageList.stem(of: $0.path) == $0.name ? $0.path : "\($0.name).png") }
    try AtomicFile.write(lines.flatMap { PathText.bytes($0) + [0x0a] }, to: path, links: .replaced)
  }
}
