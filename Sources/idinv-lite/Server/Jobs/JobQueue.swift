import Runtime

/// All jobs of a server, and the order in which they are computed.
///
/// One thread computes (`ComputeThread`): it takes jobs from here and reports on them; the threads of the HTTP server submit, read,
/// stop and remove. What the disk holds is changed under the same lock, so that a removed job leaves nothing.
final class JobQueue: Sendable {
  struct Limits: Sendable {
    /// Jobs that wait or run.
    var waiting = 32
    /// Jobs in all.
    var stored = 500
    /// Seconds after which a job's files are removed.
    var keptSeconds = 86400.0
    /// How often a job is begun: once again where the program ended in its middle.
    var attempts = 2
  }

  private struct State {
    var jobs: [String: LiveJob] = [:]
    /// Ids of the jobs to be done, in order.
    var pending: [String] = []
    /// Pictures that clients wait for.
    var quick: [ComputeThread.QuickTask] = []
    var isClosed = false
    var doneCount = 0
    var failedCount = 0
    var stepCount = 0
  }

  let folder: JobFolder
  let limits: Limits
  private let state: Monitor<State>

  /// Takes over what an earlier server left: done jobs stay, others are queued again. One that was being computed when that
  /// server ended may have ended it, and comes last.
  init(folder: JobFolder, limits: Limits, now: Double) {
    self.folder = folder
    self.limits = limits
    var state = State()
    var interrupted: [String] = []
    for var record in folder.records() {
      if record.created + limits.keptSeconds < now {
        folder.remove(record.id)
        continue
      }
      if record.state == .running || record.state == .queued {
        if record.attempts >= limits.attempts {
          record.state = .failed
          record.error = "the server ended \(record.attempts) times while it worked on this picture"
        } else {
          record.state = .queued
          if record.attempts > 0 { interrupted.append(record.id) } else { state.pending.append(record.id) }
        }
        try? folder.write(record)
      }
      state.jobs[record.id] = LiveJob(record)
    }
    state.pending += interrupted
    self.state = Monitor(state)
  }

  // MARK: Clients

  /// Adds a job; its files are on the disk when this returns.
  ///
  /// - Throws: `Problem` 429 where the queue is full, 503 where the disk is.
  func submit(
    name: String, options: JobOptions, now: Double, files: (_ id: String) throws -> Void
  ) throws(Problem) -> JobRecord {
    try state.change { state throws(Problem) in
      guard !state.isClosed else { throw Problem(503, "the server is ending") }
      guard state.pending.count < limits.waiting, state.jobs.count < limits.stored else {
        throw Problem(
          429,
          "there are \(state.pending.count) jobs in the queue and \(state.jobs.count) in all: try again later, or delete some",
          headers: [("Retry-After", "30")])
      }
      let record = JobRecord(id: RandomName.make(), name: name, options: options, created: now)
      try store(record, in: &state, as: "the picture", files: files)
      state.pending.append(record.id)
      return record
    }
  }

  /// Adds a job that is done already: a code that a client brought.
  ///
  /// - Throws: `Problem` 429 where there are too many jobs, 503 where the disk is full.
  func adopt(_ record: JobRecord, files: (_ id: String) throws -> Void) throws(Problem) {
    try state.change { state throws(Problem) in
      guard state.jobs.count < limits.stored else {
        throw Problem(429, "there are \(state.jobs.count) jobs: delete some", headers: [("Retry-After", "30")])
      }
      try store(record, in: &state, as: "the code", files: files)
    }
  }

  /// Writes a job's files, all or none.
  private func store(
    _ record: JobRecord, in state: inout State, as what: String, files: (_ id: String) throws -> Void
  ) throws(Problem) {
    do {
      try folder.create(record.id)
      try files(record.id)
      try folder.write(record)
    } catch {
      folder.remove(record.id)
      throw Problem(503, "\(what) cannot be kept: the server's disk is full or not writable")
    }
    state.jobs[record.id] = LiveJob(record)
  }

  func job(_ id: String) -> LiveJob? { state.read { $0.jobs[id] } }

  /// The newest first.
  func jobs() -> [LiveJob] {
    state.read { $0.jobs.values.sorted { ($0.record.created, $0.record.id) > ($1.record.created, $1.record.id) } }
  }

  /// How many jobs come before this one.
  func position(of id: String) -> Int? { state.read { $0.pending.firstIndex(of: id) } }

  /// Ends a job early: with the best code so far, or without a result.
  func end(_ id: String, keepsResult: Bool) throws(Problem) {
    try state.change { state throws(Problem) in
      guard var job = state.jobs[id] else { throw Problem(404, "there is no such job; it may have been deleted") }
      guard !job.record.state.isEnd else { return }
      if job.record.state == .queued {
        // It has no best code yet.
        state.pending.removeAll { $0 == id }
        job.record.state = .cancelled
        try? folder.write(job.record)
      } else if keepsResult {
        job.isStopRequested = true
      } else {
        job.isCancelRequested = true
      }
      job.revision += 1
      state.jobs[id] = job
    }
  }

  /// Removes a job with all its files; a running one is ended first, by its thread.
  func remove(_ id: String) throws(Problem) {
    try state.change { state throws(Problem) in
      guard state.jobs.removeValue(forKey: id) != nil else {
        throw Problem(404, "there is no such job; it may have been deleted")
      }
      state.pending.removeAll { $0 == id }
      folder.remove(id)
    }
  }

  /// Waits for something new about a job.
  ///
  /// - Returns: the job as it is then, unchanged after `seconds`; nil where it is gone or the server ends.
  func next(_ id: String, after revision: Int, seconds: Double) -> LiveJob? {
    let found: LiveJob?? = state.wait(seconds: seconds) { state in
      guard !state.isClosed, let job = state.jobs[id] else { return .some(nil) }
      return job.revision > revision ? .some(job) : nil
    }
    return found ?? job(id)
  }

  struct Counts: Sendable {
    var waiting: Int
    var running: Int
    var stored: Int
    var done: Int
    var failed: Int
    var steps: Int
  }

  func counts() -> Counts {
    state.read { state in
      Counts(
        waiting: state.pending.count, running: state.jobs.values.count { $0.record.state == .running },
        stored: state.jobs.count, done: state.doneCount, failed: state.failedCount, steps: state.stepCount)
    }
  }

  // MARK: The computing thread

  enum Task {
    case quick(ComputeThread.QuickTask)
    case job(JobRecord)
    case end
  }

  /// Puts a picture in front of all jobs.
  ///
  /// - Throws: `Problem` 503 where too many wait.
  func add(_ task: ComputeThread.QuickTask) throws(Problem) {
    try state.change { state throws(Problem) in
      guard !state.isClosed else { throw Problem(503, "the server is ending") }
      guard state.quick.count < 64 else {
        throw Problem(503, "too many pictures are asked for at once", headers: [("Retry-After", "1")])
      }
      state.quick.append(task)
    }
  }

  /// Waits for the next thing to do; old jobs are removed in the meantime.
  func next(now: () -> Double) -> Task {
    while true {
      let time = now()
      removeExpired(now: time)
      let oldest = state.read { $0.jobs.values.map(\.record.created).min() }
      let wait = oldest.map { max(1, $0 + limits.keptSeconds - time) }
      let task: Task? = state.wait(seconds: wait) { state in
        if state.isClosed { return .end }
        if !state.quick.isEmpty { return .quick(state.quick.removeFirst()) }
        guard let id = state.pending.first, var job = state.jobs[id] else { return nil }
        state.pending.removeFirst()
        job.record.state = .running
        job.record.attempts += 1
        job.revision += 1
        state.jobs[id] = job
        try? folder.write(job.record)
        return .job(job.record)
      }
      if let task { return task }
    }
  }

  /// A picture that can be made between two steps of a job.
  func nextQuick() -> ComputeThread.QuickTask? {
    state.read { $0.quick.isEmpty ? nil : $0.quick.removeFirst() }
  }

  /// Changes a job that runs.
  ///
  /// - Returns: what its clients want; nil where it is gone.
  func update(_ id: String, _ body: (inout LiveJob) -> Void) -> (stops: Bool, cancels: Bool)? {
    state.change { state in
      guard !state.isClosed, var job = state.jobs[id] else { return nil }
      state.stepCount += 1
      body(&job)
      job.revision += 1
      state.jobs[id] = job
      return (job.isStopRequested, job.isCancelRequested)
    }
  }

  /// Ends a job. Its files are written before its record says so.
  func finish(_ id: String, _ outcome: Result<JobRecord.Outcome, Problem>, files: (_ id: String) throws -> Void) {
    state.change { state in
      guard var job = state.jobs[id] else { return }
      do {
        job.record.outcome = try outcome.get()
        try files(id)
        job.record.state = .done
        state.doneCount += 1
      } catch let problem as Problem {
        job.record.state = problem.status == Self.cancelled.status ? .cancelled : .failed
        job.record.error = job.record.state == .failed ? problem.detail : nil
        if job.record.state == .failed { state.failedCount += 1 }
      } catch {
        job.record.state = .failed
        job.record.outcome = nil
        job.record.error = "the result cannot be kept: the server's disk is full or not writable"
        state.failedCount += 1
      }
      try? folder.write(job.record)
      job.revision += 1
      state.jobs[id] = job
    }
  }

  /// Queues a job again that the end of the server cut short; its next beginning counts as the first.
  func putBack(_ id: String) {
    state.change { state in
      guard var job = state.jobs[id] else { return }
      job.record.state = .queued
      job.record.attempts -= 1
      state.jobs[id] = job
      try? folder.write(job.record)
    }
  }

  /// What a cancelled job ends with. (499 is what proxies call a request that its client gave up.)
  static let cancelled = Problem(499, "cancelled")

  private func removeExpired(now: Double) {
    state.change { state in
      for (id, job) in state.jobs where job.record.state.isEnd && job.record.created + limits.keptSeconds <= now {
        state.jobs[id] = nil
        folder.remove(id)
      }
    }
  }

  /// Ends all waits: streams end, the computing thread returns. A running job is begun again by the next server.
  func close() { state.change { $0.isClosed = true } }

  var isClosed: Bool { state.read { $0.isClosed } }
}
