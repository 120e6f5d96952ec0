import Foundation
import Inversion
import Quant
import Runtime
import SIMDKernels
import Testing

/// 8-bit products on the shipped model: what a calibration promises holds for other codes, and inversions go on as they did.
@Suite struct CalibrationTests {
  private static let path = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("models/default.idinv").path
  private let exact = Kernels(threadCount: 2), rounded = Kernels(threadCount: 2, int8: .everywhere)
  private let model: Model
  private let result: CalibrationMeasurement.Result

  /// Measured once for all tests.
  private static let measured = Result {
    let model = try Model(path: path)
    return try CalibrationMeasurement(model, plan: .init(sampleCount: 6), kernels: Kernels(threadCount: 2)).run()
  }

  init() throws {
    model = try Model(path: Self.path)
    result = try #require(try Self.measured.get())
  }

  private func calibrated() throws -> Model {
    try Model(file: model.file, path: model.path, int8: Set(result.calibration.layers))
  }

  private func codes(_ seed: UInt64, _ count: Int, of other: Model? = nil) throws -> [Float] {
    let model = other ?? model
    let dimension = try model.generator().specification.zDimension
    var random = TorchRandom(seed: seed)
    let w = try model.run(.mapping, on: random.normals(count * dimension), count: count, kernels: exact).values
    return try model.run(.truncation, on: w, count: count, kernels: exact).values
  }

  @Test func eachLayerIsMeasuredAndMostAreTaken() throws {
    #expect(result.layers.map(\.name) == model.file.specification.int8Candidates)
    for layer in result.layers {
      let own = try #require(layer.outputError)
      #expect(own > 1e-3 && own < 0.05, "\(layer.name): \(own)")
      #expect(layer.saving > 0 && layer.networkError.psnr.isFinite)
    }
    let granted = result.layers.filter(\.isGranted)
    #expect(granted.count >= result.layers.count * 3 / 4 && granted.count < result.layers.count)
    #expect(try #require(result.calibration.psnr) >= 40)
    #expect(try #require(result.calibration.codeError) <= 0.01)
    // A layer that alone is worse than the limit never comes in.
    for layer in granted where layer.network == .generator { #expect(layer.networkError.psnr >= 40) }
  }

  @Test func itHoldsForOtherCodes() throws {
    let count = 8, calibrated = try calibrated(), codes = try codes(77, count)
    let a = try model.run(.generator, on: codes, count: count, kernels: exact).values
    let b = try calibrated.run(.generator, on: codes, count: count, kernels: rounded).values
    #expect(decibels(a, b) >= 39, "\(decibels(a, b)) dB")
    let code = try model.run(.encoder, on: a, count: count, kernels: exact).values
    let other = try calibrated.run(.encoder, on: a, count: count, kernels: rounded).values
    #expect(relative(code, other) <= 0.012, "\(relative(code, other))")
  }

  @Test func withoutItOnlyTheEncoderRounds() throws {
    // The shipped file has an empty list: nothing rounds there. This one was never calibrated.
    let empty = try codes(78, 2)
    #expect(
      try self.model.run(.generator, on: empty, count: 2, kernels: rounded).values
        == self.model.run(.generator, on: empty, count: 2, kernels: exact).values)
    let model = try Golden.model("res32"), codes = try codes(78, 2, of: model)
    let a = try model.run(.generator, on: codes, count: 2, kernels: exact).values
    #expect(try model.run(.generator, on: codes, count: 2, kernels: rounded).values == a)
    let code = try model.run(.encoder, on: a, count: 2, kernels: exact).values
    let other = try model.run(.encoder, on: a, count: 2, kernels: rounded).values
    #expect(code != other && relative(code, other) < 0.05, "\(relative(code, other))")
    // auto takes nothing that no calibration found harmless.
    let auto = Kernels(threadCount: 2, int8: .whereFaster)
    #expect(try model.run(.encoder, on: a, count: 2, kernels: auto).values == code)
  }

  @Test func inversionsConverge() throws {
    let calibrated = try calibrated(), codes = try codes(79, 2), count = codes.count / 2
    let target = try model.run(.generator, on: Array(codes[count...]), count: 1, kernels: exact).values
    func objective(_ model: Model, _ kernels: Kernels) throws -> Objective {
      let objective = try Objective(model, weights: ObjectiveWeights(), kernels: kernels)
      try objective.setTarget(target)
      return objective
    }
    let (one, two) = (try objective(model, exact), try objective(calibrated, rounded))
    let (a, b) = (one.evaluate(Array(codes[..<count])), two.evaluate(Array(codes[..<count])))
    let product = zip(a.gradient, b.gradient).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    let lengths = length(a.gradient) * length(b.gradient)
    #expect(product / lengths > 0.999, "\(product / lengths)")
  }

  @Test func autoOptimizesWithTheWeightsThatItsGradientsHave() throws {
    let auto = Kernels(threadCount: 2, precision: .automatic, int8: .whereFaster)
    let calibrated = try calibrated(), plain = try Model(file: model.file, path: model.path, int8: [])
    let codes = try codes(80, 1), image = try model.run(.generator, on: codes, count: 1, kernels: exact).values
    func encoded(_ model: Model) throws -> [Float] {
      try model.run(.encoder, on: image, count: 1, kernels: auto).values
    }
    func gradient(_ model: Model) throws -> [Float] {
      let objective = try Objective(model, weights: ObjectiveWeights(), kernels: auto)
      try objective.setTarget(image)
      return objective.evaluate(codes.map { $0 + 0.01 }).gradient
    }
    func score(_ model: Model) throws -> InDomainScore? { try Reconstructor(model, kernels: auto)(codes).score }
    let sharesWeights = auto.precision == .reduced && auto.table.reducedDirect != nil
    #expect(try (encoded(calibrated) != encoded(plain)) == auto.table.int8.isFast)
    #expect(try (gradient(calibrated) == gradient(plain)) == (sharesWeights || !auto.table.int8.isFast))
    #expect(
      try (score(calibrated)?.meanSquare == score(plain)?.meanSquare) == (sharesWeights || !auto.table.int8.isFast))
  }

  private func length(_ v: [Float]) -> Double { v.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }

  private func relative(_ exact: [Float], _ other: [Float]) -> Double {
    length(zip(exact, other).map { $0 - $1 }) / length(exact)
  }

  /// Pixels from -1 to 1.
  private func decibels(_ a: [Float], _ b: [Float]) -> Double {
    let error = length(zip(a, b).map { $0 - $1 })
    return 10 * log10(4 * Double(a.count) / max(error * error, 1e-30))
  }
}
