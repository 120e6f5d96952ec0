import SIMDKernels
import TestSupport
import Testing

@testable import Runtime

/// Where a convolution takes operands of 8 bits, and that its gradient does not.
@Suite struct Int8ConvolutionTests {
  private func weights(_ permission: Int8Permission, inputs: Int = 32, form: ConvolutionForm = .same(kernel: 3))
    -> ConvolutionWeights
  {
    var random = SeededRandom(3)
    let values = (0..<48 * inputs * form.kernel * form.kernel).map { _ in Float.random(in: -1...1, using: &random) }
    return ConvolutionWeights(
      name: "w", outputChannels: 48, inputChannels: inputs, form: form, int8: permission, load: { values })
  }

  /// Output and input gradient of one convolution, and how its weights were packed.
  private func run(
    _ weights: ConvolutionWeights, _ use: Int8Use, isExact: Bool = false, side: Int = 8
  ) throws -> (output: [Float], gradient: [Float], packings: [String]) {
    var graph = Graph()
    let x = graph.input(.image(batch: 1, channels: weights.inputChannels, height: side, width: side))
    let y = try graph.append(Convolution(weights, isExact: isExact), x)
    let seed = graph.input(graph.shape(of: y))
    let gradient = try #require(try graph.appendGradients(of: [(y, seed)], by: [x])[0])
    graph.markOutput(y)
    graph.markOutput(gradient)
    let prepared = try PreparedGraph(graph, kernels: Kernels(threadCount: 2, int8: use))
    var random = SeededRandom(4)
    func values(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &random) } }
    prepared.write(values(weights.inputChannels * side * side), to: x)
    prepared.write(values(48 * side * side), to: seed)
    prepared.run()
    return (prepared.read(y), prepared.read(gradient), weights.packedByteCounts.map(\.packing))
  }

  @Test(arguments: [Int8Permission.refused, .onRequest, .granted])
  func everywhereMeansWherePermitted(_ permission: Int8Permission) throws {
    let exact = try run(weights(permission), .never)
    let rounded = try run(weights(permission), .everywhere)
    #expect(!exact.packings.contains("int8 forward"))
    #expect(rounded.packings.contains("int8 forward") == (permission != .refused))
    #expect(rounded.gradient == exact.gradient)
    let largest = exact.output.map(abs).max() ?? 0
    let worst = zip(exact.output, rounded.output).map { abs($0 - $1) }.max() ?? 0
    #expect(worst < 0.03 * largest && (worst > 0) == (permission != .refused), "\(worst) of \(largest)")
  }

  @Test func exactUsesStayExact() throws {
    let exact = try run(weights(.granted), .never)
    let kept = try run(weights(.granted), .everywhere, isExact: true)
    #expect(kept.output == exact.output)
  }

  @Test func fasterNeedsAProcessorAndACalibration() throws {
    let isFast = Kernels(threadCount: 1).table.int8.isFast
    #expect(try run(weights(.granted), .whereFaster).packings.contains("int8 forward") == isFast)
    #expect(try !run(weights(.onRequest), .whereFaster).packings.contains("int8 forward"))
    // Less than one block of channels is padded to one.
    #expect(try !run(weights(.granted, inputs: 3), .whereFaster).packings.contains("int8 forward"))
  }

  @Test func theChoiceIsByMeasurement() {
    func isFaster(_ other: ConvolutionAlgorithm, _ form: ConvolutionForm, _ channels: Int, _ side: Int) -> Bool {
      let input = BlockedShape(batch: 1, channels: channels, height: side, width: side, halo: 1)
      return ConvolutionAlgorithm.isInt8Faster(than: other, form: form, input: input)
    }
    #expect(isFaster(.direct, .same(kernel: 1), 64, 128))
    #expect(isFaster(.reducedWinograd, .upsample2x, 128, 32))
    #expect(isFaster(.reducedWinograd, .same(kernel: 3), 1024, 8))
    #expect(isFaster(.reducedWinograd, .same(kernel: 3), 32, 64))
    #expect(!isFaster(.reducedWinograd, .same(kernel: 3), 1024, 16))
    #expect(!isFaster(.reducedWinograd, .same(kernel: 3), 256, 32))
    #expect(isFaster(.winograd, .same(kernel: 3), 256, 32))
    #expect(!isFaster(.winograd, .same(kernel: 3), 3, 32))
  }
}
