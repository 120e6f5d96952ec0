import Imaging

/// An image that could not be worked on, and why. It does not stop the others.
struct SkippedImage: Encodable {
  var path: String
  var reason: String

  init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  /// Tells the reason at once. Throws the error on where it is not the image's fault: a full disk stops the run.
  init(_ image: ListedImage, _ error: any Error, _ progress: ProgressBar) throws {
    var isOfImage = [.badData, .missingInput].contains(status(of: error))
    if case ImagingError.unreadable = error { isOfImage = true }
    guard isOfImage else { throw error }
    path = image.path
    reason = errorLine(error)
    progress.clear()
    StandardStreams.printError("idinv-lite: \(reason)")
  }
}
