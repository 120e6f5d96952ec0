import ArgumentParser
import Files
import Glibc
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

      Faces come from --landmarks, from a detector, or from landmark files beside the photographs: x and y of 5 points (left \
      eye, right eye, nose, left and right corner of the mouth, as seen in the picture) or of 68 (iBUG 300-W), as text, CSV, \
      JSON of common detectors, .pts or .npy. With --face all the second face is NAME-2.png. A photograph that cannot be \
      aligned is skipped; the exit code is then 65.
      """)

  @Argument(
    help: ArgumentHelp(
      "Pictures (PNG, JPEG, WebP), folders of them, or .list files with one path per line.", valueName: "images"))
  var images: [String]

  @OptionGroup(title: "Faces") var faces: FaceOptions

  @Option(help: ArgumentHelp("Side of the results in pixels. Default: the model's.", valueName: "n"))
  var resolution: Int?

  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
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
      let loaded = try resolution == nil ? model.load() : nil
      let side = try resolution ?? loaded?.generator().specification.resolution ?? 0
      let finder = try faces.finder(model: loaded, kernels: engine.kernels(), imageCount: listed.count)
      try output.folder.prepare()
      try output.folder.claim(by: "align", listed.map { "\($0.name).png" }, inputs: images + listed.map(\.path))
      let context = self.reporting.context()
      var done: [String] = []
      var taken = Set(listed.map(\.name))
      var skipped: [SkippedImage] = []
      for (index, entry) in listed.enumerated() {
        if Signals.cancellation.isCancelled { break }
        do {
          let pictures = try aligned(entry, side, finder)
          let names = names(of: pictures.count, from: entry, &taken)
          if names.count > 1 { try output.folder.claim(also: names.dropFirst().map { "\($0).png" }) }
          for (name, picture) in zip(names, pictures) {
            try output.folder.writePNG(picture, "\(name).png")
            done.append(name)
          }
        } catch {
          skipped.append(try context.skip(entry, error))
        }
        context.update(ProgressState(name: entry.name, step: index + 1, stepCount: listed.count))
      }
      context.pause()
      if !done.isEmpty {
        try output.folder.finish()
        try self.reporting.summarize(
          "\(counted(done.count, "face")) of \(side)×\(side) pixels in \(output.folder.root)"
        ) { Listing(images: done, skipped: skipped, resolution: side) }
      }
      if Signals.cancellation.isCancelled { throw Cancelled() }
      if !skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }

  /// Names of a photograph's faces: its own, then NAME-2 and so on, but for those of other photographs.
  private func names(of count: Int, from entry: ListedImage, _ taken: inout Set<String>) -> [String] {
    var names = count == 0 ? [] : [entry.name]
    var number = 2
    while names.count < count {
      let name = "\(entry.name)-\(number)"
      if taken.insert(name).inserted { names.append(name) }
      number += 1
    }
    return names
  }

  /// The chosen faces of a photograph.
  private func aligned(_ entry: ListedImage, _ side: Int, _ finder: FaceFinder) throws -> [Image8] {
    let file = try PictureFile(entry.path, limits: .ofThisMachine)
    let found = try finder.faces(of: entry, file, faces.face) ?? []
    let sides = found.map { FaceFrame($0).side }
    let view = try PhotoView(file, reduction: reductionFactor(atMost: (sides.min() ?? 0) / Double(2 * side)))
    return try found.map {
      try view.picture.aligned(to: $0.mapped(view.viewPoint), resolution: side, path: entry.path)
    }
  }
}
