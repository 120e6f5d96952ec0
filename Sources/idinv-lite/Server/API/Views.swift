import Inversion

/// What clients are told of the model.
struct ModelFacts: Encodable, Sendable {
  struct Boundary: Encodable, Sendable {
    var name: String
    var layers: [Int]
    var standardDeviation: Double?
    /// The span of α in which edits stay plausible: three standard deviations, or 3 where that is not known.
    var alphaLimit: Double
  }
  var name: String
  var resolution: Int
  var layers: Int
  var dimension: Int
  var hasEncoder: Bool
  /// Whether faces are found in photos.
  var hasDetector: Bool
  var attributes: [String]
  var mixingLayers: [Int]
  /// The in-domain score of the model's own random pictures; nil without an encoder.
  var usualInDomain: Double?
  var boundaries: [Boundary]

  init(
    _ model: Model, _ boundaries: [Studio.Boundary], hasDetector: Bool, usualInDomain: Double?
  ) throws(InversionError) {
    self.usualInDomain = usualInDomain
    self.hasDetector = hasDetector
    let shape = try model.codeShape()
    name = String(model.path.split(separator: "/").last ?? "")
    resolution = try model.imageResolution()
    layers = shape.layerCount
    dimension = shape.dimension
    hasEncoder = model.hasEncoder
    attributes = model.readsAttributes ? try model.attributeReader().names : []
    mixingLayers = try StyleMixing(shape).layers
    self.boundaries = boundaries.map {
      Boundary(
        name: $0.name, layers: $0.boundary.layers, standardDeviation: $0.standardDeviation,
        alphaLimit: 3 * ($0.standardDeviation ?? 1))
    }
  }
}

/// What clients are told of a job.
struct JobView: Encodable {
  struct Progress: Encodable {
    var step: Int
    var plannedSteps: Int
    var seconds: Double
    /// Total, pixel, perceptual and domain loss after each step from `firstStep` on.
    var losses: [[Float]]
    var firstStep: Int
    /// The step that `preview.png` shows.
    var previewStep: Int?
  }
  var id: String
  var name: String
  var state: JobState
  var created: Double
  var options: JobOptions
  /// Jobs that come before this one.
  var position: Int?
  var progress: Progress?
  var error: String?
  var result: JobRecord.Outcome?
  var links: [String: String]

  /// - Parameter step: the last step that the client knows.
  init(_ job: LiveJob, position: Int?, after step: Int = 0) {
    let record = job.record
    id = record.id
    name = record.name
    state = record.state
    created = record.created
    options = record.options
    self.position = position
    error = record.error
    result = record.outcome
    if !job.losses.isEmpty || record.state == .running {
      let first = min(max(step, 0), job.losses.count)
      progress = Progress(
        step: job.losses.count, plannedSteps: job.plannedSteps, seconds: job.seconds,
        losses: Array(job.losses[first...]), firstStep: first + 1, previewStep: job.preview?.step)
    }
    let base = "/v1/jobs/\(record.id)"
    links = ["self": base, "events": "\(base)/events", "input": "\(base)/input.png"]
    if record.options.frame != nil { links["photo"] = "\(base)/photo" }
    if job.preview != nil { links["preview"] = "\(base)/preview.png" }
    if record.state == .done {
      links["result"] = "\(base)/result.png"
      links["encoded"] = "\(base)/encoded.png"
      links["code"] = "\(base)/code.npy"
    }
  }
}
