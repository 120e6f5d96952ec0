import ArgumentParser
import Foundation
import Imaging
import Inversion
import Runtime

/// How a code is refined: the options that `invert` has too, with its defaults.
struct RefinementOptions: ParsableArguments {
  @OptionGroup var optimiser: OptimiserOptions

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Weight of the perceptual term; 0 leaves it out.", valueName: "weight"))
  var lambdaPerceptual: Float = 5e-5

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Pictures refined side by side, which is faster; 0 for as many as gain something and fit the memory budget, or half "
        + "of the free memory. The results are the same.", valueName: "n"))
  var batch = 0

  @Option(help: "What to do with a picture that is not square: none refuses it, center cuts out the middle.")
  var crop = ImageOptions.Crop.none

  mutating func validate() throws {
    guard (0...1024).contains(batch) else { throw ValidationError("--batch: expected 0 to 1024, found \(batch)") }
    guard lambdaPerceptual >= 0, lambdaPerceptual.isFinite else {
      throw ValidationError("--lambda-perceptual: expected 0 or more, found \(lambdaPerceptual)")
    }
  }

  /// - Parameter domain: λ_dom; 0 in a diffusion, whose result is to leave the pasted picture's code.
  func options(domain: Float) -> InversionOptions {
    InversionOptions(
      iterations: optimiser.iterationCount, optimiser: optimiser.kind, learningRate: optimiser.rate,
      weights: ObjectiveWeights(perceptual: lambdaPerceptual, domain: domain), goals: optimiser.goals, snapshotCount: 0)
  }

  /// Reads a picture and fits it to the model.
  func load(_ image: ListedImage, resolution: Int) throws -> Image8 {
    try PNG.read(image.path)
      .fitted(to: resolution, crop: CropRule(rawValue: crop.rawValue) ?? .none, path: image.path)
  }

  var list: [(name: String, value: String)] {
    optimiser.list + [("--lambda-perceptual", "\(lambdaPerceptual)"), ("--crop", crop.rawValue)]
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

  /// Refuses options that nothing would come of: those of the inversion where there is nothing to invert.
  func check(_ items: [CodeSource.Item], _ model: Model) throws {
    if items.contains(where: \.isImage) { return try refinement.optimiser.check(model) }
    let others = [
      ("--lambda-perceptual", refinement.lambdaPerceptual != 5e-5), ("--batch", refinement.batch != 0),
      ("--crop", refinement.crop != .none), ("--lambda-domain", lambdaDomain != 2),
    ]
    let given = refinement.optimiser.given + others.filter(\.1).map(\.0)
    if let option = given.first {
      throw Failure(.usage, "\(option): acts on the inversion of images; expected images, or codes without it")
    }
  }

  var list: [(name: String, value: String)] { refinement.list + [("--lambda-domain", "\(lambdaDomain)")] }
}

/// The inversions that an editing command is going to do, for its memory plan.
struct PlannedInversion {
  var options: InversionOptions
  /// As given: 0 for as many as pay.
  var batch: Int
  var imageCount: Int
  var isMasked = false

  /// Of the pictures among `items`.
  init(of items: [CodeSource.Item], _ inversion: ImageInversionOptions) {
    options = inversion.refinement.options(domain: inversion.lambdaDomain)
    batch = inversion.refinement.batch
    imageCount = items.count { $0.isImage }
  }

  init(_ options: InversionOptions, batch: Int, imageCount: Int, isMasked: Bool) {
    self.options = options
    self.batch = batch
    self.imageCount = imageCount
    self.isMasked = isMasked
  }

  var batches: [Int] {
    batch == 0 ? BatchSize.candidates(imageCount: imageCount) : [max(1, min(batch, imageCount))]
  }

  /// Codes are rendered in any case.
  var workload: MemoryBudget.Workload {
    let whole = options.workload(isMasked: isMasked, readsAttributes: true), inverts = imageCount > 0
    return { (model, kernels, batch) throws(InversionError) in
      // A model without what the inversion needs is refused later, in better words.
      if inverts, model.hasEncoder, model.hasFeatureNetwork || options.weights.perceptual == 0 {
        return try whole(model, kernels, batch)
      }
      return [try Reconstructor(model, readsAttributes: true, kernels: kernels)]
    }
  }
}

/// The one place where editing commands invert pictures: side by side, in the rows of one graph.
final class ImageInversion {
  /// The code found for a picture.
  struct Outcome {
    var result: InversionResult
    /// Of work; in a batch the picture's share.
    var seconds: Double
  }

  private let inverter: Inverter
  private let progress: ProgressBar

  /// - Parameters:
  ///   - batch: pictures side by side.
  ///   - imageCount: how many pictures there are.
  ///   - isMasked: whether they come with masks (diffusion).
  init(
    _ model: Model, options: InversionOptions, batch: Int, imageCount: Int, isMasked: Bool = false, kernels: Kernels,
    progress: ProgressBar
  ) throws {
    for (weight, isPresent, network, option) in [
      (options.weights.perceptual, model.hasFeatureNetwork, "perceptual network", "--lambda-perceptual"),
      (options.weights.domain, model.hasEncoder, "encoder", "--lambda-domain"),
    ] where weight > 0 && !isPresent {
      throw Failure(
        .badData, "\(model.path) holds no \(network), which the objective needs; \(option) 0 leaves its term out")
    }
    _ = try model.encoder()
    inverter = try Inverter(
      model, options: options, batch: max(1, min(batch, imageCount)), isMasked: isMasked,
      kernels: kernels)
    self.progress = progress
  }

  /// Finds the codes of pictures; after Ctrl-C the best ones so far of those that were begun.
  ///
  /// - Parameters:
  ///   - names: one for each picture.
  ///   - read: gives a picture when its turn comes; what it throws is that picture's outcome.
  ///   - didFinish: told each outcome as soon as it is known. What it throws ends the run.
  func callAsFunction(
    _ names: [String], read: (Int) throws -> InversionInput,
    didFinish: (Int, Result<Outcome, any Error>) throws -> Void
  ) throws {
    var failure: (any Error)?
    var begun: [Int] = []
    var seconds = [Double](repeating: 0, count: names.count)
    var unread = names.indices
    var doneCount = 0
    func finish(_ index: Int, _ outcome: Result<Outcome, any Error>) {
      doneCount += 1
      do { try didFinish(index, outcome) } catch { failure = failure ?? error }
    }
    try inverter.invert(
      next: {
        while failure == nil, !Signals.isInterrupted, let index = unread.popFirst() {
          do {
            let input = try read(index)
            begun.append(index)
            return input
          } catch {
            finish(index, .failure(error))
          }
        }
        return nil
      },
      didStep: { number, report in
        seconds[begun[number]] += report.seconds
        progress.update(
          ProgressState(
            name: names[begun[number]], image: min(doneCount, names.count - 1), imageCount: names.count,
            step: report.state.step, stepCount: report.plannedSteps,
            losses: [.init("total", Double(report.losses.total)), .init("pixel", Double(report.losses.pixel))]))
        return failure == nil && !Signals.isInterrupted
      },
      didFinish: { number, outcome in
        let index = begun[number]
        switch outcome {
        case .success(let result): finish(index, .success(Outcome(result: result, seconds: seconds[index])))
        case .failure(let error): finish(index, .failure(error))
        }
      })
    if let failure { throw failure }
  }
}
