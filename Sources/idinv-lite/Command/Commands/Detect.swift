import ArgumentParser
import Glibc
import Imaging
import Inversion
import Reports
import Workflows

/// `idinv-lite detect`
struct Detect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find faces in photographs: boxes, five landmarks, scores.",
    discussion: """
      Example: idinv-lite detect holiday.jpg --detector faces.idinv --json

      The detector is MTCNN, which 'scripts/fetch-detector' gets and converts. Coordinates are pixels of the upright \
      photograph; the best face comes first; landmarks are left eye, right eye, nose, left and right corner of the mouth, as \
      one sees them. A photograph without a face is no failure; one that cannot be read is skipped, and the command exits with \
      code 65.
      """)

  @Argument(
    help: ArgumentHelp(
      "Pictures (PNG, JPEG, WebP), folders of them, or .list files with a path per line.", valueName: "images"))
  var images: [String]

  @OptionGroup(title: "Faces") var detector: DetectorOptions

  @Option(help: ArgumentHelp("Write NAME_faces.png with what was found drawn into it.", valueName: "dir"))
  var draw: OutputFolder?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("A model that may have a detector; needed only for that.", valueName: "model.idinv"))
  var model: String?

  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  private struct Face: Encodable {
    var box: [Double]
    var score: Double
    var landmarks: [[Double]]
  }
  private struct Photo: Encodable {
    var path: String
    var width: Int
    var height: Int
    var faces: [Face]
  }
  private struct Listing: Encodable {
    var images: [Photo]
    var skipped: [SkippedImage]
  }

  func run() throws {
    try reporting {
      Signals.install()
      let kernels = try engine.kernels()
      let model = try self.model.map { try Model.load($0) }
      guard let detector = try self.detector.load(model: model, kernels: kernels) else {
        throw Failure(.missingInput, DetectorOptions.hint)
      }
      let listed = try listImages(images, tell: StandardStreams.tell)
      if let draw {
        try draw.prepare()
        try draw.claim(by: "detect", listed.map { "\($0.name)_faces.png" }, inputs: images + listed.map(\.path))
      }
      let context = reporting.context()
      var photos: [Photo] = []
      var skipped: [SkippedImage] = []
      for (index, entry) in listed.enumerated() {
        try context.checkCancellation()
        do {
          let file = try PictureFile(entry.path, limits: .ofThisMachine)
          let faces = try detector.faces(in: file, options: self.detector.options)
          photos.append(photo(entry, file, faces))
          if let draw { try draw.writePNG(try file.upright().drawn(faces), "\(entry.name)_faces.png") }
          if !reporting.json, !reporting.quiet { try say(entry, faces, context) }
        } catch {
          skipped.append(try context.skip(entry, error))
        }
        context.update(ProgressState(name: entry.name, step: index + 1, stepCount: listed.count))
      }
      context.pause()
      if reporting.json { try JSONOutput.print(Listing(images: photos, skipped: skipped)) }
      if !skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }

  private func photo(_ entry: ListedImage, _ file: PictureFile, _ faces: [DetectedFace]) -> Photo {
    Photo(
      path: entry.path, width: file.header.width, height: file.header.height,
      faces: faces.map { face in
        Face(
          box: [face.x1, face.y1, face.x2 - face.x1, face.y2 - face.y1], score: face.score,
          landmarks: face.points.map { [$0.x, $0.y] })
      })
  }

  private func say(_ entry: ListedImage, _ faces: [DetectedFace], _ context: RunContext) throws {
    context.pause()
    let list = faces.map { face in
      printed(
        "%.0f×%.0f at (%.0f, %.0f), score %.3f", face.x2 - face.x1, face.y2 - face.y1, face.x1, face.y1,
        face.score)
    }
    let count = "\(counted(faces.count, "face"))"
    try StandardStreams.printOutput(
      "\(entry.path): \(count)\(faces.isEmpty ? "" : ": ")\(list.joined(separator: "; "))\n")
  }
}
