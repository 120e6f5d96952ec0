/// The parts of paths, by their text alone. (`NSString` has them too, and brings Foundation's tables of all languages along.)
extension String {
  /// "a/b.png" → "b.png".
  package var lastPathPart: String { String(split(separator: "/").last ?? "") }

  /// "a/b.png" → "a"; "b.png" → "".
  package var folderPart: String {
    guard let slash = lastIndex(of: "/") else { return "" }
    return slash == startIndex ? "/" : String(self[..<slash])
  }

  /// "a/b.png" → "png"; "" where there is none.
  package var fileExtension: String {
    let name = lastPathPart
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
    return String(name[name.index(after: dot)...])
  }

  /// "a/b.png" → "a/b".
  package var withoutFileExtension: String {
    let ending = fileExtension
    return ending.isEmpty ? self : String(dropLast(ending.count + 1))
  }

  /// "a", "b.png" → "a/b.png"; "", "b.png" → "b.png".
  package func joined(_ name: String) -> String {
    isEmpty ? name : hasSuffix("/") ? self + name : "\(self)/\(name)"
  }
}
