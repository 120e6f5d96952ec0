import ArgumentParser
import Files
import Foundation
import Imaging
import Reports
import Workflows

/// `idinv-lite align`
struct Align: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Cut faces out of photographs by their landmarks, as in FFHQ.",
    discussion: """
      Example: idinv-lite align photos/ -o faces

      Writes NAME.png with the face upright and centered. What the photograph does not show is mirrored and faded.

      Landmarks come from a detector of your choice, as a text, CSV, JSON or iBUG .pts file: x and y of 5 points \
      (left eye, right eye, nose, left and right corner of the mouth, as seen in the picture) or of 68 (iBUG 300-W). \
      A photograph that cannot be aligned is skipped; the exit code is then 65.
      """)

  @Argument(
    help: ArgumentHelp(
      "Pictures (PNG, JPEG, WebP), folders of them, or .list files with one path per line.", valueName: "images"))
  var images: [String]

  @Option(
    help: ArgumentHelp(
      "File with the points of the one image, or folder with a file for each: NAME.txt, .csv, .json or .pts. "
        + "Default: beside the images.", valueName: "path"))
  var landmarks: String?

  @Option(help: ArgumentHelp("Side of the results in pixels. Default: the model's.", valueName: "n"))
  var resolution: Int?

  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption
  @OptionGroup var reporting: ReportingOptions

  private struct Listing: Encodable {
    var images: [String]
    var skipped: [SkippedImage]
    var resolution: Int
  }

  mutating func validate() throws {
    if let resolution, !(8...4096).contains(resolution) {
      throw ValidationError("--resolution: expected 8 to 4096, found \(resolution)")
    }
  }

  func run() throws {
    try reporting {
      Signals.install()
      let listed = try listImages(images, tell: StandardStreams.tell)
      let source = try LandmarkSource(landmarks, imageCount: listed.count)
      let side = try resolution ?? model.load().generator().specification.resolution
      try output.folder.prepare()
      try output.folder.claim(by: "align", listed.map { "\($0.name).png" }, inputs: images + listed.map(\.path))
      let context = self.reporting.context()
      var done: [String] = []
      var skipped: [SkippedImage] = []
      for (index, entry) in listed.enumerated() {
        if Signals.cancellation.isCancelled { break }
        do {
          let face = try FaceLandmarks.read(try source.path(of: entry))
          let picture = try PNG.read(entry.path).aligned(to: face, resolution: side, path: entry.path)
          try output.folder.writePNG(picture, "\(entry.name).png")
          done.append(entry.name)
        } catch {
          skipped.append(try context.skip(entry, error))
        }
        context.update(ProgressState(name: entry.name, step: index + 1, stepCount: listed.count))
      }
      context.pause()
      if !done.isEmpty {
        try output.folder.finish()
        try self.reporting.summarise(
          "\(done.count) face\(done.count == 1 ? "" : "s") of \(side)×\(side) pixels in \(output.folder.root)"
        ) { Listing(images: done, skipped: skipped, resolution: side) }
      }
      if Signals.cancellation.isCancelled { throw Cancelled() }
      if !skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }
}

/// Where the landmarks of images are.
private enum LandmarkSource {
  case file(String)
  /// A folder, or that of each image.
  case folder(String?)

  init(_ path: String?, imageCount: Int) throws {
    guard let path else {
      self = .folder(nil)
      return
    }
    guard Folder.exists(path) else {
      throw Failure(.missingInput, "\(path): no such file or folder; expected landmarks")
    }
    let isFolder = try Folder.kind(of: path) == .folder
    guard isFolder || imageCount == 1 else {
      throw Failure(
        .usage, "--landmarks \(path): one file for several images; expected a folder with NAME.txt for each")
    }
    self = isFolder ? .folder(path) : .file(path)
  }

  /// The file with the points of an image.
  func path(of image: ListedImage) throws -> String {
    switch self {
    case .file(let path): return path
    case .folder(let folder):
      let base = PathText.path(PathText.stem(of: image.path).stem, in: folder ?? PathText.folder(of: image.path))
      let candidates = ["txt", "csv", "json", "pts"].map { "\(base).\($0)" }
      guard let found = candidates.first(where: Folder.exists) else {
        throw Failure(.badData, "\(image.path): no landmarks; expected \(base).txt (or .csv, .json, .pts)")
      }
      return found
    }
  }
}
