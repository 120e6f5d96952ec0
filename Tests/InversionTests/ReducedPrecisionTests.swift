import Foundation
import Imaging
import Inversion
import Quant
import Runtime
import Testing

/// 16-bit products on the shipped model: what `--compute auto` promises.
@Suite struct ReducedPrecisionTests {
  private static let models = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("models")
  private let full = Kernels(threadCount: 2), reduced = Kernels(threadCount: 2, precision: .reduced)

  private func model() throws -> Model { try Model(path: Self.models.appendingPathComponent("default.idinv").path) }

  private func codes(_ model: Model, _ count: Int) throws -> [Float] {
    let dimension = try model.generator().specification.zDimension
    let z = (0..<count).flatMap { seed in
      var random = TorchRandom(seed: UInt32(seed))
      return random.normals(dimension)
    }
    let w = try model.run(.mapping, on: z, count: count, kernels: full).values
    return try model.run(.truncation, on: w, count: count, kernels: full).values
  }

  @Test func generatorKeepsFiftyFiveDecibels() throws {
    let model = try model()
    let codes = try codes(model, 4)
    let exact = try model.run(.generator, on: codes, count: 4, kernels: full).values
    let rounded = try model.run(.generator, on: codes, count: 4, kernels: reduced).values
    let squares = zip(exact, rounded).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
    // Pixels from -1 to 1.
    let psnr = 10 * log10(4 / max(squares / Double(exact.count), 1e-30))
    #expect(psnr >= 55, "\(psnr) dB")
    #expect((reduced.precision == .reduced) == (squares > 0))
  }

  @Test func gradientPointsTheSameWay() throws {
    let model = try model()
    let codes = try codes(model, 2)
    let count = codes.count / 2
    let target = try model.run(.generator, on: Array(codes[count...]), count: 1, kernels: full).values
    func gradient(_ kernels: Kernels) throws -> [Float] {
      let objective = try Objective(model, weights: ObjectiveWeights(), kernels: kernels)
      try objective.setTarget(target)
      return objective.evaluate(Array(codes[..<count])).gradient
    }
    let (exact, rounded) = (try gradient(full), try gradient(reduced))
    func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    let cosine = product(exact, rounded) / (product(exact, exact) * product(rounded, rounded)).squareRoot()
    #expect(cosine > 0.999, "\(cosine)")
  }
}
