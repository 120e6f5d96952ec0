import Inversion

/// The objective's value for one image, term by term; means of squares.
public struct Losses: Sendable, Equatable {
  /// Of pixels in the model's range.
  public let pixel: Float
  /// Of features; 0 where the term is off.
  public let perceptual: Float
  /// Of the code against the encoder's code of its image; 0 where the term is off.
  public let domain: Float
  /// The weighted sum.
  public let total: Float

  init(_ losses: Inversion.Losses) {
    (pixel, perceptual, domain, total) = (losses.pixel, losses.perceptual, losses.domain, losses.total)
  }
}

/// What is told after each step of each image.
public struct InversionProgress: Sendable {
  /// Which of the images, from 0.
  public let image: Int
  public let imageCount: Int
  /// Steps of this image so far.
  public let step: Int
  /// Steps of this image in all, as far as can be told: a budget, a target or patience may end it before.
  public let plannedSteps: Int
  public let losses: Losses
  /// Of this step; of a batch this image's share.
  public let seconds: Double
  /// The best code so far, for a preview.
  public let bestCode: Codes
}

/// What to do after a step.
public enum InversionControl: Sendable {
  case goOn
  /// End this image with its best code so far, and go on with the others.
  case stopImage
  /// End the whole call: images that were begun keep their best codes so far.
  case stopAll
}

/// What became of one image.
public struct InvertedImage: Sendable {
  /// Why an inversion ended. Raw values as in the command's `summary.json`.
  public enum StopReason: String, Sendable, CaseIterable {
    case steps, budget, target, patience, converged, interrupted
  }

  public let stopReason: StopReason
  /// Losses of the codes that were evaluated, in order.
  public let losses: [Losses]
  /// The step that evaluated the best code; 0 without any.
  public let bestStep: Int
}

/// The codes of images. Row i belongs to image i.
public struct InversionResult: Sendable {
  /// [N, L, D]; the row of an image that failed is not-a-number.
  public let codes: Codes
  /// The codes that the optimization started from, [N, L, D].
  public let startCodes: Codes
  /// One for each image: how its inversion went, or why there is none.
  public let images: [Result<InvertedImage, IdinvError>]

  /// The images that failed, and why. `.cancelled` for those whose turn never came.
  public var failures: [(image: Int, error: IdinvError)] {
    images.enumerated().compactMap { index, outcome in
      if case .failure(let error) = outcome { (index, error) } else { nil }
    }
  }
}
