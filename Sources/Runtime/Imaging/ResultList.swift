import Files

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
    var lines = try TextLines.read(PathText.path("image_list.txt", in: folder))
    while lines.last == "" { lines.removeLast() }
    self.lines = lines
    names = ImageList.uniqueNames(lines)
  }

  /// Whether a folder holds results and their list, as `invert`, `encode`, the editing commands and idinvert_pytorch leave
  /// them; the latter copies the list first and saves codes last, so that a run that was ended leaves pictures without codes.
  package static func isResultFolder(_ folder: String) -> Bool {
    func has(_ name: String) -> Bool { Folder.exists(path(name, in: folder)) }
    guard has("image_list.txt") else { return false }
    if has("inverted_codes.npy") || has("encoded_codes.npy") { return true }
    guard let list = try? ResultList(folder: folder) else { return false }
    return list.names.contains { has("\($0)_ori.png") && (has("\($0)_enc.png") || has("\($0)_inv.png")) }
  }

  /// Whether a run of `invert` in this folder has begun and not ended.
  package static func isUnfinishedRun(_ folder: String) -> Bool {
    Folder.exists(path("inversion.journal", in: folder)) && !Folder.exists(path("image_list.txt", in: folder))
  }

  /// The picture that a line's code was found for; nil where the folder does not hold it.
  package func original(of line: Int) -> String? {
    let path = Self.path("\(names[line])_ori.png", in: folder)
    return Folder.exists(path) ? path : nil
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
  package static func path(_ name: String, in folder: String) -> String { PathText.path(name, in: folder) }
}
