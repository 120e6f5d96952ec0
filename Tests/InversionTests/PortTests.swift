import Checkpoint
import Foundation
import Inversion
import Quant
import Runtime
import Testing

/// StyleGAN generators under other programs' names, through conversion and the engine (`Golden/make_ports.py`).
@Suite struct PortTests {
  static let ports = ["lernapparat", "huangzh13", "rosinality", "genforce128"]

  static func array(_ port: String, _ name: String) throws -> [Float] {
    try NumpyArray.read(Golden.path("ports", "\(port)_\(name).npy")).floats
  }

  private func convert(_ port: String, _ options: ConversionOptions = ConversionOptions()) throws -> (
    Model, ConversionReport
  ) {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("port-\(UUID().uuidString).idinv").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let report = try Conversion([.generator: Golden.path("ports", "\(port).pth")], options: options).run(to: path)
    return (try Model(path: path), report)
  }

  @Test(arguments: ports) func imagesAndGradientsAreThePorts(port: String) throws {
    let (model, report) = try convert(port)
    let kernels = Kernels(threadCount: 2)
    #expect(report.inferred.contains { $0.contains("no tanh at the end") })
    let w = try model.run(.mapping, on: try Self.array(port, "z"), count: 2, kernels: kernels).values
    #expect(relativeDifference(w, try Self.array(port, "w")) <= 2e-6)
    let code = try Self.array(port, "wp")
    let image = try model.run(.generator, on: code, count: 1, kernels: kernels).values
    #expect(relativeDifference(image, try Self.array(port, "image")) <= 2e-5, "\(port)")
    let objective = try Objective(
      model, weights: ObjectiveWeights(pixel: 1, perceptual: 0, domain: 0), kernels: kernels)
    try objective.setTarget(try Self.array(port, "target"))
    let gradient = objective.evaluate(code).gradient
    #expect(relativeDifference(gradient, try Self.array(port, "gradient")) <= 1e-4, "\(port)")
  }

  @Test(arguments: ["lernapparat", "huangzh13", "rosinality"]) func theMeanIsReadOrComputed(port: String) throws {
    let (model, report) = try convert(port)
    let mean = try model.file.tensor("generator.w_average").floats()
    #expect(relativeDifference(mean, try Self.array(port, "mean")) <= 2e-6)
    #expect(report.inferred.contains { $0.contains("no mean of w") } == (port != "huangzh13"))
  }

  @Test func theAverageOfATrainingCheckpointIsTakenOrTheOneAskedFor() throws {
    let (_, report) = try convert("rosinality")
    #expect(report.sources[0].prefix == "g_running.")
    var options = ConversionOptions()
    options.which = "generator"
    #expect(try convert("rosinality", options).1.sources[0].prefix == "generator.")
    #expect(try convert("genforce128").1.sources[0].prefix == "generator_smooth.")
    options.which = "polished"
    do {
      _ = try convert("rosinality", options)
      Issue.record("accepted")
    } catch CheckpointError.mismatch(_, let found, let expected) {
      #expect(found.hasPrefix("'polished'") && expected.contains("'g_running.'") && expected.contains("'generator.'"))
    }
  }
}
