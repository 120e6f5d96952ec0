import Files

/// Files by name: a ZIP archive's entries, or a folder's files.
protocol FileCollection {
  /// With its article, for messages.
  var kind: String { get }
  /// Folders apart by `/`.
  var fileNames: [String] { get }
  /// A file's bytes; nil where there is none of this name.
  func extent(named name: String) throws(CheckpointError) -> ByteExtent?
}

extension ZipArchive: FileCollection {
  var kind: String { "a zip archive" }
  var fileNames: [String] { entries.map(\.name) }

  func extent(named name: String) throws(CheckpointError) -> ByteExtent? {
    guard let entry = entry(name) else { return nil }
    return try extent(entry)
  }
}

/// The regular files of a folder and of those in it: a checkpoint that was unpacked.
struct FileFolder: FileCollection {
  let path: String
  let fileNames: [String]

  /// - Throws: `.file`; `.unsupported` where the folder has too many files to be a checkpoint.
  init(_ path: String) throws(CheckpointError) {
    self.path = path
    var names: [String] = []
    try Self.list(path, prefix: "", depth: 0, into: &names)
    fileNames = names.sorted()
  }

  /// Links to folders are not entered: they may lead around in a circle.
  private static func list(
    _ path: String, prefix: String, depth: Int, into names: inout [String]
  ) throws(CheckpointError) {
    let entries = try CheckpointError.files { () throws(FileError) in try Folder.names(in: path) }
    for entry in entries {
      guard names.count < ZipArchive.entryLimit else {
        throw .unsupported(path: path, found: "a folder of more than \(names.count) files", expected: "a checkpoint")
      }
      let inner = PathText.path(entry, in: path)
      switch try? Folder.kind(of: inner) {
      case .file: names.append(prefix + entry)
      case .folder where depth < 8 && !Folder.isLink(inner):
        try list(inner, prefix: "\(prefix)\(entry)/", depth: depth + 1, into: &names)
      default: break
      }
    }
  }

  var kind: String { "a folder" }

  /// All files together.
  var byteCount: Int {
    fileNames.reduce(0) { $0 + (FileIdentity(path: PathText.path($1, in: path))?.byteCount ?? 0) }
  }

  func extent(named name: String) throws(CheckpointError) -> ByteExtent? {
    guard fileNames.contains(name) else { return nil }
    let file = try ByteFile(path: PathText.path(name, in: path))
    return try ByteExtent(file, 0..<file.byteCount, format: "torch folder")
  }
}
