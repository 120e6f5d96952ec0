import Inversion

/// The pictures of an evaluation's page: the first images, not the best ones.
package struct EvaluationPictures {
  package struct Ablated {
    package var name: String
    package var original: ReportImage
    /// In the order of the plan's λ.
    package var results: [ReportImage]
    /// Moved along the first boundary; empty without one.
    package var edited: [ReportImage]

    package init(name: String, original: ReportImage, results: [ReportImage], edited: [ReportImage]) {
      self.name = name
      self.original = original
      self.results = results
      self.edited = edited
    }
  }
  package struct Edited {
    package var boundary: String
    package var name: String
    package var frames: [ReportImage]

    package init(boundary: String, name: String, frames: [ReportImage]) {
      self.boundary = boundary
      self.name = name
      self.frames = frames
    }
  }
  package struct Line {
    package var method: InversionMethod
    package var frames: [ReportImage]

    package init(method: InversionMethod, frames: [ReportImage]) {
      self.method = method
      self.frames = frames
    }
  }

  package var reconstructed: [PictureComparison] = []
  package var ablated: [Ablated] = []
  package var edited: [Edited] = []
  package var lines: [Line] = []

  package init(
    reconstructed: [PictureComparison] = [], ablated: [Ablated] = [], edited: [Edited] = [], lines: [Line] = []
  ) {
    self.reconstructed = reconstructed
    self.ablated = ablated
    self.edited = edited
    self.lines = lines
  }

  /// Steps of `EditEvaluation` that are shown.
  package static let editSteps = [-8, -4, 0, 4, 8]
}
