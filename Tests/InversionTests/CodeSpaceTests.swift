import Foundation
import Runtime
import Testing

@testable import Inversion

/// The paper's baselines: a single w, the mean code as start, another encoder.
@Suite struct CodeSpaceTests {
  private let kernels = Kernels(threadCount: 2)

  @Test func theProjectionIsTheMeanOverTheLayers() {
    #expect(CodeSpace.w.projection(of: [1, 2, 3, 6, 5, 1], layerCount: 3) == [3, 3, 3, 3, 3, 3])
    #expect(CodeSpace.wPlus.projection(of: [1, 2, 3, 6], layerCount: 2) == [1, 2, 3, 6])
    // A code of W stays what it is, bit by bit.
    let row: [Float] = [0.1, -1.7e-9, 3.3333333]
    let code = row + row + row + row + row + row + row
    #expect(CodeSpace.w.projection(of: code, layerCount: 7) == code)
  }

  /// Against Adam on one row in double precision, with the gradient summed over the layers.
  @Test func optimizationInWIsAdamOnASingleW() throws {
    let model = try Golden.model("res32")
    let image = Array(try Golden.array("res32", "image").values.prefix(3 * 32 * 32))
    let weights = ObjectiveWeights(domain: 0)
    let steps = Effort.count(12, low: 4)
    let options = InversionOptions(iterations: steps, weights: weights, start: .mean, space: .w)
    let result = try Inverter(model, options: options, kernels: kernels).invert(image)

    let specification = try model.generator().specification
    let (layers, dimension) = (specification.layerCount, specification.wDimension)
    let objective = try Objective(model, weights: weights, kernels: kernels)
    try objective.setTarget(image)
    var row = try model.generator().meanCode.prefix(dimension).map(Double.init)
    var (first, second) = ([Double](repeating: 0, count: dimension), [Double](repeating: 0, count: dimension))
    for step in 1...steps {
      let code = (0..<layers).flatMap { _ in row.map(Float.init) }
      let gradient = objective.evaluate(code).gradient
      for index in 0..<dimension {
        var sum = 0.0
        for layer in 0..<layers { sum += Double(gradient[layer * dimension + index]) }
        first[index] = 0.9 * first[index] + 0.1 * sum
        second[index] = 0.999 * second[index] + 0.001 * sum * sum
        let (m, v) = (first[index] / (1 - pow(0.9, Double(step))), second[index] / (1 - pow(0.999, Double(step))))
        row[index] -= 0.01 * m / (v.squareRoot() + 1e-8)
      }
    }
    let expected = (0..<layers).flatMap { _ in row.map(Float.init) }
    #expect(maximumDifference(result.code, expected) < 2e-4)
    for layer in 1..<layers {
      #expect(Array(result.code[layer * dimension..<(layer + 1) * dimension]) == Array(result.code[..<dimension]))
    }
    // It did move, and W+ goes elsewhere.
    let mean = try model.generator().meanCode
    #expect(maximumDifference(result.code, mean) > 0.004 * Float(steps))
    var free = options
    free.space = .wPlus
    let other = try Inverter(model, options: free, kernels: kernels).invert(image)
    #expect(maximumDifference(result.code, other.code) > 0.01)
    #expect(other.history.last!.total < result.history.last!.total)
  }

  @Test func startsAreBroughtIntoTheSpace() throws {
    let model = try Golden.model("res32")
    let image = Array(try Golden.array("res32", "image").values.prefix(3 * 32 * 32))
    let options = InversionOptions(iterations: 0, space: .w)
    let encoded = try NetworkRunner(.encoder, of: model, batch: 1, kernels: kernels)(image)
    let result = try Inverter(model, options: options, kernels: kernels).invert(image)
    let layers = try model.generator().specification.layerCount
    #expect(result.code == CodeSpace.w.projection(of: encoded, layerCount: layers))
    #expect(result.code != encoded)
  }

  @Test func anotherModelsEncoderMakesTheStart() throws {
    let (model, other) = (try Golden.model("res32"), try Golden.model("res32", weights: .int8))
    let image = Array(try Golden.array("res32", "image").values.prefix(3 * 32 * 32))
    let options = InversionOptions(iterations: 0, startEncoder: other)
    let result = try Inverter(model, options: options, kernels: kernels).invert(image)
    let theirs = try NetworkRunner(.encoder, of: other, batch: 1, kernels: kernels)(image)
    let ours = try NetworkRunner(.encoder, of: model, batch: 1, kernels: kernels)(image)
    #expect(result.code == theirs && result.code != ours)
    let wrong = InversionOptions(iterations: 0, startEncoder: try Golden.model("res64_wscale"))
    #expect(throws: InversionError.self) { try Inverter(model, options: wrong, kernels: kernels).invert(image) }
  }

  @Test func attributesAreMeasuredBetweenTheirHeaps() {
    // A yes-or-no attribute of which a tenth says yes, and a constant one.
    let rows = (0..<50).map { [$0 % 10 == 0 ? Float(1) : 0, 4] }
    let scale = AttributeScale(rows)
    #expect(scale.thresholds == [0.5, 4])
    #expect(abs(scale.deviations[0] - 0.3) < 1e-9 && scale.deviations[1] == 1)
    #expect(correlation([1, 2, 3], [2, 4, 6.0]) == 1)
    #expect(correlation([1, 1], [2, 4]) == nil)
  }
}
