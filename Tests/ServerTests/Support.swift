import Checkpoint
import Foundation
import Imaging
import Inversion
import SIMDKernels

@testable import Server

/// A server of the shipped model on a free port, with a folder of its own.
final class TestServer {
  let folder: String
  private(set) var service: Service
  var client: Client { Client(port: service.port) }

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  init(token: String? = nil, hosts: [String] = [], keptSeconds: Double = 3600, detector: String? = nil) throws {
    folder = NSTemporaryDirectory() + "server-\(UUID().uuidString)"
    service = try Self.start(folder, token: token, hosts: hosts, keptSeconds: keptSeconds, detector: detector)
  }

  /// Another server on the same folder.
  func restart() throws {
    service.stop()
    service = try Self.start(folder, token: nil, hosts: [], keptSeconds: 3600)
  }

  deinit {
    service.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  private static func start(
    _ folder: String, token: String?, hosts: [String], keptSeconds: Double, detector: String? = nil
  ) throws -> Service {
    var configuration = Service.Configuration(folder: folder, version: "test")
    configuration.port = 0
    configuration.token = token
    configuration.hosts = hosts
    configuration.keptSeconds = keptSeconds
    let model = try Model(path: "\(root)/models/default.idinv")
    let shape = try model.codeShape()
    let boundaries = try ["smile", "glasses"].map { name in
      let file = try BoundaryFile.read("\(root)/models/boundaries/\(name).npy")
      return Studio.Boundary(
        name: name,
        boundary: try SemanticBoundary(
          name: name, values: file.array.floats, shape: file.array.shape, layers: file.layers, of: shape),
        standardDeviation: file.distanceDeviation)
    }
    return try Service(
      configuration, model: model, boundaries: boundaries,
      detector: { try detector.map { try FaceDetector(path: $0, kernels: Kernels(threadCount: 1)) } },
      kernels: Kernels(threadCount: 1),
      now: { Date().timeIntervalSince1970 })
  }

  static func example(_ number: Int) -> [UInt8] {
    [UInt8](FileManager.default.contents(atPath: "\(root)/models/examples/face-0\(number).png")!)
  }

  /// A finished job.
  func finishedJob(steps: Int = 2) -> String {
    let id = client.submit(Self.example(1), steps: steps)?.object["id"] as? String ?? ""
    _ = client.wait(for: id)
    return id
  }
}
