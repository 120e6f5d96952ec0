import Imaging
import Inversion
import Runtime
import SIMDKernels

/// The one thread that computes. It does jobs in order, and between two steps of a job the pictures that clients wait for: so
/// the model is in memory once, the processor's threads do not fight, and a slider need not wait for a job's end.
final class ComputeThread: Sendable {
  /// A picture that a client waits for.
  struct QuickTask: Sendable {
    var run: @Sendable (Studio) -> Void
  }

  private let queue: JobQueue
  private let ended = Monitor(false)

  init(_ queue: JobQueue) { self.queue = queue }

  /// Starts; the studio is made on the thread that uses it.
  ///
  /// - Returns: the error that `makeStudio` ended with.
  func start(now: @escaping @Sendable () -> Double, _ makeStudio: @escaping @Sendable () throws -> Studio) -> (
    any Error
  )? {
    let outcome = Monitor<Result<Void, any Error>?>(nil)
    let hasStarted = WorkerThread.start { [self] in
      let studio: Studio
      do {
        studio = try makeStudio()
      } catch {
        ended.change { $0 = true }
        outcome.change { $0 = .failure(error) }
        return
      }
      outcome.change { $0 = .success(()) }
      loop(studio, now: now)
      ended.change { $0 = true }
    }
    guard hasStarted else { return ServerError.noThread }
    let result: Result<Void, any Error> = outcome.wait { $0 }!
    if case .failure(let error) = result { return error }
    return nil
  }

  /// Waits for the thread to end after `JobQueue.close`.
  func join() { _ = ended.wait { $0 ? true : nil } }

  /// Runs a function on the thread and waits for its result.
  ///
  /// - Throws: what the function throws; `Problem` 503 where it takes too long.
  func perform<Value: Sendable>(
    _ body: @escaping @Sendable (Studio) throws(Problem) -> Value
  ) throws(Problem) -> Value {
    let result = Monitor<Result<Value, Problem>?>(nil)
    try queue.add(
      QuickTask { studio in
        do throws(Problem) {
          let value = try body(studio)
          result.change { $0 = .success(value) }
        } catch {
          result.change { $0 = .failure(error) }
        }
      })
    guard let outcome = result.wait(seconds: 60, until: { $0 }) else {
      throw Problem(503, "the server is too busy for this picture", headers: [("Retry-After", "5")])
    }
    return try outcome.get()
  }

  private func loop(_ studio: Studio, now: @Sendable () -> Double) {
    while true {
      switch queue.next(now: now) {
      case .quick(let task): task.run(studio)
      case .job(let record): run(record, studio)
      case .end:
        // Nobody waits for an answer for ever.
        while let task = queue.nextQuick() { task.run(studio) }
        return
      }
    }
  }

  // MARK: Jobs

  private func run(_ record: JobRecord, _ studio: Studio) {
    let began = ContinuousClock.now
    var found: (result: InversionResult, start: Studio.Picture, end: Studio.Picture)?
    let outcome: Result<JobRecord.Outcome, Problem>
    do throws(Problem) {
      guard let bytes = queue.folder.read(JobFiles.input, of: record.id),
        let picture = try? PNG.decode(bytes, path: record.name)
      else { throw Problem(500, "the picture is no longer there") }
      let result = try invert(picture, record, studio)
      if queue.isClosed { return queue.putBack(record.id) }
      guard let start = studio.picture(of: result.startCode), let end = studio.picture(of: result.code) else {
        throw Problem(500, "the model makes no picture of the code that was found")
      }
      found = (result, start, end)
      outcome = .success(
        JobRecord.Outcome(
          steps: result.history.count, stopReason: result.stopReason.rawValue,
          seconds: began.duration(to: .now) / .seconds(1), startPsnrDb: Metrics.psnr(start.image, picture),
          psnrDb: Metrics.psnr(end.image, picture), inDomain: end.score.map { Double($0.meanSquare) },
          startInDomain: start.score.map { Double($0.meanSquare) },
          bestStep: result.bestStep))
    } catch {
      outcome = .failure(error)
    }
    queue.finish(record.id, outcome) { id in
      guard let found else { return }
      let folder = queue.folder
      try folder.write(code: found.result.startCode, layerCount: studio.shape.layerCount, JobFiles.startCode, of: id)
      try folder.write(code: found.result.code, layerCount: studio.shape.layerCount, JobFiles.code, of: id)
      try folder.write(PNG.encode(found.start.image), JobFiles.encoded, of: id)
      try folder.write(PNG.encode(found.end.image), JobFiles.result, of: id)
    }
  }

  private func invert(_ picture: Image8, _ record: JobRecord, _ studio: Studio) throws(Problem) -> InversionResult {
    var options = InversionOptions(iterations: record.options.steps, optimizer: .auto, snapshotCount: 0)
    options.goals.budgetSeconds = record.options.budgetSeconds
    if !studio.model.hasEncoder {
      options.start = .mean
      options.weights.domain = 0
    }
    if !studio.model.hasFeatureNetwork { options.weights.perceptual = 0 }
    var previews = PreviewPace()
    var wants = (stops: false, cancels: false)
    let result: InversionResult
    do throws(InversionError) {
      let inverter = try Inverter(studio.model, options: options, kernels: studio.kernels)
      result = try inverter.invert(picture.planar(studio.range)) { report in
        while let task = queue.nextQuick() { task.run(studio) }
        let preview = previews.next { studio.picture(of: report.state.bestCode) }
        let losses = report.losses
        guard
          let now = queue.update(
            record.id,
            { job in
              job.losses.append([losses.total, losses.pixel, losses.perceptual, losses.domain])
              job.plannedSteps = report.plannedSteps
              job.seconds = report.state.seconds
              if let preview, let bytes = try? PNG.encode(preview.image) { job.preview = (report.state.step, bytes) }
            })
        else {
          wants.cancels = true
          return false
        }
        wants = now
        return !now.stops && !now.cancels
      }
    } catch {
      throw Problem(422, "the picture could not be inverted: \(error)")
    }
    if wants.cancels, !queue.isClosed { throw JobQueue.cancelled }
    return result
  }
}

/// When to show the state of a job: often enough to watch, and never for more than a fifth of the time.
private struct PreviewPace {
  private var next = ContinuousClock.now

  mutating func next(_ make: () -> Studio.Picture?) -> Studio.Picture? {
    let began = ContinuousClock.now
    guard began >= next else { return nil }
    let picture = make()
    let end = ContinuousClock.now
    next = end.advanced(by: max(.milliseconds(60), began.duration(to: end) * 4))
    return picture
  }
}
