/// What `edit.html` tells: photographs before and after.
package struct PhotoEditPage {
  package struct Entry {
    package var name: String
    package var path: String
    package var before: ReportImage
    package var after: [(alpha: Double, image: ReportImage)]
    /// Side of each face's square in pixels of the photograph, and how well it was inverted.
    package var faces: [(side: Double, psnrDB: Double)]
    package var seconds: Double
    /// Of the faces that are not what the model was trained on.
    package var verdicts: [DomainVerdict] = []
    package var film: ReportImage?

    package init(
      name: String, path: String, before: ReportImage, after: [(alpha: Double, image: ReportImage)],
      faces: [(side: Double, psnrDB: Double)], seconds: Double
    ) {
      self.name = name
      self.path = path
      self.before = before
      self.after = after
      self.faces = faces
      self.seconds = seconds
    }
  }

  /// More would make the page too heavy to open.
  package static let photoLimit = 200

  package var run: InversionReport.Run
  package var photoCount: Int
  /// Of codes' distances from the first boundary, where it is known.
  package var deviation: Double?
  package var entries: [Entry]

  package init(run: InversionReport.Run, photoCount: Int, deviation: Double? = nil, entries: [Entry]) {
    self.run = run
    self.photoCount = photoCount
    self.deviation = deviation
    self.entries = entries
  }

  package func page() -> HTMLPage {
    var page = run.page(
      title: "Edited photographs: \(photoCount)",
      lead: "Each face was found, cut out, inverted, moved along the boundaries, rendered and put back.")
    for (index, entry) in entries.enumerated() { page.addSection(entry.name, pictures(entry, index)) }
    if photoCount > entries.count {
      page.add("<p class=\"quiet\">The first \(entries.count) of \(photoCount).</p>\n")
    }
    page.addSection("Figures", figures())
    return page
  }

  private func pictures(_ entry: Entry, _ index: Int) -> HTML {
    var row = PictureRow(pictures: [CaptionedImage(entry.before, title: "before", id: "p\(index)-before")])
    for (step, after) in entry.after.enumerated() {
      row.pictures.append(
        CaptionedImage(after.image, title: text(after.alpha), id: "p\(index)-\(step)"))
    }
    var result: HTML = ""
    if let sentence = entry.verdicts.max(by: { $0.ratio < $1.ratio })?.sentence {
      result += "<p class=\"note\">\(sentence)</p>\n"
    }
    result += row.html()
    if let step = entry.after.indices.max(by: { abs(entry.after[$0].alpha) < abs(entry.after[$1].alpha) }) {
      let after = entry.after[step]
      result += Wipe(
        before: entry.before, after: after.image, beforeID: "p\(index)-before", afterID: "p\(index)-\(step)",
        beforeTitle: "before", afterTitle: text(after.alpha)
      ).html()
    }
    if let film = entry.film { result += film.figure(of: entry.name) }
    return result
  }

  private func text(_ alpha: Double) -> String { "α \(Figure.distance(alpha, deviation: deviation))" }

  private func figures() -> HTML {
    ReportTable(
      columns: [
        ReportTable.Column("Photograph", isNumeric: false), ReportTable.Column("Faces"),
        ReportTable.Column("Face's square", unit: "pixels"),
        ReportTable.Column("Inversion", unit: "dB", hint: "PSNR of the generator's picture and the face"),
        ReportTable.Column("Time", unit: "s"), ReportTable.Column("File", isNumeric: false),
      ],
      rows: entries.map { entry in
        let side = entry.faces.first?.side, quality = Figure.median(entry.faces.map(\.psnrDB))
        return [
          ReportTable.Cell(entry.name),
          ReportTable.Cell(HTML(text: "\(entry.faces.count)"), key: Double(entry.faces.count)),
          ReportTable.Cell(HTML(text: Figure.fixed(side, 0)), key: side),
          ReportTable.Cell(HTML(text: Figure.fixed(quality, 1)), key: quality),
          ReportTable.Cell(HTML(text: Figure.fixed(entry.seconds, 1)), key: entry.seconds),
          ReportTable.Cell(entry.path),
        ]
      }, caption: "Figures of all photographs"
    ).html()
  }
}
