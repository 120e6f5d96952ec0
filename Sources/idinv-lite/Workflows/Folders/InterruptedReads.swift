/// The pictures that a run did not survive: its journal says that they were being read, and nothing about them after that.
///
/// Whoever resumes such a run reads these last and alone. A kill from outside that happens to hit a read then costs nothing: the
/// picture is read again. One that ends the program a second time, alone and with all others done, is not read a third time.
struct InterruptedReads<Picture: Hashable> {
  private struct Read {
    var count = 0
    /// The file of the last one; nil where it was not looked at.
    var source: FileDigest?
  }
  private var reads: [Picture: Read] = [:]

  /// A picture is about to be read.
  ///
  /// - Parameter source: its file, where it is suspected already: another file is another picture.
  mutating func begin(_ picture: Picture, source: FileDigest?) {
    var read = reads[picture] ?? Read()
    if let source, let earlier = read.source, source != earlier { read.count = 0 }
    read.count += 1
    read.source = source
    reads[picture] = read
  }

  /// The program is alive, whatever was read.
  mutating func end(_ picture: Picture) { reads[picture] = nil }

  /// Whether the program ended while it read this picture.
  func isSuspect(_ picture: Picture) -> Bool { reads[picture] != nil }

  /// Whether that happened twice in a row, with this file.
  func isFatal(_ picture: Picture, source: FileDigest?) -> Bool {
    guard let read = reads[picture], read.count >= 2 else { return false }
    return read.source == nil || read.source == source
  }

  /// Why a fatal picture is skipped.
  static func failure(at path: String) -> Failure {
    Failure(
      .badData, at: path,
      "the program ended twice while it read this picture, for want of memory it seems; "
        + "expected a smaller one, or more memory and a new folder")
  }
}
