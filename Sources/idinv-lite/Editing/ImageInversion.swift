import ArgumentParser
import Foundation
import Imaging
import Inversion
import Runtime

/// How a code is refined: the options that `invert` has too, with its defaults.
struct RefinementOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Optimisation steps for a picture; 0 for the encoder alone.", valueName: "n"))
  var iterations = 100

  @Option(parsing: .unconditional, help: ArgumentHelp("Step size of Adam.", valueName: "rate"))
  var learningRate: Float = 0.01

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Weight of the perceptual term; 0 leaves it out.", valueName: "weight"))
  var lambdaPerceptual: Float = 5e-5

  @Option(help: "What to do with a picture that is not square: none refuses it, center cuts out the middle.")
  var crop = ImageOptions.Crop.none

  mutating func validate() throws {
    guard (0...1_000_000).contains(iterations) else {
      throw ValidationError("--iterations: expected 0 to 1000000, found \(iterations)")
    }
    guard learningRate > 0, learningRate.isFinite else {
      throw ValidationError("--learning-rate: expected a positive number, found \(learningRate)")
    }
    guard lambdaPerceptual >= 0, lambdaPerceptual.isFinite else {
      throw ValidationError("--lambda-perceptual: expected 0 or more, found \(lambdaPerceptual)")
    }
  }

  /// - Parameter domain: λ_dom; 0 in a diffusion, whose result is to leave the pasted picture's code.
  func options(domain: Float) -> InversionOptions {
    InversionOptions(
      iterations: iterations, learningRate: learningRate,
      weights: ObjectiveWeights(perceptual: lambdaPerceptual, domain: domain), snapshotCount: 0)
  }

  /// Reads a picture and fits it to the model.
  func load(_ image: ListedImage, resolution: Int) throws -> Image8 {
    try PNG.read(image.path)
      .fitted(to: resolution, crop: CropRule(rawValue: crop.rawValue) ?? .none, path: image.path)
  }

  var list: [(name: String, value: String)] {
    [
      ("--iterations", "\(iterations)"), ("--learning-rate", "\(learningRate)"),
      ("--lambda-perceptual", "\(lambdaPerceptual)"), ("--crop", crop.rawValue),
    ]
  }
}

/// How pictures are inverted before their codes are edited.
struct ImageInversionOptions: ParsableArguments {
  @OptionGroup var refinement: RefinementOptions

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Weight of the domain term; 0 leaves it out.", valueName: "weight"))
  var lambdaDomain: Float = 2

  mutating func validate() throws {
    guard lambdaDomain >= 0, lambdaDomain.isFinite else {
      throw ValidationError("--lambda-domain: expected 0 or more, found \(lambdaDomain)")
    }
  }

  var list: [(name: String, value: String)] { refinement.list + [("--lambda-domain", "\(lambdaDomain)")] }
}

/// The one place where editing commands invert pictures.
final class ImageInversion {
  private let inverter: Inverter
  private let progress: ProgressBar

  /// - Parameter isMasked: whether pictures come with a mask (diffusion).
  init(
    _ model: Model, options: InversionOptions, isMasked: Bool = false, kernels: Kernels, progress: ProgressBar
  ) throws {
    for (weight, isPresent, network, option) in [
      (options.weights.perceptual, model.hasFeatureNetwork, "perceptual network", "--lambda-perceptual"),
      (options.weights.domain, model.hasEncoder, "encoder", "--lambda-domain"),
    ] where weight > 0 && !isPresent {
      throw Failure(
        .badData, "\(model.path) holds no \(network), which the objective needs; \(option) 0 leaves its term out")
    }
    _ = try model.encoder()
    inverter = try Inverter(model, options: options, isMasked: isMasked, kernels: kernels)
    self.progress = progress
  }

  /// The code of a picture; after Ctrl-C the best one so far.
  ///
  /// - Parameters:
  ///   - picture: at the model's resolution.
  ///   - place: number of the picture and how many there are, for the progress bar.
  func callAsFunction(
    _ picture: Image8, mask: DiffusionMask? = nil, name: String, place: (index: Int, count: Int)
  ) throws -> InversionResult {
    let iterations = inverter.options.iterations
    return try inverter.invert(picture.planar(inverter.model.file.specification.pixelRange), mask: mask?.values) {
      [progress] report in
      progress.update(
        ProgressState(
          name: name, image: place.index, imageCount: place.count, step: report.state.step, stepCount: iterations,
          losses: [.init("total", Double(report.losses.total)), .init("pixel", Double(report.losses.pixel))]))
      return !Signals.isInterrupted
    }
  }
}
