import Files

/// Whether results can go where they are to go: found out before any work is done, and before any input is lost.
///
/// Results replace what has their name. That must not be an input (a second run over the folder of the first one would
/// otherwise overwrite pictures that it has yet to read), and not a folder, a pipe or a device.
package struct OutputPlaces {
  private var inputs: [FileIdentity.Place: String] = [:]

  /// - Parameter inputs: files that the command reads.
  package init(inputs: [String]) {
    for path in inputs {
      if let place = FileIdentity(path: path)?.place { self.inputs[place] = path }
    }
  }

  /// Whether a path leads to a file that the command reads.
  func isInput(_ path: String) -> Bool { FileIdentity(path: path).map { inputs[$0.place] != nil } ?? false }

  /// Checks a file that is to be written, and that the folder it goes to exists and takes new files.
  package func check(_ path: String) throws {
    guard !path.isEmpty else { throw Failure(.usage, of: "output", "expected the name of a file, found an empty text") }
    let parent = PathText.folder(of: path)
    guard (try? Folder.kind(of: parent.isEmpty ? "." : parent)) == .folder else {
      throw Failure(.cannotCreate, at: path, "cannot be created: there is no folder \(parent)")
    }
    // A link leads to another folder.
    if !Folder.isLink(path) { try Folder.checkWritable(parent.isEmpty ? "." : parent, for: path) }
    let kind: Folder.Kind
    do throws(FileError) {
      kind = try Folder.kind(of: path)
    } catch {
      if error.isMissing { return }
      throw FileError(path, .create, error.reason)
    }
    switch kind {
    case .file:
      guard let place = FileIdentity(path: path)?.place, let input = inputs[place] else { return }
      throw Failure(.usage, at: path, "would overwrite the input \(input); expected another place for the output")
    case .folder: throw Failure(.cannotCreate, at: path, "is a folder; expected the name of a file")
    case .other: throw Failure(.cannotCreate, at: path, "is a pipe or a device; expected the name of a file")
    }
  }
}
