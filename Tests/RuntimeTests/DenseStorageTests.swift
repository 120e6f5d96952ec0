import Files
import Foundation
import TestSupport
import Testing

@testable import Quant
@testable import Runtime

/// A dense layer's weights in a file, as a model has them.
struct StoredMatrix {
  let tensor: WeightTensor
  let outputs: Int, inputs: Int

  /// Of 8 bits, as a file has it.
  init(_ codes: Int8Tensor, inputs: Int) throws {
    self.inputs = inputs
    outputs = codes.scales.count
    tensor = WeightTensor(
      name: "test", shape: [outputs, inputs], dtype: .i8, scales: codes.scales,
      mapping: try Self.mapped(codes.codes.map(UInt8.init(bitPattern:))), range: 0..<codes.codes.count)
  }

  private static func mapped(_ bytes: [UInt8]) throws -> MappedFile {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try Data(bytes).write(to: file)
    // The mapping stays when the name is gone.
    defer { try? FileManager.default.removeItem(at: file) }
    return try MappedFile(path: file.path)
  }

  /// - Parameter dtype: f16 or i8.
  init(_ dtype: DType, outputs: Int, inputs: Int, seed: UInt64) throws {
    self.outputs = outputs
    self.inputs = inputs
    var random = SeededRandom(seed)
    let values = random.floats(outputs * inputs, in: -0.4...0.4)
    let bytes =
      dtype == .f16
      ? values.flatMap { value in withUnsafeBytes(of: Float16(value).bitPattern.littleEndian) { Array($0) } }
      : values.map { UInt8(bitPattern: Int8(($0 * 300).rounded())) }
    tensor = WeightTensor(
      name: "test", shape: [outputs, inputs], dtype: dtype,
      scales: dtype == .i8 ? random.floats(outputs, in: 0.001...0.005) : nil,
      mapping: try Self.mapped(bytes), range: 0..<bytes.count)
  }
}

@Suite struct DenseStorageTests {
  @Test("Weights that are read part by part give the bits of the whole, both ways", arguments: [DType.f16, .i8])
  func streamed(_ dtype: DType) throws {
    let stored = try StoredMatrix(dtype, outputs: 330, inputs: 100, seed: 11)
    var random = SeededRandom(12)
    let bias = random.floats(330), x = random.floats(200), g = random.floats(660)
    func run(_ weights: DenseLayerWeights) throws -> [[Float]] {
      var graph = Graph()
      let input = graph.input(.matrix(rows: 2, columns: 100))
      let output = try graph.append(Dense(weights), input)
      let seed = graph.input(graph.shape(of: output))
      let gradient = try #require(try graph.appendGradients(of: [(output, seed)], by: [input])[0])
      graph.markOutput(output)
      graph.markOutput(gradient)
      let prepared = try PreparedGraph(graph, kernels: Kernels(threadCount: 2))
      prepared.write(x, to: input)
      prepared.write(g, to: seed)
      prepared.run()
      return [prepared.read(output), prepared.read(gradient)]
    }
    let whole = try DenseLayerWeights(stored.tensor, bias: bias)
    let expected = try run(whole)
    #expect(expected.allSatisfy { values in values.contains { $0 != 0 } })
    // Parts of 64 rows, of 128, and one for all.
    for partByteCount in [1, 128 * stored.tensor.byteCount / 330, 1 << 20] {
      let parts = try DenseLayerWeights(
        stored.tensor, bias: bias, isStreamed: true, leastStreamed: 1, partByteCount: partByteCount)
      #expect(parts.isStreamed && !whole.isStreamed)
      #expect(try run(parts) == expected, "\(partByteCount)")
    }
    #expect(try !DenseLayerWeights(stored.tensor, bias: bias, isStreamed: true).isStreamed, "too few to be given back")
  }

  @Test("A tensor that is rounded in memory gives the bits of one that was stored so, both ways")
  func rounded() throws {
    let stored = try StoredMatrix(.f16, outputs: 70, inputs: 100, seed: 21)
    let codes = Int8Tensor(quantizing: stored.tensor.floats(), rowCount: 70)
    let file = try StoredMatrix(codes, inputs: 100)
    var random = SeededRandom(22)
    let bias = random.floats(70), x = random.floats(100), g = random.floats(70)
    let expected = try bothWays(try DenseLayerWeights(file.tensor, bias: bias), x, g)
    let weights = DenseLayerWeights(rounding: stored.tensor, bias: [Float](repeating: 9, count: 70))
    #expect(try bothWays(try #require(weights.replacingBias(bias)), x, g) == expected)
    #expect(try DenseLayerWeights(file.tensor, bias: bias).replacingBias(bias) == nil)
    // ⟨Wx, g⟩ = ⟨x, Wᵀg⟩, with the values that the codes stand for.
    func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    let forward = zip(expected[0], bias).map { $0 - $1 }
    let (one, other) = (product(forward, g), product(x, expected[1]))
    #expect(abs(one - other) < 1e-4 * (abs(one) + 1), "\(one) \(other)")
    let exact = (0..<70).map { row in product(Array(codes.floats[row * 100..<row * 100 + 100]), x) }
    #expect(zip(forward, exact).allSatisfy { abs(Double($0) - $1) < 1e-4 })
  }

  private func bothWays(_ weights: DenseLayerWeights, _ x: [Float], _ g: [Float]) throws -> [[Float]] {
    var graph = Graph()
    let input = graph.input(.matrix(rows: 1, columns: weights.inputs))
    let output = try graph.append(Dense(weights), input)
    let seed = graph.input(graph.shape(of: output))
    let gradient = try #require(try graph.appendGradients(of: [(output, seed)], by: [input])[0])
    graph.markOutput(output)
    graph.markOutput(gradient)
    return try PreparedGraph(graph, kernels: Kernels(threadCount: 2)).run(
      [(input, x), (seed, g)], reading: [output, gradient])
  }
}
