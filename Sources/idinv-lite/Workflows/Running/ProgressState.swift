/// Where a run over images and steps stands.
package struct ProgressState: Equatable, Sendable {
  /// What is being worked on: the image's name.
  package var name: String
  /// Zero-based number of the image, and how many there are.
  package var image: Int
  package var imageCount: Int
  /// Steps done of the current image, and how many it takes.
  package var step: Int
  package var stepCount: Int
  /// Steps done of other images that are not done yet.
  package var stepsBeside = 0
  /// Values to show beside the bar, most important first: `("total", 0.0123)`.
  package var losses: [Loss]

  /// A named value.
  package struct Loss: Equatable, Sendable {
    package var name: String
    package var value: Double

    package init(_ name: String, _ value: Double) {
      self.name = name
      self.value = value
    }
  }

  package init(
    name: String, image: Int = 0, imageCount: Int = 1, step: Int, stepCount: Int, losses: [Loss] = []
  ) {
    self.name = name
    self.image = image
    self.imageCount = imageCount
    self.step = step
    self.stepCount = stepCount
    self.losses = losses
  }

  /// Steps done of the whole run.
  package var stepsDone: Int { min(image * stepCount + min(step, stepCount) + stepsBeside, stepsInAll) }
  /// Steps of the whole run.
  package var stepsInAll: Int { imageCount * stepCount }
}
