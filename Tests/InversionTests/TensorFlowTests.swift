import Checkpoint
import Foundation
import Inversion
import Quant
import Runtime
import Testing

/// NVIDIA's and idinvert's TensorFlow pickles, by the numbers that TensorFlow itself gave (`Golden/README.md`).
@Suite struct TensorFlowTests {
  static func array(_ name: String) throws -> [Float] {
    try NumpyArray.read(Golden.path("pickles", "\(name).npy")).floats
  }

  static func convert(_ set: String, encoder: Bool = false) throws -> (model: Model, report: ConversionReport) {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tf-\(UUID().uuidString).idinv").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = Golden.path("pickles", "\(set).pkl")
    let report = try Conversion([.generator: file, .encoder: encoder ? file : nil]).run(to: path)
    return (try Model(path: path), report)
  }

  @Test(arguments: ["stylegan32", "idinvert64"]) func generators(set: String) throws {
    let (model, report) = try Self.convert(set)
    #expect(report.sources[0].prefix == "Gs." && report.sources[0].format == "pickle")
    #expect(report.specification.generator?.hasFinalTanh == false)
    let kernels = Kernels(threadCount: 2)
    let z = try Self.array("\(set)_z")
    let w = try model.run(.mapping, on: z, count: 2, kernels: kernels).values
    let mapped = try model.run(.truncation, on: w, count: 2, kernels: kernels, psi: 1).values
    #expect(relativeDifference(mapped, try Self.array("\(set)_mapped")) <= 5e-6)
    let truncated = try model.run(.truncation, on: w, count: 2, kernels: kernels).values
    let code = Array(truncated[..<(truncated.count / 2)])
    let image = try model.run(.generator, on: code, count: 1, kernels: kernels).values
    #expect(relativeDifference(image, try Self.array("\(set)_truncated")) <= 2e-5)
    let wp = try Self.array("\(set)_wp")
    #expect(
      relativeDifference(
        try model.run(.generator, on: wp, count: 1, kernels: kernels).values, try Self.array("\(set)_image")) <= 2e-5)
    let objective = try Objective(
      model, weights: ObjectiveWeights(pixel: 1, perceptual: 0, domain: 0), kernels: kernels)
    try objective.setTarget(try Self.array("\(set)_target"))
    #expect(relativeDifference(objective.evaluate(wp).gradient, try Self.array("\(set)_gradient")) <= 1e-4)
  }
}
