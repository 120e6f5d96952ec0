import ArgumentParser
import Files
import Imaging
import Inversion
import Reports
import Runtime
import Workflows

/// `idinv-lite edit`
struct Edit: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Edit the faces of photographs: find, cut out, invert, move along boundaries, put back.",
    discussion: """
      Example: idinv-lite edit holiday.jpg --boundary smile --alpha 2sd -o holiday-smiling.jpg

      Each face is cut out as FFHQ's makers did, inverted, moved to code + α · boundary (after --mix, if any), rendered, and put back at the \
      photograph's own resolution. With --keep-detail (the default) only the difference that the edit makes is added, so that \
      everything else stays the photograph's own, bit by bit; --no-keep-detail puts the generator's picture there.

      Faces come from --landmarks, from a detector, or from landmark files beside the photographs; --aligned says that the \
      pictures are faces already. Several α, or several photographs, go into a folder: NAME_alpha+2.jpg, edit.html with \
      each photograph before and after, edit.json. --resume skips what an interrupted run with the same options has finished.
      """)

  @Argument(
    help: ArgumentHelp(
      "Photographs (PNG, JPEG, WebP), folders of them, or .list files with a path per line.", valueName: "images"))
  var images: [String]

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp(
      "Folder for the results; or a .jpg or .png file for the one result of one photograph.", valueName: "path"))
  var output: String

  @OptionGroup var edit: FaceEditOptions
  @OptionGroup(title: "Faces") var faces: FaceOptions

  @Flag(help: "The photographs are faces already, cut out as the model knows them.")
  var aligned = false

  @Option(
    help:
      "How a face meets its photograph: feather fades, poisson bends the colors to meet at the edge, none does neither."
  )
  var blend = FaceBlend.feather

  @Flag(inversion: .prefixedNo, help: "Add the difference that the edit makes, instead of the generator's picture.")
  var keepDetail = true

  @OptionGroup var pictures: PhotoFormatOptions

  @Flag(help: "Go on where an interrupted run with the same options and output folder stopped.")
  var resume = false

  @OptionGroup var model: ModelOption
  @OptionGroup(title: "Inversion of faces") var inversion: ImageInversionOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    guard !aligned || faces.landmarks == nil && faces.detector.detector == nil else {
      throw ValidationError("--aligned: the pictures are faces already; drop it, or --landmarks and --detector")
    }
    guard inversion.refinement.crop == .none else {
      throw ValidationError("--crop: faces are cut out by their landmarks; drop it")
    }
  }

  func run() throws {
    try reporting {
      let began = ContinuousClock.now
      Signals.install()
      let model = try model.load()
      let kernels = try engine.kernels()
      try inversion.refinement.optimizer.check(model)
      let plan = try edit.plan(model), distances = plan.distances
      let listed = try listImages(images, tell: StandardStreams.tell)
      let destination = PhotoDestination(output, isSingle: listed.count == 1 && distances.count == 1)
      try pictures.check(destination)
      let finder: FaceFinder =
        aligned
        ? .aligned : try faces.finder(model: model, kernels: kernels, imageCount: listed.count, growsWithPhoto: true)
      if listed.count == 1 { try finder.check(listed[0]) }
      if case .photo(let image) = plan.edit.mix?.style { try finder.check(image) }
      try destination.prepare(
        PhotoDestination.outputs(of: listed, distances: distances, isFilmed: pictures.animate),
        inputs: [model.path] + images + listed.map(\.path) + edit.inputs, resumes: resume)
      try plan.announce(reporting)
      let options = PhotoEditOptions(
        edit: plan.edit, distances: distances, deviation: plan.boundary?.distanceDeviation, blend: blend,
        keepsDetail: keepDetail, selection: faces.face,
        format: pictures.picture ?? destination.format(quality: pictures.quality), quality: pictures.quality,
        animates: pictures.animate)
      let planned = inversion.planned(photoCount: listed.count)
      let choice = try memory.limit.choose(
        model, ways: planned.ways(kernels), kernels: kernels, workload: planned.workload)
      try choice.announce(reporting)
      let context = reporting.context()
      let run = try PhotoEditRun(
        choice, inversion: planned, finder: finder, options: options, kernels: kernels, context: context)
      let batch = try PhotoEditBatch(
        run, options: options, destination: destination, context: context, model: model, optionList: optionList)
      let outcome = try batch(listed, resumes: resume)
      let page = try batch.finish(
        outcome, kernels: kernels, seconds: began.duration(to: .now) / .seconds(1), options: optionList)
      try finish(outcome, page)
    }
  }

  private func finish(_ outcome: PhotoEditBatch.Outcome, _ page: String?) throws {
    reporting.tellForeign(outcome.foreign)
    if !outcome.photos.isEmpty {
      let result = page.map { "report: \($0)" } ?? "result: \(output)"
      try reporting.summarize(
        "\(counted(outcome.faceCount, "face")) of \(counted(outcome.photos.count, "photograph")) edited; \(result)"
      ) { outcome }
    }
    if !outcome.skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
  }

  private var optionList: [(name: String, value: String)] {
    var list = edit.list + [("--blend", blend.rawValue), (keepDetail ? "--keep-detail" : "--no-keep-detail", "")]
    list += faces.list
    if aligned { list.append(("--aligned", "")) }
    list += pictures.list
    return list + inversion.list.filter { $0.name != "--crop" }
  }
}
