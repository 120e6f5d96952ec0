import Files

/// Everything that can go wrong between a user's picture files and the network's input, and on the way back.
///
/// Each case says what happened, where, and what was expected; `description` is one line that a command can
/// print as it is. Paths are as the user wrote them.
package enum ImagingError: Error, Equatable, Sendable {
  /// A file or folder cannot be opened, read or written.
  case file(FileError)
  /// A file without a single byte.
  case empty(path: String)
  /// A file of a format that is not read; `found` names it ("a HEIC file").
  case unknownFormat(path: String, found: String)
  /// A PNG file as Xcode makes it for telephones, which only Apple's programs read.
  case appleCgBI(path: String)
  /// A kind of a known format that is not read; `kind` names it ("lossless JPEG").
  case unsupportedKind(path: String, format: String, kind: String)
  /// A file of a known format, but damaged; `reason` says where, mostly in the words of the library that reads it.
  case damaged(path: String, format: String, reason: String)
  /// More pixels than are read. Decided from the header, before any allocation.
  case tooManyPixels(path: String, width: Int, height: Int, limit: Int)
  /// A picture whose decoding would take more memory than it may. Decided from the header, before any allocation.
  case tooMuchMemory(path: String, width: Int, height: Int, needed: Int, limit: Int)
  /// A picture that is not square, without leave to crop it.
  case notSquare(path: String, width: Int, height: Int)
  /// Landmarks that no face can be aligned by; `problem` says why. The path is that of the file with them, or of the picture.
  case badLandmarks(path: String, problem: String)
  /// An image list is not plain text.
  case listNotText(path: String)
  /// A line of an image list that cannot be used; `problem` is a complete sentence without a full stop.
  case badListLine(path: String, line: Int, problem: String)
  /// A line of an image list names another list.
  case nestedList(path: String)
  /// A line of an image list names a file that is not there.
  case missingListed(path: String, line: Int, entry: String)
  /// A result folder without the pictures that its codes were found for.
  case noOriginals(path: String)
  /// A folder without pictures that are read; `others` says what is in it instead.
  case noPicturesInDirectory(path: String, others: String)
  /// An image list without entries.
  case emptyList(path: String)
  /// No images were given at all.
  case noImages
  /// More pixels to a side than the format that is to be written knows.
  case tooLargeToEncode(format: String, width: Int, height: Int, limit: Int)
  /// libpng or libjpeg could not encode; `reason` is its text.
  case notEncodable(reason: String)
}

extension ImagingError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let error):
      return error.description
    case .empty(let path):
      return "\(path): is empty (0 bytes); expected a picture file"
    case .unknownFormat(let path, let found):
      guard found != ForeignFormat.unknown else {
        return "\(path): is \(found); expected a PNG, JPEG or WebP file"
      }
      return "\(path): is \(found); expected a PNG, JPEG or WebP file. Convert it first, for example with ImageMagick: "
        + "convert \(Self.shellQuoted(path)) -auto-orient \(Self.shellQuoted(Self.freeName(for: path)))"
    case .appleCgBI(let path):
      return
        "\(path): is in Apple's own variant of PNG (CgBI), as Xcode makes it for iPhones; expected an ordinary PNG file. "
        + "On a Mac: sips -s format png \(Self.shellQuoted(path)) -o \(Self.shellQuoted(Self.freeName(for: path)))"
    case .unsupportedKind(let path, let format, let kind):
      return
        "\(path): is \(kind), which is not read; expected an ordinary \(format) file. Convert it first, for example with "
        + "ImageMagick: convert \(Self.shellQuoted(path)) -auto-orient \(Self.shellQuoted(Self.freeName(for: path)))"
    case .damaged(let path, let format, let reason):
      return "\(path): is a damaged \(format) file: \(reason)"
    case .tooManyPixels(let path, let width, let height, let limit):
      return "\(path): is \(width)×\(height) pixels; at most \(limit / 1_000_000) million are read, and "
        + "\(ImageLimits.side) per side"
    case .tooMuchMemory(let path, let width, let height, let needed, let limit):
      return
        "\(path): is \(width)×\(height) pixels, which take about \(needed >> 20) MB to read; \(limit >> 20) MB are left "
        + "for it. Expected a smaller picture, or a larger memory budget"
    case .notSquare(let path, let width, let height):
      return "\(path): is \(width)×\(height) pixels (width×height); expected a square picture. "
        + "The largest square can be cut out of the middle"
    case .badLandmarks(let path, let problem):
      return "\(path): \(problem)"
    case .listNotText(let path):
      return "\(path): is not plain text (UTF-16?); expected one image path per line, in UTF-8"
    case .badListLine(let path, let line, let problem):
      return "\(path), line \(line): \(problem)"
    case .missingListed(let path, let line, let entry):
      return "\(path), line \(line): \(entry): no such file"
    case .nestedList(let path):
      return "\(path): a list within a list is not read"
    case .noOriginals(let path):
      return "\(path): is a result folder without originals; expected the NAME_ori.png of its image_list.txt"
    case .noPicturesInDirectory(let path, let others):
      return "\(path): the folder holds no PNG, JPEG or WebP files\(others.isEmpty ? "" : "; left out: \(others)")"
    case .emptyList(let path):
      return "\(path): the list names no images; expected one path per line"
    case .noImages:
      return "no images given; expected pictures, folders of pictures, or .list files"
    case .notEncodable(let reason):
      return "a picture cannot be encoded: \(reason)"
    case .tooLargeToEncode(let format, let width, let height, let limit):
      return "a picture of \(width)×\(height) pixels cannot be encoded as \(format), which has at most \(limit) per "
        + "side; expected another format"
    }
  }

  /// Runs `body`, whose errors become `.file`.
  package static func files<Value>(_ body: () throws(FileError) -> Value) throws(ImagingError) -> Value {
    do throws(FileError) { return try body() } catch { throw .file(error) }
  }

  /// A name beside the working folder's files that a converted picture can have without replacing one of them.
  private static func freeName(for path: String) -> String {
    let stem = ImageList.stem(of: path) + "-converted"
    let names = [stem] + (2...99).map { "\(stem)-\($0)" }
    return (names.first { !Folder.exists("\($0).png") } ?? stem) + ".png"
  }

  /// `text` as one word of a POSIX shell, quoted only where needed.
  private static func shellQuoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "-"):
        return true
      default:
        return false
      }
    }
    if isPlain && !text.isEmpty { return text }
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
