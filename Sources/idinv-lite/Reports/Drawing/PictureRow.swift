import Imaging

/// A picture with a caption.
package struct CaptionedImage: Sendable {
  package var image: ReportImage
  package var title: String
  /// Quieter lines below.
  package var details: [String]
  /// For copies of it elsewhere on the page.
  package var id: String?

  package init(_ image: ReportImage, title: String, details: [String] = [], id: String? = nil) {
    self.image = image
    self.title = title
    self.details = details
    self.id = id
  }

  /// A `figure` element.
  package func html() -> HTML {
    let lines = details.map { "<small>\($0)</small>" as HTML }
    return """
      <figure>\(image.element(id: id, alt: title))<figcaption>\(title)\(lines)</figcaption></figure>

      """
  }
}

/// Pictures side by side; they wrap on narrow screens.
package struct PictureRow: Sendable {
  /// How large the pictures are shown.
  package enum Size: String, Sendable { case large, small }

  package var pictures: [CaptionedImage]
  package var size: Size = .large

  package func html() -> HTML {
    "<div class=\"row \(size.rawValue)\">\(pictures.map { $0.html() })</div>\n"
  }
}

/// Two pictures on top of each other with a handle to wipe from one to the other. Needs the script; without it,
/// and on paper, it does not appear.
package struct Wipe: Sendable {
  package var before: ReportImage
  package var after: ReportImage
  /// The ids under which the page holds both pictures.
  package var beforeID: String
  package var afterID: String
  package var beforeTitle: String
  package var afterTitle: String

  package func html() -> HTML {
    """
    <figure class="wipe-box"><div class="wipe" style="--cut:50%">\
    \(before.copy(of: beforeID, alt: beforeTitle))\
    \(after.copy(of: afterID, alt: afterTitle, classes: "over"))\
    <span class="handle" aria-hidden="true"></span>\
    <input type="range" min="0" max="100" step="0.5" value="50" \
    aria-label="Wipe between \(beforeTitle) and \(afterTitle)"></div>\
    <figcaption><span>◂ \(beforeTitle)</span><span>\(afterTitle) ▸</span></figcaption></figure>

    """
  }
}

/// A series of pictures over a parameter, one shown at a time, with a slider: the α of an edit, the steps of an
/// inversion. Without the script, and on paper, all are shown in a row.
package struct PictureSlider: Sendable {
  /// The parameter's name, shown before each label: "α".
  package var parameter: String
  /// Label and picture, in order.
  package var frames: [(label: String, image: ReportImage)]
  /// The frame to begin with.
  package var start: Int
  /// Lets copies show frame i once more, as "ID-i".
  package var id: String?

  package func html() -> HTML {
    let figures = frames.enumerated().map { index, frame -> HTML in
      let caption = "\(parameter) \(frame.label)"
      return """
        <figure>\(frame.image.element(id: id.map { "\($0)-\(index)" }, alt: caption))<figcaption>\(caption)</figcaption></figure>

        """
    }
    let first = min(max(start, 0), max(frames.count - 1, 0))
    return """
      <div class="frames" data-start="\(first)"><div class="row small">\(figures)</div>\
      <input type="range" min="0" max="\(max(frames.count - 1, 0))" step="1" value="\(first)" \
      aria-label="\(parameter)"></div>

      """
  }
}
