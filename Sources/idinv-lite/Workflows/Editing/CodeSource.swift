import Checkpoint
import Files
import Glibc
import Imaging
import Inversion
import Reports

/// Where the codes to be edited come from.
package enum CodeSource {
  /// An array [N, L, D].
  case codes(String)
  /// A result folder of `invert`, of another editing command or of idinvert_pytorch.
  case results(String)
  /// Pictures, which are inverted first.
  case images([String])

  /// What a command is given in one of the three ways.
  ///
  /// - Parameter paths: pictures, or whatever else may be given in their place.
  package static func given(_ paths: [String], codes: String?, from: String?) -> [CodeSource] {
    if let codes { [.codes(codes)] } else if let from { [.results(from)] } else { several(paths) }
  }

  /// What each of several paths stands for, in order; the pictures among neighbors are one list.
  package static func several(_ paths: [String]) -> [CodeSource] {
    paths.reduce(into: []) { sources, path in
      let next = CodeSource(path: path)
      if case .images(let others)? = sources.last, case .images = next {
        sources[sources.count - 1] = .images(others + [path])
      } else {
        sources.append(next)
      }
    }
  }

  /// Endings of files that hold arrays.
  private static let arrays = ["npy", "npz", "pt", "pth", "pkl"]

  /// What one path stands for where several kinds may be given: a file of codes, a result folder, or pictures.
  package init(path: String) {
    if Self.arrays.contains(PathText.stem(of: path).extension) {
      self = .codes(path)
    } else if Folder.exists(ResultList.path("inverted_codes.npy", in: path)) {
      self = .results(path)
    } else {
      self = .images([path])
    }
  }

  /// One thing to edit: its code, or the picture that a code has to be found for.
  package struct Item {
    package enum Content {
      /// A code [L, D], and the picture that it was found for, where that is known.
      case code([Float], original: String?)
      case image(ListedImage)
    }
    package var name: String
    /// For the report: the picture's path, or the file and row.
    package var source: String
    package var content: Content

    package var isImage: Bool {
      if case .image = content { true } else { false }
    }
  }

  /// The files that are read, apart from the items' pictures.
  package var inputs: [String] {
    switch self {
    case .codes(let path): [path]
    case .results(let folder):
      ["inverted_codes.npy", "image_list.txt"].map { ResultList.path($0, in: folder) }
    case .images(let arguments): arguments
    }
  }

  /// The items in order, with names that are unique among them. Codes are read and checked; pictures are only listed.
  package func items(for model: Model, tell: (String) -> Void = { _ in }) throws -> [Item] {
    switch self {
    case .codes(let path):
      let codes = try Self.rows(path, of: model)
      return codes.enumerated().map { row, code in
        Item(
          name: "code" + printed("%04d", row), source: "\(path), row \(row)",
          content: .code(code, original: nil))
      }
    case .results(let folder): return try Self.results(in: folder, of: model)
    case .images(let arguments):
      return try listImages(arguments, tell: tell).map { Item(name: $0.name, source: $0.path, content: .image($0)) }
    }
  }

  private static func rows(_ path: String, of model: Model) throws -> [[Float]] {
    let values = try Codes.read(path, for: model)
    let count = try model.codeShape().count
    return stride(from: 0, to: values.count, by: count).map { Array(values[$0..<$0 + count]) }
  }

  /// `inverted_codes.npy` with the names of `image_list.txt`: row i belongs to line i.
  private static func results(in folder: String, of model: Model) throws -> [Item] {
    let codesPath = ResultList.path("inverted_codes.npy", in: folder)
    guard Folder.exists(codesPath) else {
      throw Failure(
        .missingInput, at: codesPath, "no such file; expected a folder that 'idinv-lite invert' has written")
    }
    let codes = try rows(codesPath, of: model)
    let listPath = ResultList.path("image_list.txt", in: folder)
    guard Folder.exists(listPath) else {
      throw Failure(
        .missingInput, at: listPath, "no such file; expected one line for each of \(codes.count) codes")
    }
    let list = try ResultList(folder: folder)
    guard list.lines.count == codes.count else {
      throw Failure(
        .badData, at: listPath,
        "expected \(codes.count) lines, one for each row of inverted_codes.npy, found \(list.lines.count)")
    }
    return codes.indices.map { row in
      Item(
        name: list.names[row], source: list.lines[row], content: .code(codes[row], original: list.original(of: row)))
    }
  }
}

extension [CodeSource] {
  /// All things to edit, in order, with names that are unique among them.
  package func items(for model: Model, tell: (String) -> Void = { _ in }) throws -> [CodeSource.Item] {
    var items = try flatMap { try $0.items(for: model, tell: tell) }
    items.makeNamesUnique()
    return items
  }

  /// The files that are read, apart from the items' pictures.
  package var inputs: [String] { flatMap(\.inputs) }
}

extension [CodeSource.Item] {
  /// Gives items of several sources names that are unique among all.
  package mutating func makeNamesUnique() {
    for (index, name) in ImageList.uniqueNames(map { "\($0.name).png" }).enumerated() { self[index].name = name }
  }

  /// Files that are read, which no result may overwrite.
  package var inputs: [String] {
    map {
      switch $0.content {
      case .code(_, let original): original ?? ""
      case .image(let image): image.path
      }
    }
  }
}
