#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `image_list.txt` of a result folder: line i belongs to row i of the codes.
package struct ResultList: Equatable, Sendable {
  /// As written: the pictures' paths, or what idinvert_pytorch took for them.
  package let lines: [String]
  /// One for each line: the picture is `NAME_ori.png`.
  package let names: [String]
  private let folder: String

  /// Reads the list of a folder. Blanks around lines and empty lines at the end do not count.
  ///
  /// - Throws: what reading a file throws; `.listNotText`.
  package init(folder: String) throws(ImagingError) {
    self.folder = folder
    let path = Self.path("image_list.txt", in: folder)
    guard let text = String(validating: try FileBytes.read(path).bytes, as: UTF8.self) else {
      throw .listNotText(path: path)
    }
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { line -> String in
      var line = line
      while let first = line.first, first.isWhitespace { line.removeFirst() }
      while let last = line.last, last.isWhitespace { line.removeLast() }
      return String(line)
    }
    while lines.last == "" { lines.removeLast() }
    self.lines = lines
    names = ImageList.uniqueNames(lines)
  }

  /// Whether a folder holds codes and their list, as `invert`, `encode`, the editing commands and idinvert_pytorch leave them.
  package static func isResultFolder(_ folder: String) -> Bool {
    func has(_ name: String) -> Bool { access(path(name, in: folder), F_OK) == 0 }
    return has("image_list.txt") && (has("inverted_codes.npy") || has("encoded_codes.npy"))
  }

  /// The picture that a line's code was found for; nil where the folder does not hold it.
  package func original(of line: Int) -> String? {
    let path = Self.path("\(names[line])_ori.png", in: folder)
    return access(path, F_OK) == 0 ? path : nil
  }

  /// All pictures that codes were found for; what else is in the folder was made of them.
  ///
  /// - Throws: `.noOriginals`.
  func originals() throws(ImagingError) -> [ListedImage] {
    var images: [ListedImage] = []
    for (line, name) in names.enumerated() {
      if let path = original(of: line) { images.append(ListedImage(path: path, name: name)) }
    }
    guard !images.isEmpty else { throw .noOriginals(path: folder) }
    return images
  }

  /// The path of a file in a folder.
  package static func path(_ name: String, in folder: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }
}
