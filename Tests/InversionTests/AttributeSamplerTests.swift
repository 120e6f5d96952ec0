import Checkpoint
import Foundation
import Inversion
import Quant
import Runtime
import Testing

/// Codes with scores, drawn from a model.
@Suite struct AttributeSamplerTests {
  @Test func samplesAreWhatTheNetworksGiveOneByOne() throws {
    let model = try Golden.wholeModel()
    let kernels = Kernels(threadCount: 2)
    // Not a multiple of the batch.
    var steps: [Int] = []
    let samples = try AttributeSampler(model, psi: 0.8, batch: 4, kernels: kernels).draw(6, seed: 3) {
      steps.append($0)
      return true
    }
    #expect(steps == [4, 6] && samples.codes.rowCount == 6 && samples.names.count == 5)
    var random = TorchRandom(seed: 3)
    let z = random.normals(6 * 32)
    let w = try model.run(.mapping, on: z, count: 6, kernels: kernels).values
    let codes = try model.run(.truncation, on: w, count: 6, kernels: kernels, psi: 0.8).values
    let images = try model.run(.generator, on: codes, count: 6, kernels: kernels).values
    let attributes = try model.run(.attributes, on: images, count: 6, kernels: kernels).values
    #expect(samples.codes.floats(rows: 0..<6) == codes && samples.attributes == attributes)
    #expect(samples.scores(2) == (0..<6).map { attributes[$0 * 5 + 2] })
    let stopped = try AttributeSampler(model, kernels: kernels).draw(100, seed: 0) { $0 < 8 }
    #expect(stopped.codes.rowCount == 8 && stopped.attributes.count == 40)
  }

  @Test func layersAreMovedOneAtATime() throws {
    let model = try Golden.wholeModel()
    let kernels = Kernels(threadCount: 2)
    let shape = try model.codeShape()
    let codes = try AttributeSampler(model, kernels: kernels).draw(3, seed: 1).codes
    var random = TorchRandom(seed: 9)
    let boundary = try SemanticBoundary(
      name: "yaw", values: random.normals(shape.count), shape: [1, shape.layerCount, shape.dimension],
      layers: [1, 4, 5], of: shape)
    func question(_ distance: Float?) -> LayerSearch.Question {
      LayerSearch.Question(boundary, column: 0, codes: codes, distance: distance)
    }
    let search = try #require(try LayerSearch(question(2), of: model, kernels: kernels))
    #expect(search.single.map(\.layers) == [[1], [4], [5]] && search.whole.layers == [1, 4, 5])
    func mean(_ layers: [Int], _ sign: Float) throws -> Double {
      var sum = 0.0
      for row in 0..<3 {
        var code = codes.floats(rows: row..<row + 1)
        for layer in layers {
          for index in shape.entries(of: layer) { code[index] += sign * 2 * boundary.normal[index] }
        }
        let image = try model.run(.generator, on: code, count: 1, kernels: kernels).values
        sum += Double(try model.run(.attributes, on: image, count: 1, kernels: kernels).values[0]) / 3
      }
      return sum
    }
    for effect in search.single + [search.whole, search.suggestion] {
      let expected = (try mean(effect.layers, 1) - mean(effect.layers, -1)) / 2
      #expect(abs(effect.change - expected) < 1e-6)
      #expect(effect.worst != nil && (effect.sideEffect ?? 0) > 0)
    }
    let usual = try #require(try LayerSearch(question(nil), of: model, kernels: kernels))
    let products = (0..<3).map { row in
      zip(codes.floats(rows: row..<row + 1), boundary.normal).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let middle = products.reduce(0, +) / 3
    let variance = products.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / 3
    #expect(abs(Double(usual.distance) - 2 * variance.squareRoot()) < 1e-4 && search.distance == 2)
    let stopped = try LayerSearch(question(2), of: model, kernels: kernels) {
      done, _ in done < 6
    }
    #expect(stopped == nil)
  }
}
