import Imaging
import Inversion
import Reports

/// Pictures of the codes on straight lines between two codes.
package struct InterpolationRun {
  package let items: [CodeSource.Item]
  /// Places of the ends in `items`.
  package let lines: [(from: Int, to: Int)]
  /// Whether each line begins where the one before ends.
  package let isPath: Bool
  package let isLoop: Bool
  /// Codes between the ends of a line.
  package let steps: Int
  /// Of the films; nil for none.
  package let framesPerSecond: Int?
  private let names: [String]

  package init(
    items: [CodeSource.Item], lines: [(from: Int, to: Int)], isPath: Bool, isLoop: Bool, steps: Int,
    framesPerSecond: Int?
  ) {
    self.items = items
    self.lines = lines
    self.isPath = isPath
    self.isLoop = isLoop
    self.steps = steps
    self.framesPerSecond = framesPerSecond
    names = ImageList.uniqueNames(lines.map { "\(items[$0.from].name)_to_\(items[$0.to].name).png" })
  }

  /// Names of the films without endings.
  private var films: [String] {
    framesPerSecond == nil ? [] : isPath ? ["path"] : names.map { "\($0)_film" }
  }

  /// Names of all files that it writes.
  package var outputs: [String] {
    var result = EditingRun.names(of: items)
    for name in names where steps > 0 {
      for step in 1...steps { result.append(numberedName("\(name)_", step, of: steps)) }
    }
    result += films.flatMap(FilmStrip.files)
    result += ["interpolated_codes.npy", "interpolation.html", "summary.json"]
    return result
  }

  /// - Parameter options: as the page lists them.
  package func callAsFunction(
    in run: EditingRun, inversion: PlannedInversion, options: [(name: String, value: String)]
  ) throws -> EditingOutcome {
    let detail = ReportDetail(imageCount: lines.count, resolution: run.resolution, snapshotCount: steps)
    let edited = try run.codes(of: items, inversion: inversion, detail: detail)
    var entries: [InterpolationReport.Line] = []
    var codes: [Float] = []
    var film = FilmStrip(run.output, framesPerSecond: framesPerSecond)
    var shown: [ReportImage] = []
    for (index, line) in lines.enumerated() where !run.context.isCancelled {
      guard let a = edited[line.from], let b = edited[line.to] else { continue }
      let between = Interpolation.codes(from: a.code, to: b.code, innerSteps: steps)
      var entry = InterpolationReport.Line(
        from: a, to: b, fromIndex: line.from, toIndex: line.to, name: names[index])
      try walk(between, index, run, detail, &entry, &film)
      if entry.frames.count < steps + 2 { break }
      codes += between
      entries.append(entry)
      if !isPath, !films.isEmpty, let picture = try film.finish(films[index]) { shown.append(picture) }
    }
    if isPath, let name = films.first, let picture = try film.finish(name) { shown.append(picture) }
    if !entries.isEmpty {
      try run.write(codes, shape: [entries.count, steps + 2], to: "interpolated_codes.npy")
    }
    var report = InterpolationReport(
      run: try run.facts(options: options), isPath: isPath, codes: edited, lines: entries)
    report.films = Array(shown.prefix(InterpolationReport.filmLimit))
    return try run.finish(
      details(edited.compactMap { $0 }, entries, films: film.written), page: report.page(),
      named: "interpolation.html",
      line: "\(entries.count * steps) pictures on \(counted(entries.count, "line"))")
  }

  /// Renders the codes of one line, until the run is to end.
  private func walk(
    _ codes: [Float], _ index: Int, _ run: EditingRun, _ detail: ReportDetail, _ entry: inout InterpolationReport.Line,
    _ film: inout FilmStrip
  ) throws {
    // On a path the end of a line is the beginning of the next.
    let isLast = index == lines.count - 1 && !isLoop
    var last: Image8?
    for step in 0..<steps + 2 where !run.context.isCancelled {
      let start = step * run.shape.count
      let picture = try run.picture(of: codes[start..<start + run.shape.count], named: names[index])
      entry.frames.append(try frame(picture, step, after: last, names[index], run, detail))
      last = picture.image
      if !isPath || step <= steps || isLast { try film.append(picture.image) }
      run.context.update(
        ProgressState(
          name: names[index], image: index, imageCount: lines.count, step: step + 1, stepCount: steps + 2))
    }
  }

  /// One code of a line; the pictures of those within it are written.
  private func frame(
    _ picture: RenderedCode, _ step: Int, after last: Image8?, _ line: String, _ run: EditingRun, _ detail: ReportDetail
  ) throws -> InterpolationReport.Frame {
    var frame = InterpolationReport.Frame(
      position: Interpolation.positions(innerSteps: steps)[step],
      inDomain: picture.score.map { Double($0.meanSquare) },
      change: last.map { Metrics.msePM1($0, picture.image).squareRoot() })
    guard step > 0, step <= steps else { return frame }
    let name = numberedName("\(line)_", step, of: steps)
    try run.output.writePNG(picture.image, name)
    frame.file = name
    if detail.snapshotSide > 0 { frame.image = try ReportImage(picture.image, maximumSide: detail.snapshotSide) }
    return frame
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
}
