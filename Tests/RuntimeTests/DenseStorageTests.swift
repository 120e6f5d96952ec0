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
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try Data(bytes).write(to: file)
    // The mapping stays when the name is gone.
    defer { try? FileManager.default.removeItem(at: file) }
    tensor = WeightTensor(
      name: "test", shape: [outputs, inputs], dtype: dtype,
      scales: dtype == .i8 ? random.floats(outputs, in: 0.001...0.005) : nil,
      mapping: try MappedFile(path: file.path), range: 0..<bytes.count)
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
}
