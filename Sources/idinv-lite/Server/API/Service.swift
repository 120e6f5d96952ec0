import Imaging
import Inversion
import Runtime
import SIMDKernels

/// `idinv-lite serve`: the page, the HTTP API and the jobs of one model.
package final class Service: Sendable {
  package struct Configuration: Sendable {
    package var address = "127.0.0.1"
    package var port = 8080
    /// Further names that the server answers to.
    package var hosts: [String] = []
    /// What every request must carry; nil only on the loopback address.
    package var token: String?
    /// Where jobs are kept.
    package var folder: String
    /// Seconds after which a job's files are removed.
    package var keptSeconds = 86400.0
    /// The largest upload in bytes.
    package var uploadByteCount = 32 << 20
    /// The largest picture in pixels.
    package var pixelCount = 250_000_000
    /// Memory that one picture may take while it is read.
    package var decodingByteCount = 256 << 20
    /// Uploads that are taken at a time.
    package var uploadCount = 8
    /// Photos that are put together at a time.
    package var photoCount = 2
    package var version: String

    package init(folder: String, version: String) {
      self.folder = folder
      self.version = version
    }

    /// Keeps uploads and photos, all of them at once, within the memory that the model leaves.
    package mutating func fit(into byteCount: Int) {
      uploadCount = byteCount >= 1 << 30 ? 8 : 2
      let share = max(byteCount, 0) / (uploadCount + photoCount) / 2
      uploadByteCount = min(32 << 20, max(1 << 20, share))
      decodingByteCount = min(256 << 20, max(8 << 20, share))
    }
  }

  /// Where jobs are kept if no place is named; nil where there is no home.
  ///
  /// - Parameter environment: the value of a variable.
  package static func standardFolder(_ environment: (String) -> String?) -> String? {
    func variable(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
    return variable("STATE_DIRECTORY") ?? variable("XDG_STATE_HOME").map { "\($0)/idinv-lite/serve" }
      ?? variable("HOME").map { "\($0)/.local/state/idinv-lite/serve" }
  }

  private let server: HTTPServer
  private let queue: JobQueue
  private let compute: ComputeThread
  /// Methods and paths that are answered, for the test of their description.
  let addresses: [(method: String, path: String)]

  /// The port in force.
  package var port: Int { server.port }

  /// Starts to serve.
  ///
  /// - Parameters:
  ///   - detector: makes what finds faces in photos; called on the thread that computes.
  ///   - now: seconds since 1970.
  /// - Throws: `ServerError`, `InversionError`.
  package init(
    _ configuration: Configuration, model: Model, boundaries: [Studio.Boundary],
    detector: @escaping @Sendable () throws -> FaceDetector? = { nil }, kernels: Kernels,
    now: @escaping @Sendable () -> Double
  ) throws {
    let folder = try JobFolder(configuration.folder)
    let limits = JobQueue.Limits(keptSeconds: configuration.keptSeconds)
    queue = JobQueue(folder: folder, limits: limits, now: now())
    compute = ComputeThread(queue)
    let failure = compute.start(now: now) {
      try Studio(model, boundaries: boundaries, detector: try detector(), folder: folder, kernels: kernels)
    }
    if let failure { throw failure }
    let access = AccessGuard(address: configuration.address, names: configuration.hosts, token: configuration.token)
    let (usual, hasDetector) = try compute.perform { studio throws(Problem) in
      (studio.usualInDomain(), studio.detector != nil)
    }
    let facts = try ModelFacts(model, boundaries, hasDetector: hasDetector, usualInDomain: usual)
    let interface = Interface(
      configuration: configuration, facts: facts, queue: queue, compute: compute, streams: Places(limit: 48),
      uploads: Places(limit: configuration.uploadCount), photos: Places(limit: configuration.photoCount), now: now)
    let router = interface.router()
    addresses = router.addresses
    do throws(ServerError) {
      server = try HTTPServer(HTTPServer.Configuration(address: configuration.address, port: configuration.port)) {
        request in
        var response: HTTPResponse
        do throws(Problem) {
          try access.check(request)
          response = try router.respond(to: request)
        } catch {
          response = error.response
        }
        response.headers += SecurityHeaders.all
        return response
      }
    } catch {
      queue.close()
      throw error
    }
  }

  /// Stops to serve: a running job is begun again by the next server.
  package func stop() {
    queue.close()
    server.stop()
    compute.join()
  }
}

/// What every answer tells a browser.
enum SecurityHeaders {
  static let all: [(name: String, value: String)] = [
    (
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    // Pictures of people do not stay in caches.
    ("Cache-Control", "no-store"),
  ]
}
