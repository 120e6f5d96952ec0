import Imaging

/// Where a job stands.
package enum JobState: String, Codable, Sendable {
  case queued, running, done, failed, cancelled

  /// Whether nothing more happens to the job.
  package var isEnd: Bool { self == .done || self == .failed || self == .cancelled }
}

/// What a client asks for with an image.
package struct JobOptions: Codable, Sendable, Equatable {
  /// Steps of the optimization, at most.
  var steps = 100
  /// Seconds for the image; nil for as long as it takes.
  var budgetSeconds: Double?
  /// Cuts the largest square out of the middle of a picture that is not square.
  var cropsCenter = false

  /// Where in the photo the face is. The photo is kept, so that the edited face can be put back; nil for a picture that is a
  /// face already.
  var frame: Square?

  static let stepCounts = 0...1000
}

/// A square in a photo, in pixels of the upright photo with whole numbers in the middle of a pixel.
struct Square: Codable, Sendable, Equatable {
  var center: [Double]
  /// From the middle to the middle of the right edge.
  var axis: [Double]

  init(_ frame: FaceFrame) {
    center = [frame.center.x, frame.center.y]
    axis = [frame.x.x, frame.x.y]
  }

  /// - Returns: nil where these are not two numbers each, or far beyond any photo.
  var frame: FaceFrame? {
    let limit = Double(ImageLimits.side)
    guard center.count == 2, axis.count == 2, (center + axis).allSatisfy({ abs($0) <= limit }) else { return nil }
    return FaceFrame(center: SIMD2(center[0], center[1]), axis: SIMD2(axis[0], axis[1]))
  }
}

/// A job as it is kept on the disk.
struct JobRecord: Codable, Sendable {
  /// 32 hexadecimal digits: the name of the job's folder.
  let id: String
  /// The picture's name as the client sent it: shown, never a path.
  let name: String
  let options: JobOptions
  /// Seconds since 1970.
  let created: Double
  var state = JobState.queued
  /// How often the job was begun. A job that ended the program twice is not begun again.
  var attempts = 0
  /// Why the job failed, as a sentence.
  var error: String?
  var outcome: Outcome?

  /// What was found.
  struct Outcome: Codable, Sendable {
    var steps: Int
    var stopReason: String
    var seconds: Double
    var startPsnrDb: Double
    var psnrDb: Double
    /// Mean squared difference of the code and its re-encoding; nil without an encoder.
    var inDomain: Double?
    /// The same of the encoder's code, which tells how well the model knows such pictures.
    var startInDomain: Double?
    /// The step of the saved code.
    var bestStep: Int
  }
}

/// A job in progress: the record and what only a running server knows.
struct LiveJob: Sendable {
  var record: JobRecord
  /// Grows with every change that a client may want to see.
  var revision = 0
  /// Losses after each step: total, pixel, perceptual, domain.
  var losses: [[Float]] = []
  var plannedSteps: Int
  var seconds = 0.0
  /// The newest picture as PNG, and the step that it shows.
  var preview: (step: Int, bytes: [UInt8])?
  /// The client wants the best code so far as the result.
  var isStopRequested = false
  /// The client wants no result.
  var isCancelRequested = false

  init(_ record: JobRecord) {
    self.record = record
    plannedSteps = record.options.steps
  }
}
