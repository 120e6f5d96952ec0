import Checkpoint
import Foundation
import Imaging
import Inversion

/// Where the codes to be edited come from.
enum CodeSource {
  /// An array [N, L, D].
  case codes(String)
  /// A result folder of `invert`, of another editing command or of idinvert_pytorch.
  case results(String)
  /// Pictures, which are inverted first.
  case images([String])

  /// What each of several paths stands for, in order.
  static func items(_ paths: [String], for model: Model) throws -> [Item] {
    try paths.flatMap { try CodeSource(path: $0).items(for: model) }
  }

  /// What one path stands for where several kinds may be given: a `.npy` file, a result folder, or pictures.
  init(path: String) {
    var isFolder: ObjCBool = false
    if path.lowercased().hasSuffix(".npy") {
      self = .codes(path)
    } else if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue,
      FileManager.default.fileExists(atPath: Self.path("inverted_codes.npy", in: path))
    {
      self = .results(path)
    } else {
      self = .images([path])
    }
  }

  /// One thing to edit: its code, or the picture that a code has to be found for.
  struct Item {
    enum Content {
      /// A code [L, D], and the picture that it was found for, where that is known.
      case code([Float], original: String?)
      case image(ListedImage)
    }
    var name: String
    /// For the report: the picture's path, or the file and row.
    var source: String
    var content: Content
  }

  /// The files that are read, apart from the items' pictures.
  var inputs: [String] {
    switch self {
    case .codes(let path): [path]
    case .results(let folder):
      [Self.path("inverted_codes.npy", in: folder), Self.path("image_list.txt", in: folder)]
    case .images(let arguments): arguments
    }
  }

  /// The items in order, with names that are unique among them. Codes are read and checked; pictures are only listed.
  func items(for model: Model) throws -> [Item] {
    switch self {
    case .codes(let path):
      let codes = try Self.rows(path, of: model)
      return codes.enumerated().map { row, code in
        Item(
          name: "code" + String(format: "%04d", row), source: "\(path), row \(row)",
          content: .code(code, original: nil))
      }
    case .results(let folder): return try Self.results(in: folder, of: model)
    case .images(let arguments):
      return try ImageList.expand(arguments).map { Item(name: $0.name, source: $0.path, content: .image($0)) }
    }
  }

  private static func rows(_ path: String, of model: Model) throws -> [[Float]] {
    let values = try Codes.read(path, for: model)
    let count = try model.codeShape().count
    return stride(from: 0, to: values.count, by: count).map { Array(values[$0..<$0 + count]) }
  }

  /// `inverted_codes.npy` with the names of `image_list.txt`: row i belongs to line i.
  private static func results(in folder: String, of model: Model) throws -> [Item] {
    let codesPath = path("inverted_codes.npy", in: folder)
    guard FileManager.default.fileExists(atPath: codesPath) else {
      throw Failure(.missingInput, "\(codesPath): no such file; expected a folder that 'idinv-lite invert' has written")
    }
    let codes = try rows(codesPath, of: model)
    let listPath = path("image_list.txt", in: folder)
    guard let bytes = FileManager.default.contents(atPath: listPath) else {
      throw Failure(
        .missingInput, "\(listPath): cannot be read; expected one line for each of \(codes.count) codes, or --codes")
    }
    var lines = String(decoding: bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    )
    .map { $0.trimmingCharacters(in: .whitespaces) }
    while lines.last == "" { lines.removeLast() }
    guard lines.count == codes.count else {
      throw Failure(
        .badData,
        "\(listPath): expected \(codes.count) lines, one for each row of inverted_codes.npy, found \(lines.count)")
    }
    return zip(zip(lines, ImageList.uniqueNames(lines)), codes).map { line, code in
      let original = path("\(line.1)_ori.png", in: folder)
      let isThere = FileManager.default.fileExists(atPath: original)
      return Item(name: line.1, source: line.0, content: .code(code, original: isThere ? original : nil))
    }
  }

  private static func path(_ name: String, in folder: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }
}

extension [CodeSource.Item] {
  /// Gives items of several sources names that are unique among all.
  mutating func makeNamesUnique() {
    for (index, name) in ImageList.uniqueNames(map { "\($0.name).png" }).enumerated() { self[index].name = name }
  }

  /// Files that are read, which no result may overwrite.
  var inputs: [String] {
    map {
      switch $0.content {
      case .code(_, let original): original ?? ""
      case .image(let image): image.path
      }
    }
  }
}
