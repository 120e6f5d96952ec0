import ArgumentParser
import Imaging
import Inversion
import Reports
import Workflows

/// `idinv-lite interpolate`
struct Interpolate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Walk from image to image, on straight lines between their codes.",
    discussion: """
      Example: idinv-lite interpolate photos/*.png --loop --animate -o walk

      Images are inverted first. Without --from-a and --from-b the path leads through the given images, codes or \
      result folder in order. With them, every code of the one is joined to every code of the other. Pictures are of \
      a + t·(b − a).

      Writes A_to_B_01.png and so on, interpolated_codes.npy [lines, steps + 2, L, D] with both ends, \
      interpolation.html and summary.json. With --animate, also path.png or A_to_B_film.png as animated PNG. Also \
      NAME_ori.png, NAME_inv.png, inverted_codes.npy and image_list.txt, so that the folder can be edited again.
      """)

  @Argument(
    help: ArgumentHelp(
      "Pictures, folders or .list files: a path through them; result folders and codes.npy are taken as they are.",
      valueName: "images"))
  var images: [String] = []

  @Option(help: ArgumentHelp("A path through codes [N, L, D] or [N, D].", valueName: "codes.npy"))
  var codes: String?

  @Option(help: ArgumentHelp("A path through the codes of a result folder.", valueName: "dir"))
  var from: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Where lines begin: a result folder, codes.npy, or images.", valueName: "a"))
  var fromA: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Where lines end: a result folder, codes.npy, or images.", valueName: "b"))
  var fromB: [String] = []

  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption

  @Option(parsing: .unconditional, help: ArgumentHelp("Number of codes between the ends of each line.", valueName: "n"))
  var steps = 5

  @Flag(help: "Return to the first code at the end.")
  var loop = false

  @Flag(help: "Also write animated PNGs.")
  var animate = false

  @Option(parsing: .unconditional, help: ArgumentHelp("Pictures per second of the animations.", valueName: "n"))
  var frameRate = 10

  @OptionGroup(title: "Inversion of images") var inversion: ImageInversionOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    guard fromA.isEmpty == fromB.isEmpty else { throw ValidationError("give both --from-a and --from-b, or neither") }
    guard [codes != nil, from != nil, !images.isEmpty, !fromA.isEmpty].count(where: { $0 }) == 1 else {
      throw ValidationError("give either images, --codes, --from, or --from-a and --from-b")
    }
    if loop && !fromA.isEmpty { throw ValidationError("--loop acts on a path, not on --from-a and --from-b") }
    guard (1...1000).contains(frameRate) else {
      throw ValidationError("--frame-rate: expected 1 to 1000, found \(frameRate)")
    }
    guard (0...1000).contains(steps) else { throw ValidationError("--steps: expected 0 to 1000, found \(steps)") }
  }

  private struct Details: Encodable {
    struct Line: Encodable {
      var from: String
      var to: String
      var pictures: [String]
      /// Of each code of the line, both ends included.
      var in_domain_mean_square: [Double]?
      /// Of each picture against the one before.
      var change_rms_pm1: [Double]
    }
    var steps: Int
    var images: [EditedCodeSummary]
    var lines: [Line]
    var films: [String]
  }

  private var isPath: Bool { fromA.isEmpty }

  /// What a path leads through.
  private var sources: [CodeSource] { CodeSource.given(images, codes: codes, from: from) }

  /// The things to join, and the lines between them as pairs of indices.
  private func plan(_ model: Model) throws -> (items: [CodeSource.Item], lines: [(from: Int, to: Int)]) {
    if !fromA.isEmpty {
      let a = try CodeSource.several(fromA).items(for: model, tell: StandardStreams.tell)
      let b = try CodeSource.several(fromB).items(for: model, tell: StandardStreams.tell)
      return (a + b, a.indices.flatMap { from in b.indices.map { (from, a.count + $0) } })
    }
    let items = try sources.items(for: model, tell: StandardStreams.tell)
    guard items.count > 1 else {
      throw Failure(.badData, "\(codes ?? from ?? images[0]): holds one image; expected two or more to walk between")
    }
    return (items, Interpolation.path(through: items.count, isLoop: loop))
  }

  func run() throws {
    try reporting {
      Signals.install()
      let model = try model.load()
      var (items, lines) = try plan(model)
      items.makeNamesUnique()
      try inversion.check(items, model)
      let names = ImageList.uniqueNames(lines.map { "\(items[$0.from].name)_to_\(items[$0.to].name).png" })
      let films = !animate ? [] : isPath ? ["path.png"] : names.map { "\($0)_film.png" }
      try output.folder.prepare()
      try output.folder.claim(by: "interpolate", outputs(of: items, names, films), inputs: inputs(model, items))

      let planned = inversion.planned(items)
      let run = try EditingRun(
        model: model, output: output, engine: engine, memory: memory, reporting: self.reporting,
        inversion: planned)
      let detail = ReportDetail(
        imageCount: lines.count, resolution: run.resolution, snapshotCount: steps)
      let edited = try run.codes(of: items, inversion: planned, detail: detail)
      var entries: [InterpolationReport.Line] = []
      var allCodes: [Float] = []
      let emptyFilm = AnimatedPNG(height: run.resolution, width: run.resolution, framesPerSecond: frameRate)
      var film = emptyFilm
      var writtenFilms: [String] = []
      for (index, line) in lines.enumerated() where !Signals.cancellation.isCancelled {
        guard let a = edited[line.from], let b = edited[line.to] else { continue }
        let codes = Interpolation.codes(from: a.code, to: b.code, innerSteps: steps)
        var entry = InterpolationReport.Line(
          from: a, to: b, fromIndex: line.from, toIndex: line.to, name: names[index])
        // On a path the end of a line is the beginning of the next.
        let isLast = index == lines.count - 1 && !loop
        var last: Image8?
        for step in 0..<steps + 2 where !Signals.cancellation.isCancelled {
          let start = step * run.shape.count
          let picture = try run.picture(of: codes[start..<start + run.shape.count], named: names[index])
          entry.frames.append(try frame(picture, step, after: last, names[index], detail))
          last = picture.image
          if animate, !isPath || step <= steps || isLast { try film.append(picture.image) }
          run.context.update(
            ProgressState(
              name: names[index], image: index, imageCount: lines.count, step: step + 1, stepCount: steps + 2))
        }
        if entry.frames.count < steps + 2 { break }
        allCodes += codes
        entries.append(entry)
        if animate, !isPath {
          try film.write(to: output.folder.path(films[index]))
          writtenFilms.append(films[index])
          film = emptyFilm
        }
      }
      if animate, isPath, film.frameCount > 0 {
        try film.write(to: output.folder.path(films[0]))
        writtenFilms = films
      }
      if !entries.isEmpty {
        try run.write(allCodes, shape: [entries.count, steps + 2], to: "interpolated_codes.npy")
      }
      let report = InterpolationReport(
        run: try run.facts(options: optionList(items)), isPath: isPath, codes: edited, lines: entries)
      try run.finish(
        details(edited.compactMap { $0 }, entries, films: writtenFilms), page: report.page(),
        named: "interpolation.html",
        line: "\(entries.count * steps) pictures on \(entries.count) line\(entries.count == 1 ? "" : "s")",
        self.reporting)
    }
  }

  /// Step 0 is the first within the line.
  private func stepName(_ name: String, _ step: Int) -> String {
    let digits = max(2, "\(steps)".count)
    let number = "\(step + 1)"
    return "\(name)_\(String(repeating: "0", count: max(0, digits - number.count)))\(number).png"
  }

  /// One code of a line; the pictures of those within it are written.
  private func frame(
    _ picture: RenderedCode, _ step: Int, after last: Image8?, _ line: String, _ detail: ReportDetail
  ) throws -> InterpolationReport.Frame {
    var frame = InterpolationReport.Frame(
      position: Interpolation.positions(innerSteps: steps)[step],
      inDomain: picture.score.map { Double($0.meanSquare) },
      change: last.map { Metrics.msePM1($0, picture.image).squareRoot() })
    guard step > 0, step <= steps else { return frame }
    let name = stepName(line, step - 1)
    try output.folder.writePNG(picture.image, name)
    frame.file = name
    if detail.snapshotSide > 0 { frame.image = try ReportImage(picture.image, maximumSide: detail.snapshotSide) }
    return frame
  }

  /// Every file that is written.
  private func outputs(of items: [CodeSource.Item], _ lines: [String], _ films: [String]) -> [String] {
    var names = EditingRun.names(of: items)
    for line in lines {
      for step in 0..<steps { names.append(stepName(line, step)) }
    }
    names += films
    names += ["interpolated_codes.npy", "interpolation.html", "summary.json"]
    return names
  }

  /// Every file that is read.
  private func inputs(_ model: Model, _ items: [CodeSource.Item]) -> [String] {
    var paths = [model.path]
    paths += isPath ? sources.inputs : CodeSource.several(fromA + fromB).inputs
    paths += items.inputs
    return paths
  }

  private func details(
    _ codes: [EditedCode], _ lines: [InterpolationReport.Line], films: [String]
  ) -> Details {
    Details(
      steps: steps, images: codes.map { EditedCodeSummary($0) },
      lines: lines.map { line in
        let scores = line.frames.compactMap(\.inDomain)
        return Details.Line(
          from: line.from.name, to: line.to.name, pictures: line.frames.compactMap(\.file),
          in_domain_mean_square: scores.isEmpty ? nil : scores, change_rms_pm1: line.frames.compactMap(\.change))
      }, films: films)
  }

  private func optionList(_ items: [CodeSource.Item]) -> [(name: String, value: String)] {
    var list = [("--steps", "\(steps)")].map { (name: $0.0, value: $0.1) }
    if loop { list.append(("--loop", "yes")) }
    if let codes { list.append(("--codes", codes)) }
    if let from { list.append(("--from", from)) }
    list += fromA.map { ("--from-a", $0) }
    list += fromB.map { ("--from-b", $0) }
    return items.contains(where: \.isImage) ? list + inversion.list : list
  }
}
