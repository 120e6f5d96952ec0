import Runtime

/// Lanes at work on threads of their own, and the calling thread, which gives them images and hears of what they do.
///
/// Lanes do not wait for what is said of a step: writing a result, say, takes the time of several. Where an image is to stop
/// after a step, what lanes have done of it since is dropped, so that the result is the same as if they had waited.
final class LaneExchange: Sendable {
  /// What a lane says, in order.
  private enum Event: Sendable {
    case wants(lane: Int)
    case stepped(lane: Int, image: Int, StepReport, Refinement)
    case finished(image: Int, Result<InversionResult, InversionError>)
    case ended(InversionError?)
  }

  /// What a lane that wants an image gets.
  private enum Reply: Sendable {
    case image(number: Int, InversionInput)
    case noMore
  }

  private struct State: Sendable {
    var events: [Event] = []
    /// By lane.
    var replies: [Reply?]
    /// Steps that nobody has heard of, by lane.
    var unheardCounts: [Int]
    /// Images that have been given out and are not done.
    var imageCount = 0
    /// Images that were stopped, of which their lanes have not heard.
    var stopped: Set<Int> = []
  }

  private let lanes: [InversionLane]
  private let state: Monitor<State>

  /// Steps that a lane is ahead, at most: each keeps the state of an optimization.
  private static let mostUnheard = 16

  init(_ lanes: [InversionLane]) {
    self.lanes = lanes
    state = Monitor(
      State(
        replies: [Reply?](repeating: nil, count: lanes.count), unheardCounts: [Int](repeating: 0, count: lanes.count)))
  }

  /// As `Inverter.invert`.
  ///
  /// - Returns: false where the system has no thread for any lane, and nothing was done.
  func run(
    next: () -> InversionInput?, didStep: (Int, StepReport) -> Bool,
    didFinish: (Int, Result<InversionResult, InversionError>) -> Void
  ) throws(InversionError) -> Bool {
    var workingCount = 0
    while workingCount < lanes.count, WorkerThread.start({ [self, workingCount] in work(in: workingCount) }) {
      workingCount += 1
    }
    guard workingCount > 0 else { return false }
    var givenCount = 0, isExhausted = false
    var failure: InversionError?
    while workingCount > 0 {
      switch nextEvent() {
      case .wants(let lane):
        let input = isExhausted ? nil : next()
        isExhausted = input == nil
        let number = givenCount
        if input != nil { givenCount += 1 }
        state.change { state in
          if input != nil { state.imageCount += 1 }
          state.replies[lane] = input.map { .image(number: number, $0) } ?? .noMore
        }
      case .stepped(let lane, let image, let report, var refinement):
        let isStopped = state.change { state in
          state.unheardCounts[lane] -= 1
          return state.stopped.contains(image)
        }
        guard !isStopped, !didStep(image, report) else { continue }
        state.change { _ = $0.stopped.insert(image) }
        refinement.stop()
        didFinish(image, Result { () throws(InversionError) in try refinement.result() })
      case .finished(let image, let outcome):
        let wasStopped = state.change { $0.stopped.remove(image) != nil }
        if !wasStopped { didFinish(image, outcome) }
      case .ended(let error):
        workingCount -= 1
        if let error {
          failure = failure ?? error
          isExhausted = true
        }
      }
    }
    if let failure { throw failure }
    return true
  }

  /// Who waits for an image comes first: it has nothing to do.
  private func nextEvent() -> Event {
    let event: Event? = state.wait { state in
      let urgent = state.events.firstIndex { if case .wants = $0 { true } else { false } }
      return state.events.isEmpty ? nil : state.events.remove(at: urgent ?? 0)
    }
    // A wait without a limit ends with an event.
    return event!
  }

  // MARK: On a lane's thread

  private func work(in lane: Int) {
    do throws(InversionError) {
      // The others find the weights packed that the first one has prepared, and where they find no memory it goes on alone.
      if lane > 0, (try? lanes[lane].prepare()) == nil {
        state.change { $0.events.append(.ended(nil)) }
        return
      }
      try lanes[lane].run(
        next: { nextImage(for: lane) },
        share: { state.read { 1 / Double(max(1, min(lanes.count, $0.imageCount))) } },
        didStep: { image, report, refinement in didStep(lane, image, report, refinement) },
        didFinish: { image, outcome in
          state.change { state in
            state.imageCount -= 1
            state.events.append(.finished(image: image, outcome))
          }
        })
      state.change { $0.events.append(.ended(nil)) }
    } catch {
      state.change { $0.events.append(.ended(error)) }
    }
  }

  private func nextImage(for lane: Int) -> InversionLane.Input? {
    state.change { $0.events.append(.wants(lane: lane)) }
    let reply: Reply? = state.wait { state in
      guard let reply = state.replies[lane] else { return nil }
      state.replies[lane] = nil
      return reply
    }
    if case .image(let number, let input) = reply { return (number, input) }
    return nil
  }

  /// - Returns: false once the image is to stop.
  private func didStep(_ lane: Int, _ image: Int, _ report: StepReport, _ refinement: Refinement) -> Bool {
    let goesOn: Bool? = state.wait { state in
      if state.stopped.contains(image) { return false }
      return state.unheardCounts[lane] < Self.mostUnheard ? true : nil
    }
    guard goesOn == true else { return false }
    state.change { state in
      state.unheardCounts[lane] += 1
      state.events.append(.stepped(lane: lane, image: image, report, refinement))
    }
    return true
  }
}
