import Imaging
import Inversion

/// What becomes of a face's code.
package struct FaceEdit {
  /// Whose style is mixed in.
  package enum Style {
    case code([Float])
    /// The face of a photograph, which is found and inverted like the others: the largest one.
    case photo(ListedImage)
  }
  /// A style that is mixed in.
  package struct Mix {
    package var mixing: StyleMixing
    package var style: Style

    /// Finds out what a path names: a photograph, a result folder, or a code.
    ///
    /// - Parameter layers: those that come from the style; nil for the usual ones.
    package init(_ path: String, layers: [Int]?, of model: Model) throws {
      mixing = try StyleMixing(try model.codeShape(), layers: layers)
      let items = try CodeSource(path: path).items(for: model)
      guard items.count == 1, let item = items.first else {
        throw Failure(.usage, of: "mix", "expected one face, found \(items.count) in \(path)")
      }
      switch item.content {
      case .code(let code, _): style = .code(code)
      case .image(let image): style = .photo(image)
      }
    }
  }
  /// Along which directions; nil for none.
  package var manipulation: Manipulation?
  package var mix: Mix?

  package init(manipulation: Manipulation? = nil, mix: Mix? = nil) {
    self.manipulation = manipulation
    self.mix = mix
  }

  /// Whether codes stay as they were found.
  package var isNone: Bool { manipulation == nil && mix == nil }

  /// The code at a distance: along the directions, from where the style has been mixed in; without directions, the distance is
  /// the share of the style.
  func callAsFunction(_ code: [Float], style: [Float]?, distance: Double) -> [Float] {
    var result = code
    if let mix, let style {
      let mixed = mix.mixing(style: style, content: code), share = manipulation == nil ? distance : 1
      result = zip(code, mixed).map { own, other in
        let (own, other) = (Double(own), Double(other))
        return Float(own + share * (other - own))
      }
    }
    return manipulation.map { $0(result, distances: [distance]) } ?? result
  }
}

/// How far an edit goes.
package struct EditDistance: Equatable, Sendable {
  /// Along the unit normal; or the share of a style, where there is no direction.
  package var alpha: Double
  /// What a file's name says: "+2" or "+2sd".
  package var label: String

  /// - Parameter deviations: the same in standard deviations, where the user wrote these.
  package init(_ alpha: Double, deviations: Double? = nil) {
    self.alpha = alpha
    let shown = deviations ?? alpha
    let text = shown == shown.rounded() && abs(shown) < 1e6 ? "\(Int(shown))" : "\(shown)"
    label = "\(shown < 0 ? "" : "+")\(text)\(deviations == nil ? "" : "sd")"
  }

  /// As a part of a file's name: `_alpha+2`.
  var suffix: String { "_alpha\(label)" }
}

/// What `edit` does with each face of a photograph.
package struct PhotoEditOptions {
  package var edit: FaceEdit
  /// A picture for each.
  package var distances: [EditDistance]
  /// Of codes' distances from the first boundary, for the page; nil where it is not known.
  package var deviation: Double?
  package var blend: FaceBlend
  /// Whether only the difference of the generator's two pictures goes into the photograph.
  package var keepsDetail: Bool
  package var selection: FaceSelection
  /// nil for the photograph's own.
  package var format: PictureFormat?
  /// Of JPEG files.
  package var quality: Int
  /// Whether the pictures of each photograph become a film, too.
  package var animates: Bool

  package init(
    edit: FaceEdit, distances: [EditDistance], deviation: Double? = nil, blend: FaceBlend = .feather,
    keepsDetail: Bool = true, selection: FaceSelection = .largest, format: PictureFormat? = nil,
    quality: Int = JPEG.defaultQuality,
    animates: Bool = false
  ) {
    self.edit = edit
    self.distances = distances
    self.deviation = deviation
    self.blend = blend
    self.keepsDetail = keepsDetail
    self.selection = selection
    self.format = format
    self.quality = quality
    self.animates = animates
  }

  /// The format of a photograph's results. WebP is not written.
  func format(of header: ImageHeader) -> PictureFormat {
    format ?? (header.formatName == "JPEG" ? .jpeg(quality: quality) : .png)
  }
}

/// One photograph's edits, as `edit.json` and `--json` tell them.
package struct EditedPhoto: Codable, Equatable {
  package struct Face: Codable, Equatable {
    /// Left eye, right eye, left and right corner of the mouth, in pixels of the upright photograph; none of an aligned one.
    package var landmarks: [[Double]]
    /// Side of the square that was cut out.
    package var side: Double
    package var steps: Int
    package var psnr_db: Double
    /// In-domain score, mean square, of the encoder's code of the face; nil without an encoder.
    package var in_domain_mean_square: Double?
    /// The same, divided by the usual one: beyond 10 the face is far from what the model was trained on.
    package var times_usual_in_domain: Double?
  }
  package struct Output: Codable, Equatable {
    package var alpha: Double
    package var path: String
  }
  package var name: String
  package var path: String
  /// Of the upright photograph.
  package var width: Int
  package var height: Int
  package var faces: [Face]
  package var outputs: [Output]
  package var animation: String?
  package var seconds: Double
}
