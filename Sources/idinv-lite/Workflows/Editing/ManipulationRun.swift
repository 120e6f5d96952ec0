import Imaging
import Inversion
import Reports

/// Codes moved along semantic boundaries, x = G(z + α·n), and their pictures.
package struct ManipulationRun {
  package var boundaries: [LoadedBoundary]
  /// Boundaries whose attributes are to stay as they are; `boundaries` are projected off them already.
  package var conditions: [SemanticBoundary]
  /// Each α, ascending.
  package var distances: [Double]
  package var items: [CodeSource.Item]
  /// Of a film of each image, there and back; nil for none.
  package var framesPerSecond: Int?

  package init(
    boundaries: [LoadedBoundary], conditions: [SemanticBoundary], distances: [Double], items: [CodeSource.Item],
    framesPerSecond: Int? = nil
  ) {
    self.framesPerSecond = framesPerSecond
    self.boundaries = boundaries
    self.conditions = conditions
    self.distances = distances
    self.items = items
  }

  /// Names of all files that it writes.
  package var outputs: [String] {
    var names = EditingRun.names(of: items)
    for item in items {
      for step in distances.indices { names.append(stepName(item.name, step)) }
      if framesPerSecond != nil { names += FilmStrip.files("\(item.name)_film") }
    }
    names += ["manipulated_codes.npy", "manipulation.html", "summary.json"]
    return names
  }

  /// - Parameter options: as the page lists them.
  package func callAsFunction(
    in run: EditingRun, inversion: PlannedInversion, options: [(name: String, value: String)]
  ) throws -> EditingOutcome {
    let detail = ReportDetail(imageCount: items.count, resolution: run.resolution, snapshotCount: distances.count)
    let edited = try run.codes(of: items, inversion: inversion, detail: detail).compactMap { $0 }
    let manipulation = Manipulation(boundaries.map { ($0.boundary, $0.factor) })
    var entries: [ManipulationReport.Entry] = []
    var allMoved: [Float] = []
    var film = FilmStrip(run.output, framesPerSecond: framesPerSecond)
    for (index, code) in edited.enumerated() where !run.context.isCancelled {
      let moved = manipulation(code.code, distances: distances)
      var (entry, pictures) = try entry(code, moved: moved, (index, edited.count), run, detail)
      // An image without all its steps is left out: every row of the array is whole.
      if entry.steps.count < distances.count { break }
      for picture in pictures + pictures.dropFirst().dropLast().reversed() { try film.append(picture) }
      entry.film = try film.finish("\(code.name)_film")
      allMoved += moved
      entries.append(entry)
    }
    if !entries.isEmpty {
      try run.write(allMoved, shape: [entries.count, distances.count], to: "manipulated_codes.npy")
    }
    let report = ManipulationReport(
      run: try run.facts(options: options),
      boundaries: boundaries.map {
        ManipulationReport.Boundary(
          name: $0.boundary.name, factor: $0.factor, layers: $0.boundary.layers, length: $0.boundary.length,
          scale: $0.boundary.scale, path: $0.path)
      }, conditions: conditions.map(\.name), attributeNames: run.attributeNames, distances: distances,
      deviation: boundaries[0].distanceDeviation, entries: entries)
    return try run.finish(
      details(entries, run.attributeNames, films: film.written), page: report.page(), named: "manipulation.html",
      line: "\(entries.count * distances.count) pictures of \(counted(entries.count, "image"))")
  }

  /// Renders one image at all distances; after Ctrl-C at those so far.
  private func entry(
    _ code: EditedCode, moved: [Float], _ place: (index: Int, count: Int), _ run: EditingRun,
    _ detail: ReportDetail
  ) throws -> (ManipulationReport.Entry, pictures: [Image8]) {
    let unmoved = try run.picture(of: code.code, named: code.name).image
    var entry = ManipulationReport.Entry(code: code)
    var pictures: [Image8] = []
    for (step, distance) in distances.enumerated() where !run.context.isCancelled {
      let name = stepName(code.name, step)
      let start = step * run.shape.count
      let picture = try run.picture(of: moved[start..<start + run.shape.count], named: name)
      try run.output.writePNG(picture.image, name)
      if framesPerSecond != nil { pictures.append(picture.image) }
      let shown: ReportImage? =
        detail.snapshotSide > 0 ? try ReportImage(picture.image, maximumSide: detail.snapshotSide) : nil
      entry.steps.append(
        ManipulationReport.Step(
          alpha: distance, file: name, image: shown, inDomain: picture.score.map { Double($0.meanSquare) },
          change: Metrics.msePM1(unmoved, picture.image).squareRoot(), attributes: picture.attributes))
      run.context.update(
        ProgressState(
          name: code.name, image: place.index, imageCount: place.count, step: step + 1, stepCount: distances.count))
    }
    return (entry, pictures)
  }

  private func stepName(_ name: String, _ step: Int) -> String {
    numberedName("\(name)_step", step + 1, of: distances.count)
  }

  private struct Details: Encodable {
    struct Boundary: Encodable {
      var name: String
      var path: String
      var factor: Double
      var layers: [Int]
      var length: Double
    }
    struct Step: Encodable {
      /// Along the unit normal.
      var alpha: Double
      /// In standard deviations of codes' distances from the first boundary, where they are known.
      var alpha_deviations: Double?
      var picture: String
      var in_domain_mean_square: Float?
      var change_rms_pm1: Double
      var attributes: [String: Float]?
    }
    struct Image: Encodable {
      var image: EditedCodeSummary
      var steps: [Step]

      func encode(to encoder: any Swift.Encoder) throws {
        try image.encode(to: encoder)
        try ["steps": steps].encode(to: encoder)
      }
    }
    var boundaries: [Boundary]
    var conditions: [String]
    var distances: [Double]
    var images: [Image]
    var films: [String]?
  }

  private func details(
    _ entries: [ManipulationReport.Entry], _ attributeNames: [String], films: [String]
  ) -> Details {
    Details(
      boundaries: boundaries.map {
        Details.Boundary(
          name: $0.boundary.name, path: $0.path, factor: $0.factor, layers: $0.boundary.layers,
          length: $0.boundary.length)
      }, conditions: conditions.map(\.name), distances: distances,
      images: entries.map { entry in
        Details.Image(
          image: EditedCodeSummary(entry.code),
          steps: entry.steps.map { step in
            Details.Step(
              alpha: step.alpha, alpha_deviations: boundaries[0].distanceDeviation.map { step.alpha / $0 },
              picture: step.file, in_domain_mean_square: step.inDomain.map { Float($0) }, change_rms_pm1: step.change,
              attributes: step.attributes.isEmpty
                ? nil : Dictionary(uniqueKeysWithValues: zip(attributeNames, step.attributes)))
          })
      }, films: films.isEmpty ? nil : films)
  }
}

/// `face_step07.png`: numbers of one width, of two digits at least.
package func numberedName(_ stem: String, _ number: Int, of count: Int) -> String {
  let digits = max(2, "\(count)".count)
  let text = "\(number)"
  return "\(stem)\(String(repeating: "0", count: max(0, digits - text.count)))\(text).png"
}
