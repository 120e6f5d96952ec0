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
      Example: idinv-lite edit holiday.jpg --boundary smile.npy --alpha 2 -o holiday-smiling.jpg

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

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "A semantic boundary, and what its α is multiplied with; repeatable. Without, codes stay as they are found.",
      valueName: "b.npy[:factor]"))
  var boundary: [BoundaryReference] = []

  @Option(help: ArgumentHelp("A boundary whose attribute is to stay as it is; repeatable.", valueName: "b.npy"))
  var condition: [String] = []

  @Option(help: ArgumentHelp("Layers to move, as in 0-3,7, in place of the boundaries' own.", valueName: "list"))
  var layers: String?

  @Option(
    help: ArgumentHelp(
      "Mix in the style of another face: a photograph, a result folder, or a code; α is how much, 1 for all of it.",
      valueName: "style"))
  var mix: String?

  @Option(
    help: ArgumentHelp("Layers that come from the style, as in 4-6,8. Default: as of 'mix'.", valueName: "list"))
  var mixLayers: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How far to move, as in 2, -2,0,2 or -2sd,2sd (standard deviations of codes' distances from the first boundary): "
        + "a result for each.", valueName: "list"))
  var alpha = "1"

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

  @Option(help: "Format of the results: png or jpeg. Default: that of the output's name, else of the photograph.")
  var format: FormatName?

  @Option(parsing: .unconditional, help: ArgumentHelp("Quality of JPEG files, 1 to 100.", valueName: "n"))
  var quality = JPEG.defaultQuality

  @Flag(help: "Make a film of each photograph's results: NAME_film.png.")
  var animate = false

  @Flag(help: "Go on where an interrupted run with the same options and output folder stopped.")
  var resume = false

  @OptionGroup var model: ModelOption
  @OptionGroup(title: "Inversion of faces") var inversion: ImageInversionOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  enum FormatName: String, ExpressibleByArgument, CaseIterable {
    case png, jpeg
  }

  private struct Listing: Encodable {
    var photos: [EditedPhoto]
    var skipped: [SkippedImage]
  }

  mutating func validate() throws {
    let distances = try BoundaryDistance.list(alpha, option: "--alpha")
    guard (1...100).contains(distances.count),
      distances.indices.allSatisfy({ distances.firstIndex(of: distances[$0]) == $0 })
    else { throw ValidationError("--alpha: expected 1 to 100 different numbers, found \(alpha)") }
    guard !boundary.isEmpty || !distances.contains(where: \.isInDeviations) else {
      throw ValidationError(
        "--alpha: standard deviations are those of a --boundary; expected plain numbers without one")
    }
    guard JPEG.qualities.contains(quality) else {
      throw ValidationError("--quality: expected 1 to 100, found \(quality)")
    }
    if let layers { _ = try IntegerList(layers, option: "--layers", limit: 1000) }
    if let mixLayers { _ = try IntegerList(mixLayers, option: "--mix-layers", limit: 1000) }
    guard mixLayers == nil || mix != nil else { throw ValidationError("--mix-layers: needs --mix") }
    guard isEdit || distances == [BoundaryDistance(0)] || alpha == "1" else {
      throw ValidationError("--alpha: needs a --boundary to move along, or --mix")
    }
    guard !aligned || faces.landmarks == nil && faces.detector.detector == nil else {
      throw ValidationError("--aligned: the pictures are faces already; drop it, or --landmarks and --detector")
    }
    guard inversion.refinement.crop == .none else {
      throw ValidationError("--crop: faces are cut out by their landmarks; drop it")
    }
  }

  private var isEdit: Bool { !boundary.isEmpty || mix != nil }

  func run() throws {
    try reporting {
      let began = ContinuousClock.now
      Signals.install()
      let model = try model.load()
      let kernels = try engine.kernels()
      try inversion.refinement.optimiser.check(model)
      let options = try editOptions(model)
      let listed = try listImages(images, tell: StandardStreams.tell)
      let destination = try prepare(listed, options.distances, model)
      let context = reporting.context()
      let planned = PlannedInversion(
        inversion.refinement.options(domain: inversion.lambdaDomain), loader: ImageLoader(),
        batch: inversion.refinement.batch == 0 ? 1 : inversion.refinement.batch, imageCount: listed.count)
      let choice = try memory.limit.choose(
        model, batches: planned.batches, kernels: kernels, workload: planned.workload)
      try choice.announce(reporting)
      let finder: FaceFinder =
        aligned
        ? .aligned : try faces.finder(model: model, kernels: kernels, imageCount: listed.count, growsWithPhoto: true)
      var chosen = options
      chosen.format = chosen.format ?? destination.format(quality: quality)
      let run = try PhotoEditRun(
        choice, inversion: planned, finder: finder, options: chosen, kernels: kernels, context: context)
      let batch = try PhotoEditBatch(
        run, options: chosen, destination: destination, context: context, model: model, optionList: optionList)
      let (photos, skipped) = try batch(listed, resumes: resume)
      let facts = try InversionReport.Run(
        model: model, kernels: kernels, seconds: (ContinuousClock.now - began).inSeconds, options: optionList)
      let page = try batch.finish(photos, skipped, facts: facts)
      let faceCount = photos.reduce(0) { $0 + $1.faces.count }
      reporting.tellForeign(
        photos.compactMap { photo in
          let verdicts = photo.faces.compactMap { DomainVerdict($0.times_usual_in_domain, usual: 1) }
          return verdicts.first { $0.kind == .foreign }.map { (photo.name, $0) }
        })
      if !photos.isEmpty {
        try reporting.summarise(
          "\(faceCount) face\(faceCount == 1 ? "" : "s") of \(photos.count) photograph\(photos.count == 1 ? "" : "s") "
            + "edited; \(page.map { "report: \($0)" } ?? "result: \(output)")"
        ) { Listing(photos: photos, skipped: skipped) }
      }
      if !skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }

  private func editOptions(_ model: Model) throws -> PhotoEditOptions {
    let layers = try layers.map { try IntegerList($0, option: "--layers", limit: 1000).values }
    let conditions = try condition.map { try LoadedBoundary.read($0, layers: nil, of: model) }
    let boundaries = try LoadedBoundary.read(boundary, layers: layers, conditions: conditions, of: model)
    let manipulation = boundaries.isEmpty ? nil : Manipulation(boundaries.map { ($0.boundary, $0.factor) })
    return PhotoEditOptions(
      edit: FaceEdit(manipulation: manipulation, mix: try mix.map { try style($0, model) }),
      distances: isEdit ? try distances(along: boundaries.first) : [EditDistance(0)], blend: blend,
      keepsDetail: keepDetail, selection: faces.face,
      format: format.map { $0 == .png ? .png : .jpeg(quality: quality) }, quality: quality, animates: animate)
  }

  /// α, along the first boundary where it is in standard deviations; what that means is said, and a warning where it leads too
  /// far.
  private func distances(along boundary: LoadedBoundary?) throws -> [EditDistance] {
    let list = try BoundaryDistance.list(alpha, option: "--alpha")
    guard let boundary else { return list.map { EditDistance($0.value) } }
    let alphas = try list.map { try $0.alpha(along: boundary) }
    try DistanceScale.announce(alphas, along: boundary, reporting)
    return zip(list, alphas).map { EditDistance($1, deviations: $0.isInDeviations ? $0.value : nil) }
  }

  /// What `--mix` names.
  private func style(_ path: String, _ model: Model) throws -> (StyleMixing, FaceEdit.Style) {
    let layers = try mixLayers.map { try IntegerList($0, option: "--mix-layers", limit: 1000).values }
    let mixing = try StyleMixing(try model.codeShape(), layers: layers)
    let items = try CodeSource(path: path).items(for: model)
    guard items.count == 1, let item = items.first else {
      throw Failure(.usage, "--mix: expected one face, found \(items.count) in \(path)")
    }
    switch item.content {
    case .code(let code, _): return (mixing, .code(code))
    case .image(let image): return (mixing, .photo(image))
    }
  }

  /// Finds out where results go, and that nothing is lost there, before any work is done.
  private func prepare(
    _ listed: [ListedImage], _ distances: [EditDistance], _ model: Model
  ) throws -> PhotoDestination {
    let destination = PhotoDestination(output, isSingle: listed.count == 1 && distances.count == 1)
    let inputs = [model.path] + images + listed.map(\.path) + boundary.map(\.path) + condition + [mix].compactMap { $0 }
    switch destination {
    case .file(let path):
      if format != nil, format == .png ? !path.lowercased().hasSuffix(".png") : path.lowercased().hasSuffix(".png") {
        throw Failure(.usage, "--format \(format?.rawValue ?? ""): the output is called \(path); expected one of both")
      }
      try OutputPlaces(inputs: inputs).check(path)
      AtomicFile.removeLeftovers(beside: path)
    case .folder(let folder):
      try folder.prepare()
      try folder.claim(
        by: "edit", PhotoDestination.outputs(of: listed, distances: distances, isFilmed: animate), inputs: inputs)
    }
    return destination
  }

  private var optionList: [(name: String, value: String)] {
    var list = boundary.map { ("--boundary", $0.factor == 1 ? $0.path : "\($0.path):\($0.factor)") }
    list += condition.map { ("--condition", $0) }
    if let layers { list.append(("--layers", layers)) }
    if let mix { list.append(("--mix", mix)) }
    if let mixLayers { list.append(("--mix-layers", mixLayers)) }
    list += [("--alpha", isEdit ? alpha : "0"), ("--blend", blend.rawValue)]
    list.append((keepDetail ? "--keep-detail" : "--no-keep-detail", ""))
    list += faces.list
    if aligned { list.append(("--aligned", "")) }
    if let format { list.append(("--format", format.rawValue)) }
    list.append(("--quality", "\(quality)"))
    return list + inversion.list.filter { $0.name != "--crop" }
  }
}

extension Duration {
  fileprivate var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
