import ArgumentParser
import Imaging
import Workflows

/// How edited photographs are stored.
struct PhotoFormatOptions: ParsableArguments {
  @Option(help: "Format of the results: png or jpeg. Default: that of the output's name, else of the photograph.")
  var format: FormatName?

  @Option(parsing: .unconditional, help: ArgumentHelp("Quality of JPEG files, 1 to 100.", valueName: "n"))
  var quality = JPEG.defaultQuality

  @Flag(help: "Make a film of each photograph's results: NAME_film.png and .gif.")
  var animate = false

  enum FormatName: String, ExpressibleByArgument, CaseIterable {
    case png, jpeg
  }

  mutating func validate() throws {
    guard JPEG.qualities.contains(quality) else {
      throw ValidationError("--quality: expected 1 to 100, found \(quality)")
    }
  }

  /// nil where none was asked for.
  var picture: PictureFormat? { format.map { $0 == .png ? .png : .jpeg(quality: quality) } }

  /// Refuses a format that is not that of the output's name.
  func check(_ destination: PhotoDestination) throws {
    guard case .file(let path) = destination, let format,
      (format == .png) != path.lowercased().hasSuffix(".png")
    else { return }
    throw Failure(.usage, "--format \(format.rawValue): the output is called \(path); expected one of both")
  }

  var list: [(name: String, value: String)] {
    (format.map { [("--format", $0.rawValue)] } ?? []) + [("--quality", "\(quality)")]
  }
}
