import Files

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
  ///   under their names and in the order of its list, and so does one that a run has left unfinished.
  /// - A `.list` file holds one path per line, relative to the list's own folder or, where nothing is there, to the working
  ///   folder; blank lines and lines that begin with `#` are skipped. A line may name a folder, but not another list.
  /// - Anything else is taken as a picture; what format it has is found out when it is read.
  package static func list(_ arguments: [String]) throws(ImagingError) -> ImageListing {
    var listing = ImageListing()
    for argument in arguments {
      switch try kind(of: argument) {
      case .folder: try listing.append(pictures(in: argument))
      case .file where isList(argument): try listing.append(entries(ofList: argument))
      case .file: listing.images.append(ListedImage(argument))
      case .other: throw .file(FileError(argument, .open, .isNotRegular))
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
      "\(PathText.lastComponent(of: file.path)) (\(file.found == ForeignFormat.unknown ? "no picture" : file.found))"
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
    let stem = PathText.stem(of: path).stem
    guard !stem.isEmpty else { return "image" }
    let text = String(String.UnicodeScalarView(stem.unicodeScalars.map { PathText.isKept($0) ? "_" : $0 }))
    return printable(cut(text, toBytes: stemByteLimit))
  }

  /// Whole characters where one fits, else as much of the first as does.
  private static func cut(_ text: String, toBytes limit: Int) -> String {
    var count = 0
    func fits(_ byteCount: Int) -> Bool {
      count += byteCount
      return count <= limit
    }
    let characters = text.prefix { fits($0.utf8.count) }
    guard characters.isEmpty else { return String(characters) }
    count = 0
    return String(String.UnicodeScalarView(text.unicodeScalars.prefix { fits(UTF8.width($0)) }))
  }

  /// File systems take 255 bytes; a name may be given a number, and the outputs add to it.
  private static let stemByteLimit = 200

  /// A text without control characters, line breaks, which a line of a list cannot hold, and marks that turn the direction
  /// of what follows.
  package static func printable(_ text: some StringProtocol) -> String {
    PlainText.replacingControls(text, by: "_")
  }

  private static func isList(_ path: String) -> Bool { PathText.stem(of: path).extension == "list" }

  private static func pictures(in folder: String) throws(ImagingError) -> ImageListing {
    if ResultList.isResultFolder(folder) { return ImageListing(images: try ResultList(folder: folder).originals()) }
    // Of an unfinished run, too, only what was photographed is a photograph.
    let suffix = ResultList.isUnfinishedRun(folder) ? "_ori" : nil
    var listing = ImageListing()
    for name in try ImagingError.files({ () throws(FileError) in try Folder.names(in: folder) })
      .filter({ !$0.hasPrefix(".") }).sorted(by: FileName.precedesNaturally)
    {
      if let suffix, !PathText.stem(of: name).stem.hasSuffix(suffix) { continue }
      let path = PathText.path(name, in: folder)
      // What cannot be looked at, a link to nothing, is skipped with its reason when its turn comes.
      guard ((try? Folder.kind(of: path)) ?? .file) == .file else { continue }
      let start = (try? InputFile(path: path).readUpTo(32, at: 0)) ?? []
      let lowered = name.lowercased()
      if imageDecoders.contains(where: { $0.recognizes(start) || $0.nameEndings.contains(where: lowered.hasSuffix) }) {
        var image = ListedImage(path)
        if let suffix { image.name = String(image.name.dropLast(suffix.count)) }
        listing.images.append(image)
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
    let folder = PathText.folder(of: list)
    var listing = ImageListing()
    for (number, entry) in try TextLines.read(list).enumerated() where !entry.isEmpty && !entry.hasPrefix("#") {
      do throws(ImagingError) {
        try listing.append(entryPictures(entry, folder: folder))
      } catch .missingListed(_, _, let entry) {
        throw .missingListed(path: list, line: number + 1, entry: entry)
      } catch {
        throw .badListLine(path: list, line: number + 1, problem: error.description)
      }
    }
    guard !listing.images.isEmpty else { throw .emptyList(path: list) }
    return listing
  }

  /// What one line of a list names: relative to the list's folder, as most are written, or to the working folder, as those of
  /// idinvert_pytorch are.
  private static func entryPictures(_ entry: String, folder: String) throws(ImagingError) -> ImageListing {
    let candidates = entry.hasPrefix("/") || folder.isEmpty ? [entry] : [folder + entry, entry]
    guard let path = candidates.first(where: Folder.exists) else {
      throw .missingListed(path: "", line: 0, entry: candidates.joined(separator: ", nor "))
    }
    switch try kind(of: path) {
    case .folder: return try pictures(in: path)
    case .file where isList(path): throw .nestedList(path: path)
    case .file: return ImageListing(images: [ListedImage(path)])
    case .other: throw .file(FileError(path, .open, .isNotRegular))
    }
  }

  private static func kind(of path: String) throws(ImagingError) -> Folder.Kind {
    try ImagingError.files { () throws(FileError) in try Folder.kind(of: path) }
  }
}

extension ImageListing {
  fileprivate mutating func append(_ other: ImageListing) {
    images += other.images
    leftOut += other.leftOut
  }
}
