import Glibc
import Imaging
import Inversion
import Runtime

/// The inversions that an editing command is going to do, for its memory plan.
package struct PlannedInversion {
  package var options: InversionOptions
  package var loader: ImageLoader
  /// As given: 0 for as many as pay.
  package var batch: Int
  package var imageCount: Int
  package var isMasked = false

  package init(
    _ options: InversionOptions, loader: ImageLoader, batch: Int, imageCount: Int, isMasked: Bool = false
  ) {
    self.options = options
    self.loader = loader
    self.batch = batch
    self.imageCount = imageCount
    self.isMasked = isMasked
  }

  /// Ways to do them side by side.
  package func ways(_ kernels: Kernels) -> [SideBySide] {
    SideBySide.candidates(batch, imageCount: imageCount, kernels: kernels)
  }

  /// Codes are rendered in any case.
  package var workload: MemoryBudget.Workload {
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

/// The one place where editing commands invert pictures, side by side.
package final class ImageInversion {
  /// The code found for a picture.
  package struct Outcome {
    package var result: InversionResult
    /// Work since the first step, after each step; in a batch the picture's share.
    package var stepSeconds: [Double]

    package var seconds: Double { stepSeconds.last ?? 0 }
  }

  private let inverter: Inverter
  private let context: RunContext

  /// - Parameters:
  ///   - sideBySide: how many pictures, and in how many lanes.
  ///   - imageCount: how many pictures there are.
  ///   - isMasked: whether they come with masks (diffusion).
  package init(
    _ model: Model, options: InversionOptions, _ sideBySide: SideBySide, imageCount: Int, isMasked: Bool = false,
    kernels: Kernels, context: RunContext
  ) throws {
    try options.weights.requireNetworks(of: model)
    _ = try model.encoder()
    inverter = try Inverter(
      model, options: options, batch: max(1, min(sideBySide.imageCount, imageCount)),
      laneCount: sideBySide.laneCount, isMasked: isMasked, kernels: kernels)
    self.context = context
  }

  /// Finds the codes of pictures; after Ctrl-C the best ones so far of those that were begun.
  ///
  /// - Parameters:
  ///   - names: one for each picture.
  ///   - read: gives a picture when its turn comes; what it throws is that picture's outcome.
  ///   - didFinish: told each outcome as soon as it is known. What it throws ends the run.
  package func callAsFunction(
    _ names: [String], read: (Int) throws -> InversionInput,
    didFinish: (Int, Result<Outcome, any Error>) throws -> Void
  ) throws {
    var failure: (any Error)?
    var begun: [Int] = []
    var stepSeconds = [[Double]](repeating: [], count: names.count)
    var unread = names.indices
    var doneCount = 0
    func finish(_ index: Int, _ outcome: Result<Outcome, any Error>) {
      doneCount += 1
      do { try didFinish(index, outcome) } catch { failure = failure ?? error }
    }
    try inverter.invert(
      next: {
        while failure == nil, !context.isCancelled, let index = unread.popFirst() {
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
        stepSeconds[begun[number]].append((stepSeconds[begun[number]].last ?? 0) + report.seconds)
        context.update(
          ProgressState(
            name: names[begun[number]], image: min(doneCount, names.count - 1), imageCount: names.count,
            step: report.state.step, stepCount: report.plannedSteps,
            losses: [.init("total", Double(report.losses.total)), .init("pixel", Double(report.losses.pixel))]))
        return failure == nil && !context.isCancelled
      },
      didFinish: { number, outcome in
        let index = begun[number]
        switch outcome {
        case .success(let result): finish(index, .success(Outcome(result: result, stepSeconds: stepSeconds[index])))
        case .failure(let error): finish(index, .failure(error))
        }
      })
    if let failure { throw failure }
  }
}
