#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One picture to work on, and the name that its outputs begin with.
package struct ListedImage: Equatable, Sendable {
  /// Where the picture lies.
  package var path: String
  /// Unique within its list: outputs are `NAME_ori.png`, `NAME_inv.png` and so on.
  package var name: String

  package init(path: String, name: String) {
    self.path = path
    self.name = name
  }

  /// Under its stem.
  fileprivate init(_ path: String) { self.init(path: path, name: ImageList.stem(of: path)) }
}

/// The IMAGES argument of the commands: files, folders and `.list` files → pictures in order.
package enum ImageList {
  /// Expands arguments in the order given.
  ///
  /// - A folder stands for its `*.png` (any case of letters, hidden files left out), sorted by the bytes of
  ///   their names; folders within it are not entered. A result folder stands for its originals, `NAME_ori.png`, under
  ///   their names and in the order of its list.
  /// - A `.list` file holds one path per line, relative to the list's own folder; blank lines and lines that
  ///   begin with `#` are skipped. A line may name a folder, but not another list.
  /// - Anything else is taken as a picture; that it is a PNG file is found out when it is read.
  package static func expand(_ arguments: [String]) throws(ImagingError) -> [ListedImage] {
    var images: [ListedImage] = []
    for argument in arguments {
      switch try FileBytes.kind(of: argument) {
      case .directory: images += try pictures(in: argument)
      case .file where isList(argument): images += try entries(ofList: argument)
      case .file: images.append(ListedImage(argument))
      case .other: throw .notRegularFile(path: argument)
      }
    }
    guard !images.isEmpty else { throw .noImages }
    return zip(images, unique(images.map(\.name))).map { ListedImage(path: $0.path, name: $1) }
  }

  /// One name per path: the file's stem; the second path of one stem gets `-2`, the third `-3`, where a
  /// number is passed over that would take the stem of another path.
  ///
  /// Depends on the paths and their order alone.
  package static func uniqueNames(_ paths: [String]) -> [String] {
    unique(paths.map(stem))
  }

  private static func unique(_ stems: [String]) -> [String] {
    var taken = Set(stems)
    var nextNumber: [String: Int] = [:]
    return stems.map { stem in
      guard var number = nextNumber[stem] else {
        nextNumber[stem] = 2
        return stem
      }
      while !taken.insert("\(stem)-\(number)").inserted { number += 1 }
      nextNumber[stem] = number + 1
      return "\(stem)-\(number)"
    }
  }

  /// The last component of a path without its extension, as files and lines of lists can have it (`printable`), cut where
  /// it leaves no room for what outputs add to it; `image` if nothing is left.
  package static func stem(of path: String) -> String {
    guard let last = path.split(separator: "/").last else { return "image" }
    var stem = last.lastIndex(of: ".").map { last[..<$0] } ?? last
    guard !stem.isEmpty else { return "image" }
    while stem.utf8.count > stemByteLimit { stem.removeLast() }
    return printable(stem)
  }

  /// File systems take 255 bytes; a name may be given a number, and the outputs add to it.
  private static let stemByteLimit = 200

  /// A text without control characters and line breaks, which a line of a list cannot hold.
  package static func printable(_ text: some StringProtocol) -> String {
    func isControl(_ character: Character) -> Bool {
      character.isNewline || character.unicodeScalars.contains { $0.value < 32 || 127..<160 ~= $0.value }
    }
    return String(text.map { isControl($0) ? "_" : $0 })
  }

  private static func isList(_ path: String) -> Bool { path.lowercased().hasSuffix(".list") }

  private static func pictures(in folder: String) throws(ImagingError) -> [ListedImage] {
    if ResultList.isResultFolder(folder) { return try ResultList(folder: folder).originals() }
    guard let stream = opendir(folder) else {
      throw .unreadable(path: folder, reason: systemReason(errno))
    }
    defer { closedir(stream) }
    var names: [String] = []
    var others = 0
    while let entry = readdir(stream) {
      // The name is the last, variable part of the entry: read it where it lies, not from a copy.
      let name = withUnsafePointer(to: &entry.pointee.d_name) { start in
        start.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
      }
      guard !name.hasPrefix(".") else { continue }
      let lowered = name.lowercased()
      if lowered.hasSuffix(".png") {
        names.append(name)
      } else if [".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".heic", ".avif"]
        .contains(where: lowered.hasSuffix)
      {
        others += 1
      }
    }
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    var images: [ListedImage] = []
    for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    // What cannot be looked at, a link to nothing, is skipped with its reason when its turn comes.
    where ((try? FileBytes.kind(of: prefix + name)) ?? .file) == .file {
      images.append(ListedImage(prefix + name))
    }
    guard !images.isEmpty else { throw .noPNGInDirectory(path: folder, others: others) }
    return images
  }

  private static func entries(ofList list: String) throws(ImagingError) -> [ListedImage] {
    var bytes = try FileBytes.read(list).bytes[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
      throw .listNotText(path: list)
    }
    let folder = list.lastIndex(of: "/").map { String(list[...$0]) } ?? ""
    var images: [ListedImage] = []
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      let entry = trimmed(line)
      guard !entry.isEmpty, !entry.hasPrefix("#") else { continue }
      let path = entry.hasPrefix("/") ? String(entry) : folder + entry
      do throws(ImagingError) {
        switch try FileBytes.kind(of: path) {
        case .directory: images += try pictures(in: path)
        case .file where isList(path):
          throw .badListLine(path: list, line: number, problem: "\(path): a list within a list is not read")
        case .file: images.append(ListedImage(path))
        case .other: throw .notRegularFile(path: path)
        }
      } catch .missing(let path) {
        throw .missingListed(path: list, line: number, entry: path)
      } catch .badListLine(let path, let line, let problem) {
        throw .badListLine(path: path, line: line, problem: problem)
      } catch {
        throw .badListLine(path: list, line: number, problem: error.description)
      }
    }
    guard !images.isEmpty else { throw .emptyList(path: list) }
    return images
  }

  private static func trimmed(_ line: Substring) -> Substring {
    var line = line
    while let first = line.first, first.isWhitespace { line.removeFirst() }
    while let last = line.last, last.isWhitespace { line.removeLast() }
    return line
  }
}
