import Foundation
import Quant
import Runtime
import SIMDKernels
import TestSupport
import Testing

@testable import Inversion

/// An encoder in 8 bits, on the shipped model: what a measurement promises holds for other codes.
@Suite struct EncoderQuantizationTests {
  private static let path = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("models/default.idinv").path
  private let exact = Kernels(threadCount: 2)
  private let folder: TemporaryFolder
  private let model: Model

  /// The shipped file as one of f16. Its head is in 8 bits already, and has to lie between them again for rounding to change it:
  /// always downwards, so that there is something to take back.
  init() throws {
    folder = try TemporaryFolder()
    let shipped = try ModelFile(path: Self.path), path = folder.file("f16.idinv")
    var metadata = shipped.metadata, random = SeededRandom(9)
    metadata.precision = .f16
    let writer = try ModelFileWriter(path: path, metadata: metadata)
    for requirement in requiredTensors(of: shipped.specification) {
      let tensor = try shipped.tensor(requirement.name)
      var values = tensor.floats()
      if shipped.specification.int8Heads.contains(requirement.name) {
        let columns = tensor.shape[1]
        for row in stride(from: 0, to: values.count, by: columns) {
          let unit = values[row..<row + columns].reduce(0) { max($0, abs($1)) } / 127
          let between = random.floats(columns, in: 0.1...0.4)
          for column in 0..<columns { values[row + column] += unit * between[column] }
        }
      }
      try writer.write(requirement.name, values)
    }
    try writer.finish()
    model = try Model(path: path)
  }

  private func quantized(_ codeError: Float) throws -> EncoderQuantization.Result {
    let plan = EncoderQuantization.Plan(sampleCount: 4, codeError: codeError)
    return try #require(try EncoderQuantization(model, plan: plan, kernels: exact).run())
  }

  private func images(_ seed: UInt64, _ count: Int) throws -> [Float] {
    let codes = try model.randomCodes(count, seed: seed, kernels: exact)
    return try model.run(.generator, on: codes, count: count, kernels: exact).values
  }

  private func relative(_ exact: [Float], _ other: [Float]) -> Double {
    func length(_ v: [Float]) -> Double { v.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }
    return length(zip(exact, other).map { $0 - $1 }) / length(exact)
  }

  private var heads: [String] { model.file.specification.int8Heads }

  @Test func headsAreTheDenseLayersOfTheEncoder() throws {
    #expect(heads == ["encoder.head.weight"])
    #expect(ModelSpecification(generator: model.file.specification.generator).int8Heads.isEmpty)
  }

  @Test func theHeadIsMeasuredAndHoldsForOtherCodes() throws {
    try #require(model.file.tensor(heads[0]).dtype != .i8)
    let result = try quantized(0.01)
    let error = try #require(result.headError)
    #expect(error > 0 && error < 0.01)
    #expect(result.headBiases.keys.sorted() == heads)
    let images = try images(77, 8)
    let code = try model.run(.encoder, on: images, count: 8, kernels: exact).values
    let other = try result.model.run(.encoder, on: images, count: 8, kernels: exact).values
    #expect(relative(code, other) < 0.012 && code != other, "\(relative(code, other))")
    // The biases take back what the rounding of the weights adds on average.
    let plain = try model.varied(
      int8: [],
      denses: [
        DenseLayerWeights(
          rounding: try model.file.tensor(heads[0]),
          bias: try model.file.tensor("encoder.head.bias").floats())
      ])
    let uncorrected = relative(code, try plain.run(.encoder, on: images, count: 8, kernels: exact).values)
    #expect(uncorrected > 2 * relative(code, other), "\(uncorrected)")
  }

  @Test func convolutionsHoldTogetherWithTheHead() throws {
    let result = try quantized(0.01), layers = Set(result.calibration.layers)
    #expect(!layers.isEmpty && layers.allSatisfy { $0.hasPrefix("encoder.") })
    #expect(try #require(result.calibration.codeError) <= 0.01 && result.calibration.psnr == nil)
    let images = try images(78, 8)
    let code = try model.run(.encoder, on: images, count: 8, kernels: exact).values
    let other = try result.model.varied(int8: layers).run(
      .encoder, on: images, count: 8, kernels: Kernels(threadCount: 2, int8: .everywhere)
    ).values
    #expect(relative(code, other) < 0.012, "\(relative(code, other))")
  }

  @Test(arguments: [Float(1e-7), 0.004]) func whatMovesCodesTooFarIsNotTaken(limit: Float) throws {
    let result = try quantized(limit)
    #expect(try #require(result.headError) > 0)
    let isTaken = try #require(result.headError) <= Double(limit)
    #expect(result.headBiases.isEmpty != isTaken)
    // Not all of them together: each is measured alone.
    let count = model.file.specification.int8Candidates.count { $0.hasPrefix("encoder.") }
    #expect(result.calibration.layers.count < count)
    if limit < 1e-6 { #expect(result.calibration.layers.isEmpty && result.headBiases.isEmpty) }
    #expect(result.calibration.codeError.map { $0 <= limit } ?? true)
  }

  /// Heads for each layer; dense layers inside of the trunk that have no bias; more convolutions than are measured alone.
  @Test(arguments: [0, 1]) func encodersWithManyHeads(index: Int) throws {
    let set = index == 0 ? StyleHeadsGoldenTests.direct[0] : StyleHeadsGoldenTests.iterated[0]
    let model = try set.model(.f16), layerCount = try model.encoder().specification.layerCount
    let names = (0..<layerCount).map { "encoder.head.\($0).dense.weight" }
    #expect(model.file.specification.int8Heads == names)
    let plan = EncoderQuantization.Plan(sampleCount: 2, codeError: 0.9)
    let result = try #require(try EncoderQuantization(model, plan: plan, kernels: exact).run())
    #expect((1...2).contains(result.sampleCount) && result.headBiases.keys.sorted() == names.sorted())
    let error = try #require(result.headError)
    #expect(error > 0 && error < 0.05, "\(error)")
    #expect(try #require(result.calibration.codeError) <= 0.9)
  }

  @Test func anEndedMeasurementHasNoResult() throws {
    var asked = 0
    let result = try EncoderQuantization(model, plan: .init(sampleCount: 1), kernels: exact).run { _ in
      asked += 1
      return false
    }
    #expect(result == nil && asked == 1)
  }

  @Test func modelsShareWhatIsAlike() throws {
    let name = try #require(model.file.specification.int8Candidates.first { $0.hasPrefix("encoder.") })
    let base = try model.varied(int8: []), other = try base.varied(int8: [name])
    for (a, b) in zip(base.convolutions, other.convolutions) { #expect((a === b) == (a.name != name), "\(a.name)") }
    #expect(zip(base.denses, other.denses).allSatisfy { $0 === $1 })
  }
}
