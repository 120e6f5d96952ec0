import Foundation

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

  /// - Throws: `.cannotOpen`; `.unsupported` where the folder has too many files to be a checkpoint.
  init(_ path: String) throws(CheckpointError) {
    self.path = path
    guard !Self.isFile(path), let contents = FileManager.default.enumerator(atPath: path) else {
      throw .cannotOpen(path: path, reason: "it is no folder that can be listed")
    }
    var names: [String] = []
    while let name = contents.nextObject() as? String {
      guard names.count < ZipArchive.entryLimit else {
        throw .unsupported(path: path, found: "a folder of more than \(names.count) files", expected: "a checkpoint")
      }
      names.append(name)
    }
    fileNames = names.sorted()
  }

  var kind: String { "a folder" }

  /// Whether a path is that of something else than a folder.
  static func isFile(_ path: String) -> Bool {
    var isFolder = ObjCBool(false)
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
  }

  /// All files together.
  var byteCount: Int {
    fileNames.reduce(0) { sum, name in
      let size = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")[.size] as? Int
      return sum + (size ?? 0)
    }
  }

  func extent(named name: String) throws(CheckpointError) -> ByteExtent? {
    guard fileNames.contains(name) else { return nil }
    let file = try ByteFile(path: "\(path)/\(name)")
    return try ByteExtent(file, 0..<file.byteCount, format: "torch folder")
  }
}
