import Imaging
import Reports

/// What a run tells while it goes on.
package enum ProgressEvent {
  /// Where it stands; as often as after each step.
  case progress(ProgressState)
  /// A part of it is over, or something else is about to be said: a drawing of the progress may go.
  case paused
  /// An image could not be worked on; the run goes on without it.
  case skipped(SkippedImage, any Error)
  /// Something that the user should know, which is no failure.
  case warning(String)
}

/// Who a run belongs to: hears of its progress, and may end it.
package struct RunContext {
  package let cancellation: Cancellation
  private let observe: (ProgressEvent) -> Void

  /// - Parameter observe: is called on the thread of the run.
  package init(
    cancellation: Cancellation = Cancellation(), observe: @escaping (ProgressEvent) -> Void = { _ in }
  ) {
    self.cancellation = cancellation
    self.observe = observe
  }

  package var isCancelled: Bool { cancellation.isCancelled }

  package func checkCancellation() throws {
    if isCancelled { throw Cancelled() }
  }

  package func update(_ state: ProgressState) { observe(.progress(state)) }
  package func pause() { observe(.paused) }
  package func warn(_ message: String) { observe(.warning(message)) }

  /// Tells that an image is left out, and why. Throws the error on where it is not the image's fault: a full disk stops
  /// the run.
  package func skip(_ image: ListedImage, _ error: any Error) throws -> SkippedImage {
    var isOfImage = [.badData, .missingInput].contains(FailureKind(error))
    // A disk that fails at one file may have others.
    if case ImagingError.file(let error) = error, error.operation.isReading { isOfImage = true }
    guard isOfImage else { throw error }
    let skipped = SkippedImage(path: image.path, reason: errorLine(error))
    observe(.skipped(skipped, error))
    return skipped
  }

  /// Shows the progress of a long measurement, which is given to it as a share.
  ///
  /// - Parameter measure: is nil where the callback told it to end.
  package func follow<Result>(
    _ name: String, _ measure: (@escaping (Double) -> Bool) throws -> Result?
  ) throws -> Result {
    let result = try measure { share in
      update(ProgressState(name: name, step: Int(share * 1000), stepCount: 1000))
      return !isCancelled
    }
    pause()
    guard let result else { throw Cancelled() }
    return result
  }
}
