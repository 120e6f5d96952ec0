import Foundation
import Quant
import Runtime
import Testing

@testable import Inversion

/// From scored codes to boundaries.
@Suite struct BoundaryTrainingTests {
  // MARK: Samples

  @Test func theHighestAndTheLowestAreLearnedFrom() throws {
    var random = TorchRandom(seed: 3)
    let scores = random.normals(1000)
    var options = ConfidentSamples.Options()
    options.ratio = 0.1
    options.seed = 5
    let chosen = try ConfidentSamples(scores: scores, options: options)
    #expect(chosen.training.rows.count == 140 && chosen.validation.rows.count == 60)
    #expect(chosen.training.labels.count(where: { $0 == 1 }) == 70)
    #expect(chosen.remaining.rows.count == 800)
    let all = chosen.training.rows + chosen.validation.rows + chosen.remaining.rows
    #expect(all.sorted() == Array(0..<1000))
    let sorted = scores.sorted()
    for part in [chosen.training, chosen.validation] {
      for (row, label) in zip(part.rows, part.labels) {
        #expect(label > 0 ? scores[row] >= sorted[900] : scores[row] <= sorted[99])
      }
    }
    for (row, label) in zip(chosen.remaining.rows, chosen.remaining.labels) {
      #expect((Double(scores[row]) > chosen.threshold) == (label > 0))
    }
    #expect(try ConfidentSamples(scores: scores, options: options) == chosen)
    options.seed = 6
    #expect(try ConfidentSamples(scores: scores, options: options).training.rows != chosen.training.rows)
  }

  @Test func scoresThatTellNothingAreRefused() throws {
    func error(_ scores: [Float], ratio: Double = 0.1, share: Double = 0.7) -> String {
      var options = ConfidentSamples.Options()
      (options.ratio, options.trainingShare) = (ratio, share)
      do throws(InversionError) {
        _ = try ConfidentSamples(scores: scores, options: options)
        return "none"
      } catch {
        return "\(error)"
      }
    }
    let good = (0..<100).map { Float($0) }
    #expect(error(good) == "none")
    #expect(error(good.map { $0 == 7 ? .nan : $0 }).contains("nan in row 7"))
    #expect(error(good.map { _ in 1 }).contains("1.0 in all 100 rows"))
    #expect(error(Array(good.prefix(50))).contains("found 3 and 2"))
    #expect(error([]).contains("found 0 and 0"))
    // A hundred of which five have it: ten are taken.
    #expect(error(good.map { $0 < 95 ? 0 : 1 }).contains("rare"))
    #expect(error(good, ratio: 0).contains("ratio") && error(good, ratio: 0.6).contains("ratio"))
    #expect(error(good, ratio: .nan).contains("ratio") && error(good, share: 1).contains("split"))
  }

  // MARK: Training

  static let shape = CodeShape(layerCount: 4, dimension: 6)

  /// Codes whose score is a known direction's product, which lives in layer 2 for its larger part.
  private func codes(_ count: Int = 3000) -> (matrix: FloatMatrix, truth: [Float], scores: [Float], other: [Float]) {
    var random = TorchRandom(seed: 21)
    let values = random.normals(count * 24)
    var truth = random.normals(24)
    for index in 0..<24 where index / 6 != 2 { truth[index] *= 0.2 }
    let other = random.normals(24)
    let noise = random.normals(count)
    func products(_ vector: [Float], _ amount: Float) -> [Float] {
      (0..<count).map { row -> Float in
        var sum = noise[row] * amount
        for column in 0..<24 { sum += values[row * 24 + column] * vector[column] }
        return sum + 2
      }
    }
    return (matrix(values, columns: 24), truth, products(truth, 0.1), products(other, 0))
  }

  private func training(_ matrix: FloatMatrix) throws -> BoundaryTraining {
    try BoundaryTraining(codes: matrix, shape: Self.shape, kernels: Kernels(threadCount: 2))
  }

  private func length(_ values: some Sequence<Float>) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  @Test func aKnownDirectionIsFoundAndRaisesTheScore() throws {
    let (matrix, truth, scores, _) = codes()
    let boundary = try training(matrix).train("smile", scores: scores, options: .init())
    #expect(abs(length(boundary.normal) - 1) < 1e-5)
    #expect(Difference(boundary.normal, reference: truth).cosine > 0.9)
    #expect(boundary.layers == [0, 1, 2, 3] && boundary.sampleCount == 3000)
    #expect(boundary.training == .init(right: 84, count: 84) && boundary.validation.count == 36)
    #expect(boundary.remaining.count == 2880 && (boundary.remaining.share ?? 0) > 0.85)
    #expect(boundary.correlation > 0.9)
    // Distances by hand.
    var distances: [Double] = []
    for row in 0..<3000 {
      let code = matrix.floats(rows: row..<row + 1)
      distances.append(zip(code, boundary.normal).reduce(boundary.bias) { $0 + Double($1.0) * Double($1.1) })
    }
    let mean = distances.reduce(0, +) / 3000
    #expect(abs(boundary.distanceMean - mean) < 1e-4)
    let deviation = (distances.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3000).squareRoot()
    #expect(abs(boundary.distanceDeviation - deviation) < 1e-4)
    let right = zip(distances, scores).count(where: { ($0 > 0) == (Double($1) > boundary.threshold) })
    #expect(right >= boundary.remaining.right + boundary.training.right)
  }

  @Test func onlyTheChosenLayersAreLearnedFrom() throws {
    let (matrix, truth, scores, _) = codes()
    var options = BoundaryTraining.Options()
    options.layers = [3, 0, 2]
    let boundary = try training(matrix).train("smile", scores: scores, options: options)
    #expect(boundary.layers == [0, 2, 3] && boundary.normal[6..<12].allSatisfy { $0 == 0 })
    #expect(abs(length(boundary.normal) - 1) < 1e-5)
    options.isPerLayer = true
    let apart = try training(matrix).train("smile", scores: scores, options: options)
    for layer in options.layers ?? [] {
      #expect(abs(length(apart.normal[Self.shape.entries(of: layer)]) - 1) < 1e-5)
    }
    #expect(apart.machines.count == 3 && apart.normal[6..<12].allSatisfy { $0 == 0 })
    let found = Array(apart.normal[12..<18])
    #expect(Difference(found, reference: Array(truth[12..<18])).cosine > 0.9)
    options.layers = [4]
    #expect(throws: InversionError.self) { try training(matrix).train("smile", scores: scores, options: options) }
  }

  @Test func conditionsAreLeftAlone() throws {
    let (matrix, truth, scores, other) = codes()
    // An attribute that comes with the other one.
    let mixed = zip(scores, other).map { $0 + 0.5 * $1 }
    var options = BoundaryTraining.Options()
    let plain = try training(matrix).train("mixed", scores: mixed, options: options)
    let condition = try training(matrix).train("other", scores: other, options: options)
    options.conditions = [
      try SemanticBoundary(name: "other", values: condition.normal, shape: [1, 4, 6], of: Self.shape)
    ]
    let boundary = try training(matrix).train("mixed", scores: mixed, options: options)
    func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    #expect(abs(product(plain.normal, condition.normal)) > 0.1)
    #expect(abs(product(boundary.normal, condition.normal)) < 1e-5)
    #expect(abs(length(boundary.normal) - 1) < 1e-5 && boundary.conditions == ["other"])
    #expect(product(boundary.normal, truth) > 0 && (boundary.training.share ?? 0) > 0.8)
    // Nothing is left of a boundary that is to leave itself alone.
    options.conditions = [try SemanticBoundary(name: "m", values: plain.normal, shape: [1, 4, 6], of: Self.shape)]
    #expect(throws: InversionError.self) { try training(matrix).train("mixed", scores: mixed, options: options) }
  }

  @Test func shapesMustMatch() throws {
    let (matrix, _, scores, _) = codes(200)
    #expect(throws: InversionError.self) {
      try training(matrix).train("smile", scores: Array(scores.dropLast()), options: .init())
    }
    #expect(throws: InversionError.self) {
      try BoundaryTraining(
        codes: matrix, shape: CodeShape(layerCount: 3, dimension: 6), kernels: Kernels(threadCount: 1))
    }
  }

  // MARK: Without labels

  @Test func closedFormDirectionsAreNumPys() throws {
    let model = try Golden.model("res32")
    let directions = try ClosedFormDirections(model, count: 5, layers: [0, 1, 2, 3])
    let reference = try Golden.array("semantics", "closed_form").values
    let data = try Data(contentsOf: URL(fileURLWithPath: Golden.path("semantics", "figures.json")))
    let figures = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let eigenvalues = try #require(figures["eigenvalues"] as? [Double])
    #expect(directions.rowCount == 256)
    for index in 0..<5 {
      #expect(abs(directions.values[index] / eigenvalues[index] - 1) < 1e-5)
      let cosine = Difference(directions.vectors[index], reference: Array(reference[index * 32..<index * 32 + 32]))
        .cosine
      #expect(abs(cosine) > 0.99999)
    }
    let normal = directions.normal(1)
    #expect(Array(normal[96..<128]) == directions.vectors[1] && normal[128...].allSatisfy { $0 == 0 })
    #expect(throws: InversionError.self) { try ClosedFormDirections(model, count: 33) }
    #expect(throws: InversionError.self) { try ClosedFormDirections(model, count: 1, layers: [8]) }
  }

  // MARK: Layers

  @Test func theShortestRangeWithMostOfTheEffectIsSuggested() {
    func range(_ changes: [Double], _ share: Double = 0.8) -> [Int] {
      LayerSearch.range(
        changes.enumerated().map { LayerSearch.Effect(layers: [$0 + 2], change: $1, sideEffect: nil, worst: nil) },
        share: share)
    }
    #expect(range([0, 0.1, 1, 0.5, 0.1]) == [4, 5])
    #expect(range([0, 0.1, 1, 0.5, 0.1], 1) == [3, 4, 5, 6])
    #expect(range([0, -0.1, -1, -0.5, -0.1]) == [4, 5])
    // A layer that works against the others is left out.
    #expect(range([1, -0.5, 0, 0], 0.9) == [2])
    #expect(range([1]) == [2])
  }
}
