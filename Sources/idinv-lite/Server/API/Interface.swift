import Checkpoint
import Imaging
import Inversion

/// The HTTP API, address by address. `openapi.json` describes it.
struct Interface: Sendable {
  let configuration: Service.Configuration
  let facts: ModelFacts
  let queue: JobQueue
  let compute: ComputeThread
  let streams: Places
  let uploads: Places
  /// Photos that are put together.
  let photos: Places
  let now: @Sendable () -> Double

  func router() -> Router {
    var router = Router()
    for file in PageFile.all {
      router.on("GET", file.path) { request, _ throws(Problem) in self.page(file, request) }
    }
    router.on("GET", "/v1/health") { _, _ throws(Problem) in self.health() }
    router.on("GET", "/v1/metrics") { _, _ throws(Problem) in self.metrics() }
    router.on("GET", "/v1/model") { _, _ throws(Problem) in Self.json(self.facts) }
    router.on("GET", "/v1/boundaries") { _, _ throws(Problem) in Self.json(["boundaries": self.facts.boundaries]) }
    router.on("POST", "/v1/jobs") { request, _ throws(Problem) in try self.submit(request) }
    router.on("GET", "/v1/jobs") { _, _ throws(Problem) in self.list() }
    router.on("GET", "/v1/jobs/*") { request, parts throws(Problem) in
      Self.json(try self.view(parts[0], after: Int(request.query["after"] ?? "") ?? 0))
    }
    router.on("DELETE", "/v1/jobs/*") { _, parts throws(Problem) in try self.delete(parts[0]) }
    router.on("POST", "/v1/jobs/*/stop") { _, parts throws(Problem) in try self.end(parts[0], keepsResult: true) }
    router.on("POST", "/v1/jobs/*/cancel") { _, parts throws(Problem) in try self.end(parts[0], keepsResult: false) }
    router.on("GET", "/v1/jobs/*/events") { _, parts throws(Problem) in try self.events(parts[0]) }
    router.on("GET", "/v1/jobs/*/preview.png") { _, parts throws(Problem) in try self.preview(parts[0]) }
    for (name, file, type) in [
      ("input.png", JobFiles.input, "image/png"), ("encoded.png", JobFiles.encoded, "image/png"),
      ("result.png", JobFiles.result, "image/png"), ("code.npy", JobFiles.code, "application/octet-stream"),
    ] {
      router.on("GET", "/v1/jobs/*/\(name)") { _, parts throws(Problem) in try self.file(file, type, parts[0]) }
    }
    router.on("GET", "/v1/jobs/*/photo") { _, parts throws(Problem) in try self.original(parts[0]) }
    router.on("GET", "/v1/jobs/*/attributes") { _, parts throws(Problem) in
      _ = try self.job(parts[0])
      return try self.attributes(RenderRequest(source: RenderRequest.Source(job: parts[0])))
    }
    router.on("POST", "/v1/attributes") { request, _ throws(Problem) in try self.attributes(try self.edit(request)) }
    router.on("POST", "/v1/faces") { request, _ throws(Problem) in try self.faces(request) }
    router.on("POST", "/v1/photos") { request, _ throws(Problem) in try self.photo(request) }
    router.on("POST", "/v1/render") { request, _ throws(Problem) in try self.render(request) }
    router.on("POST", "/v1/animations") { request, _ throws(Problem) in try self.animate(request) }
    return router
  }

  static func json(_ value: some Encodable, status: Int = 200) -> HTTPResponse {
    HTTPResponse(status: status, type: "application/json", JSONBody.encode(value))
  }

  // MARK: The page and the server itself

  private func page(_ file: PageFile, _ request: HTTPRequest) -> HTTPResponse {
    // An address with the token becomes a cookie, so that it does not stay in the address bar.
    if let given = request.query["token"], let token = configuration.token, given == token, file.path == "/" {
      var response = HTTPResponse(status: 303, type: "text/plain", [])
      response.headers += [
        ("Location", "/"), ("Set-Cookie", "\(AccessGuard.cookieName)=\(token); Path=/; HttpOnly; SameSite=Strict"),
      ]
      return response
    }
    return HTTPResponse(type: file.type, file.bytes)
  }

  private struct Health: Encodable {
    var status = "ok"
    var version: String
    var model: String
    var waiting: Int
    var running: Int
  }

  private func health() -> HTTPResponse {
    let counts = queue.counts()
    return Self.json(
      Health(version: configuration.version, model: facts.name, waiting: counts.waiting, running: counts.running))
  }

  private func metrics() -> HTTPResponse {
    let counts = queue.counts()
    let lines: [(name: String, kind: String, help: String, value: Int)] = [
      ("jobs_waiting", "gauge", "Jobs in the queue.", counts.waiting),
      ("jobs_running", "gauge", "Jobs being computed.", counts.running),
      ("jobs_stored", "gauge", "Jobs on the disk.", counts.stored),
      ("jobs_done_total", "counter", "Jobs done since the start.", counts.done),
      ("jobs_failed_total", "counter", "Jobs failed since the start.", counts.failed),
      ("steps_total", "counter", "Steps of optimizations since the start.", counts.steps),
    ]
    let text = lines.map { line in
      "# HELP idinv_\(line.name) \(line.help)\n# TYPE idinv_\(line.name) \(line.kind)\nidinv_\(line.name) \(line.value)\n"
    }
    return HTTPResponse(type: "text/plain; version=0.0.4", [UInt8](text.joined().utf8))
  }

  // MARK: Jobs

  private func view(_ id: String, after step: Int = 0) throws(Problem) -> JobView {
    JobView(try job(id), position: queue.position(of: id), after: step)
  }

  func job(_ id: String) throws(Problem) -> LiveJob {
    guard RandomName.isValid(id), let job = queue.job(id) else {
      throw Problem(404, "there is no such job; it may have been deleted")
    }
    return job
  }

  private func list() -> HTTPResponse {
    Self.json(["jobs": queue.jobs().map { JobView($0, position: queue.position(of: $0.record.id), after: .max) }])
  }

  private func submit(_ request: HTTPRequest) throws(Problem) -> HTTPResponse {
    guard uploads.enter() else {
      throw Problem(503, "too many pictures are being uploaded; try again", headers: [("Retry-After", "2")])
    }
    defer { uploads.leave() }
    let form = try request.body.readForm(limits: FormLimits(byteCount: configuration.uploadByteCount))
    if let code = form["code"] { return try adopt(code, form) }
    guard let upload = form["image"], !upload.bytes.isEmpty else {
      throw Problem(400, "the form has no part 'image' with a picture, nor a part 'code' with a code")
    }
    let options = try JobOptions(form: form)
    let name = Self.shownName(upload.fileName ?? "picture")
    let picture = try decode(upload.bytes, name: name, options)
    let record = try queue.submit(name: name, options: options, now: now()) { id in
      try queue.folder.write(PNG.encode(picture), JobFiles.input, of: id)
      if options.frame != nil { try queue.folder.write(upload.bytes, JobFiles.photo, of: id) }
    }
    return Self.json(JobView(LiveJob(record), position: queue.position(of: record.id)), status: 202)
  }

  /// A code that was found before becomes a finished job, so that it can be edited like the others.
  private func adopt(_ field: FormField, _ form: [String: FormField]) throws(Problem) -> HTTPResponse {
    let code = try Self.code(field.bytes, facts)
    let made = try compute.perform { studio throws(Problem) -> (png: [UInt8], inDomain: Double?) in
      guard let picture = studio.picture(of: code), let png = try? PNG.encode(picture.image) else {
        throw Problem(422, "the model makes no picture of this code")
      }
      return (png, picture.score.map { Double($0.meanSquare) })
    }
    var record = JobRecord(
      id: RandomName.make(), name: Self.shownName(field.fileName ?? "code"), options: JobOptions(steps: 0),
      created: now())
    record.state = .done
    record.outcome = JobRecord.Outcome(
      steps: 0, stopReason: "code", seconds: 0, startPsnrDb: .infinity, psnrDb: .infinity, inDomain: made.inDomain,
      bestStep: 0)
    try queue.adopt(record) { id in
      for name in [JobFiles.input, JobFiles.encoded, JobFiles.result] { try queue.folder.write(made.png, name, of: id) }
      for name in [JobFiles.startCode, JobFiles.code] {
        try queue.folder.write(code: code, layerCount: facts.layers, name, of: id)
      }
    }
    return Self.json(JobView(LiveJob(record), position: nil), status: 202)
  }

  private static func code(_ bytes: [UInt8], _ facts: ModelFacts) throws(Problem) -> [Float] {
    let array: NumpyArray
    do { array = try NumpyArray(bytes: bytes) } catch {
      throw Problem(422, "the part 'code' is not a .npy file of numbers")
    }
    let count = facts.layers * facts.dimension
    guard array.floats.allSatisfy(\.isFinite) else { throw Problem(422, "the code has values that are not finite") }
    if array.floats.count == count { return array.floats }
    if array.floats.count == facts.dimension {
      return (0..<facts.layers).flatMap { _ in array.floats }
    }
    throw Problem(422, "the code has shape \(array.shape); expected [\(facts.layers), \(facts.dimension)]")
  }

  /// The face of an upload, as the model sees it.
  private func decode(_ bytes: [UInt8], name: String, _ options: JobOptions) throws(Problem) -> Image8 {
    do throws(ImagingError) {
      let file = try PictureFile(ImageSource(bytes, path: name), limits: pictureLimits)
      guard let frame = options.frame?.frame else {
        return try file.fitted(to: facts.resolution, crop: options.cropsCenter ? .center : .none)
      }
      let reduction = reductionFactor(atMost: frame.side / Double(2 * facts.resolution))
      return try PhotoView(file, reduction: reduction, around: frame)
        .cut(frame, resolution: facts.resolution, path: name)
    } catch {
      switch error {
      case .notSquare(_, let width, let height):
        throw Problem(
          422,
          "the picture is \(width)×\(height) pixels; expected a square one, crops_center=true to cut out its middle, or "
            + "'frame' to say where the face is")
      default: throw Problem(422, "\(error)")
      }
    }
  }

  /// A file's name as it is shown: its last part, without control characters, not too long.
  static func shownName(_ name: String) -> String {
    let last = name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last ?? "picture"
    return String(
      String.UnicodeScalarView(
        last.unicodeScalars.filter { !$0.properties.isDefaultIgnorableCodePoint && $0.value >= 32 }
          .prefix(120)))
  }

  private func delete(_ id: String) throws(Problem) -> HTTPResponse {
    _ = try job(id)
    try queue.remove(id)
    return .empty
  }

  private func end(_ id: String, keepsResult: Bool) throws(Problem) -> HTTPResponse {
    _ = try job(id)
    try queue.end(id, keepsResult: keepsResult)
    return Self.json(try view(id, after: .max))
  }

  /// Server-sent events: the job whenever something is new, and only what is new of its losses, until it ends.
  private func events(_ id: String) throws(Problem) -> HTTPResponse {
    _ = try job(id)
    guard streams.enter() else {
      throw Problem(503, "too many pages watch jobs; ask /v1/jobs/\(id) instead", headers: [("Retry-After", "5")])
    }
    return .events { send in
      defer { streams.leave() }
      var revision = -1
      var step = 0
      while let job = queue.next(id, after: revision, seconds: 10) {
        let isNews = job.revision > revision
        let view = JobView(job, position: queue.position(of: id), after: step)
        let text = isNews ? "data: \(String(decoding: JSONBody.encode(view), as: UTF8.self))\n\n" : ": waiting\n\n"
        guard send(text) else { return }
        if job.record.state.isEnd { return }
        revision = job.revision
        step = job.losses.count
        // Faster than anybody can look is of no use.
        Pause.milliseconds(50)
      }
      _ = send("event: gone\ndata: {}\n\n")
    }
  }

  private func preview(_ id: String) throws(Problem) -> HTTPResponse {
    let job = try job(id)
    if let preview = job.preview { return HTTPResponse(type: "image/png", preview.bytes) }
    return try file(JobFiles.result, "image/png", id)
  }

  private func file(_ name: String, _ type: String, _ id: String) throws(Problem) -> HTTPResponse {
    let job = try job(id)
    guard let bytes = queue.folder.read(name, of: id) else {
      throw Problem(409, "the job is \(job.record.state.rawValue): it has no such file yet")
    }
    return HTTPResponse(type: type, bytes)
  }

  // MARK: Edits

  static let renderByteCount = 64 << 10

  private func edit(_ request: HTTPRequest) throws(Problem) -> RenderRequest {
    try JSONBody.decode(RenderRequest.self, try request.body.read(limit: Self.renderByteCount))
  }

  private func attributes(_ wanted: RenderRequest) throws(Problem) -> HTTPResponse {
    guard !facts.attributes.isEmpty else { throw Problem(404, "this model has no attribute network") }
    let values = try compute.perform { studio throws(Problem) in try studio.render(wanted).attributes }
    return Self.json(["attributes": Dictionary(uniqueKeysWithValues: zip(facts.attributes, values))])
  }

  private func render(_ request: HTTPRequest) throws(Problem) -> HTTPResponse {
    let wanted = try edit(request)
    let isCode = request.query["format"] == "npy"
    let layers = facts.layers
    let (bytes, score) = try compute.perform { studio throws(Problem) -> ([UInt8], Float?) in
      let picture = try studio.render(wanted)
      if isCode {
        let code = picture.code
        return (NumpyArray(shape: [1, layers, code.count / layers], floats: code).bytes, picture.score?.meanSquare)
      }
      guard let png = try? PNG.encode(picture.image) else { throw Problem(500, "the picture could not be written") }
      return (png, picture.score?.meanSquare)
    }
    return HTTPResponse(
      type: isCode ? "application/octet-stream" : "image/png", bytes,
      headers: score.map { [("X-In-Domain-Score", "\($0)")] } ?? [])
  }

  private func animate(_ request: HTTPRequest) throws(Problem) -> HTTPResponse {
    let wanted = try edit(request)
    return HTTPResponse(
      type: "image/png", try compute.perform { studio throws(Problem) in try studio.animation(wanted) })
  }
}
