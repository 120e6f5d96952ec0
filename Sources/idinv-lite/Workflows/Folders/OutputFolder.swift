import Files
import Imaging

/// The folder of a run's results.
package struct OutputFolder {
  package let root: String
  private let claim = FolderClaim()

  package init(_ root: String) { self.root = root }

  /// Makes sure that the folder exists and can be written, before any work is done.
  ///
  /// - Throws: also where a new folder would have the name of a picture, as of the one that the user expects.
  package func prepare() throws {
    if Self.pictureEndings.contains(PathText.stem(of: root).extension), !Folder.exists(root) {
      throw Failure(
        .usage, at: root,
        "is the name of a picture; expected a folder for the results (one result of 'edit' may be a .jpg or .png file)")
    }
    try Folder.create(root)
  }

  private static let pictureEndings: Set = ["png", "jpg", "jpeg", "webp", "gif", "heic", "avif", "tif", "tiff", "bmp"]

  package func path(_ name: String) -> String { PathText.path(name, in: root) }

  /// Takes the folder for a command, before any work is done: locks it, checks that results can have their names and that
  /// no input is lost, and removes what killed programs left half-written.
  ///
  /// - Parameters:
  ///   - names: all files that the command writes.
  ///   - inputs: files and folders that it reads.
  ///   - resumed: files by which a run that is to be continued is known.
  package func claim(by command: String, _ names: [String], inputs: [String], resumed: [String] = []) throws {
    try claim.begin(self, command: command, names: names, inputs: inputs, resumed: resumed)
  }

  /// Takes further names that were not known before, for the command that has the folder.
  package func claim(also names: [String]) throws { try claim.extend(self, names: names) }

  /// Removes what an earlier run of the command wrote and this one did not replace: called when the results are there.
  ///
  /// - Parameter keepsFormer: of a command whose results are worth something one by one; nothing is removed then.
  package func finish(keepsFormer: Bool = false) throws { try claim.end(self, keepsFormer: keepsFormer) }

  /// Writes a file of the folder, whole or not at all; a link of its name is replaced.
  ///
  /// - Parameter isSynced: whether to wait for the disk; if not, `synchronize` does so later.
  package func write(_ bytes: [UInt8], _ name: String, isSynced: Bool = true) throws(FileError) {
    try AtomicFile.write(bytes, to: path(name), links: .replaced, isSynced: isSynced)
  }

  package func write(_ text: String, _ name: String) throws(FileError) { try write([UInt8](text.utf8), name) }

  package func writePNG(_ image: Image8, _ name: String) throws { try write(PNG.encode(image), name) }

  /// Waits until files that were written without, and the folder's own entries, are on the disk.
  package func synchronize() throws(FileError) { try Folder.synchronizeDisk(of: root) }
}
