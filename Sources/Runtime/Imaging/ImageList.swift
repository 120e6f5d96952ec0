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

/// A file of a folder that is no picture which can be read.
package struct LeftOutFile: Equatable, Sendable {
  package var path: String
  /// "a HEIC file", "no picture format known here".
  package var found: String
}

/// What arguments stand for.
package struct ImageListing: Equatable, Sendable {
  package var images: [ListedImage] = []
  /// What folders hold besides.
  package var leftOut: [LeftOutFile] = []

  /// "3 files: a.heic (a HEIC file), …"; empty where nothing was left out.
  package var leftOutText: String { ImageList.text(leftOut) }
}

/// The IMAGES argument of the commands: files, folders and `.list` files → pictures in order.
package enum ImageList {
  /// Expands arguments in the order given.
  ///
  /// - A folder stands for its pictures in natural order (`FileName.precedesNaturally`), hidden files left out: files that begin
  ///   like one of the formats that are read, whatever their names, and those with the name of one, which are skipped with their
  ///   reason when they are read. Folders within it are not entered. A result folder stands for its originals, `NAME_ori.png`,
  ///   under their names and in the order of its list.
  /// - A `.list` file holds one path per line, relative to the list's own folder or, where nothing is there, to the working
  ///   folder; blank lines and lines that begin with `#` are skipped. A line may name a folder, but not another list.
  /// - Anything else is taken as a picture; what format it has is found out when it is read.
  package static func list(_ arguments: [String]) throws(ImagingError) -> ImageListing {
    var listing = ImageListing()
    for argument in arguments {
      switch try FileBytes.kind(of: argument) {
      case .directory: try listing.append(pictures(in: argument))
      case .file where isList(argument): try listing.append(entries(ofList: argument))
      case .file: listing.images.append(ListedImage(argument))
      case .other: throw .notRegularFile(path: argument)
      }
    }
    guard !listing.images.isEmpty else { throw .noImages }
    let names = unique(listing.images.map(\.name))
    for index in names.indices { listing.images[index].name = names[index] }
    return listing
  }

  /// The pictures of a listing.
  package static func expand(_ arguments: [String]) throws(ImagingError) -> [ListedImage] { try list(arguments).images }

  static func text(_ leftOut: [LeftOutFile]) -> String {
    guard !leftOut.isEmpty else { return "" }
    let named = leftOut.prefix(5).map { file in
      "\(file.path.split(separator: "/").last ?? "") (\(file.found == ForeignFormat.unknown ? "no picture" : file.found))"
    }
    let more = leftOut.count > 5 ? " and \(leftOut.count - 5) more" : ""
    return "\(leftOut.count) file\(leftOut.count == 1 ? "" : "s"): \(named.joined(separator: ", "))\(more)"
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
      character.isNewline
        || character.unicodeScalars.contains { $0.value < 32 || 127..<160 ~= $0.value || FileName.isByte($0) }
    }
    return String(text.map { isControl($0) ? "_" : $0 })
  }

  private static func isList(_ path: String) -> Bool { path.lowercased().hasSuffix(".list") }

  private static func pictures(in folder: String) throws(ImagingError) -> ImageListing {
    if ResultList.isResultFolder(folder) { return ImageListing(images: try ResultList(folder: folder).originals()) }
    guard let stream = opendir(FileName.bytes(of: folder)) else {
      throw .unreadable(path: folder, reason: systemReason(errno))
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      // The name is the last, variable part of the entry: read it where it lies, not from a copy.
      let name = withUnsafePointer(to: &entry.pointee.d_name) { start in
        start.withMemoryRebound(to: UInt8.self, capacity: 1) { bytes in
          FileName.text(
            UnsafeBufferPointer(
              start: bytes, count: strlen(UnsafeRawPointer(bytes).assumingMemoryBound(to: CChar.self))))
        }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    var listing = ImageListing()
    for name in names.sorted(by: FileName.precedesNaturally) {
      let path = prefix + name
      // What cannot be looked at, a link to nothing, is skipped with its reason when its turn comes.
      guard ((try? FileBytes.kind(of: path)) ?? .file) == .file else { continue }
      let start = (try? FileBytes.read(path, limit: 32).bytes) ?? []
      let lowered = name.lowercased()
      if imageDecoders.contains(where: { $0.recognizes(start) || $0.nameEndings.contains(where: lowered.hasSuffix) }) {
        listing.images.append(ListedImage(path))
      } else {
        listing.leftOut.append(LeftOutFile(path: path, found: ForeignFormat.name(start)))
      }
    }
    let stems = Set(listing.images.map(\.path).map(stemPath))
    listing.leftOut.removeAll { file in
      companionEndings.contains { file.path.lowercased().hasSuffix($0) } && stems.contains(stemPath(file.path))
    }
    guard !listing.images.isEmpty else { throw .noPicturesInDirectory(path: folder, others: listing.leftOutText) }
    return listing
  }

  /// Landmarks beside their photograph are not left out: they are of its company.
  private static let companionEndings = [".txt", ".csv", ".json", ".pts", ".npy"]

  private static func stemPath(_ path: String) -> Substring { path[..<(path.lastIndex(of: ".") ?? path.endIndex)] }

  private static func entries(ofList list: String) throws(ImagingError) -> ImageListing {
    var bytes = try FileBytes.read(list).bytes[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    // UTF-16, and files that are no text at all; names may be in any older encoding.
    guard !bytes.contains(0), !bytes.starts(with: [0xFF, 0xFE]), !bytes.starts(with: [0xFE, 0xFF]) else {
      throw .listNotText(path: list)
    }
    let text = FileName.text(bytes)
    let folder = list.lastIndex(of: "/").map { String(list[...$0]) } ?? ""
    var listing = ImageListing()
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      let entry = trimmed(line)
      guard !entry.isEmpty, !entry.hasPrefix("#") else { continue }
      do throws(ImagingError) {
        try listing.append(entryPictures(String(entry), folder: folder, list: list, line: number))
      } catch .missing(let path) {
        throw .missingListed(path: list, line: number, entry: path)
      } catch .missingListed(let path, let line, let entry) {
        throw .missingListed(path: path, line: line, entry: entry)
      } catch .badListLine(let path, let line, let problem) {
        throw .badListLine(path: path, line: line, problem: problem)
      } catch {
        throw .badListLine(path: list, line: number, problem: error.description)
      }
    }
    guard !listing.images.isEmpty else { throw .emptyList(path: list) }
    return listing
  }

  /// What one line of a list names: relative to the list's folder, as most are written, or to the working folder, as those of
  /// idinvert_pytorch are.
  private static func entryPictures(
    _ entry: String, folder: String, list: String, line: Int
  ) throws(ImagingError) -> ImageListing {
    let candidates = entry.hasPrefix("/") || folder.isEmpty ? [entry] : [folder + entry, entry]
    guard let path = candidates.first(where: FileBytes.exists) else {
      throw .missingListed(path: list, line: line, entry: candidates.joined(separator: ", nor "))
    }
    switch try FileBytes.kind(of: path) {
    case .directory: return try pictures(in: path)
    case .file where isList(path):
      throw .badListLine(path: list, line: line, problem: "\(path): a list within a list is not read")
    case .file: return ImageListing(images: [ListedImage(path)])
    case .other: throw .notRegularFile(path: path)
    }
  }

  private static func trimmed(_ line: Substring) -> Substring {
    var line = line
    while let first = line.first, first.isWhitespace { line.removeFirst() }
    while let last = line.last, last.isWhitespace { line.removeLast() }
    return line
  }
}

extension ImageListing {
  fileprivate mutating func append(_ other: ImageListing) {
    images += other.images
    leftOut += other.leftOut
  }
}
