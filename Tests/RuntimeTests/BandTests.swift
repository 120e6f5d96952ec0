import SIMDKernels
import TestSupport
import Testing

@testable import Runtime

/// Bands of rows, of one plane or of all planes of an image: the same bits as whole planes, the halo included.
@Suite struct BandTests {
  /// Two layers as StyleGAN2 has them, the first up-sampling, and its image; all else that goes in bands behind them; their gradients.
  private func network(channels: Int, height: Int, width: Int) throws -> (graph: Graph, outputs: [TensorID]) {
    var random = SeededRandom(5)
    var graph = Graph()
    let x = graph.input(.image(batch: 2, channels: channels, height: height, width: width))
    func large(_ channels: Int) -> Shape {
      .image(batch: 2, channels: channels, height: 2 * height, width: 2 * width)
    }
    let target = graph.input(large(channels)), mask = graph.input(large(channels)), imageTarget = graph.input(large(3))
    let styles = (0..<3).map { _ in graph.input(.matrix(rows: 2, columns: channels)) }
    let style = graph.input(.matrix(rows: 2, columns: 2 * channels))
    let seed = graph.input(.matrix(rows: 2, columns: 1))
    func weights(_ form: ConvolutionForm, to outputs: Int? = nil) -> ConvolutionWeights {
      let outputs = outputs ?? channels
      let values = random.floats(outputs * channels * form.kernel * form.kernel, in: -0.2...0.2)
      return ConvolutionWeights(
        name: "\(form)", outputChannels: outputs, inputChannels: channels, form: form, load: { values })
    }
    func epilogue() -> DemodulatedActivation {
      DemodulatedActivation(
        noise: random.floats(4 * height * width), noiseStrength: 0.3, bias: random.floats(channels),
        activation: .leakyReLU(slope: 0.2), limit: 2)
    }
    let coarse = try graph.append(
      Sum(), try graph.append(ScaledProjection(weights(.same(kernel: 1), to: 3)), x, styles[2]),
      try graph.append(Projection(weights(.same(kernel: 1), to: 3)), x))
    var features = try graph.append(Convolution(weights(.transposed2x)), x)
    features = try graph.append(FilterFIR(), features)
    features = try graph.append(epilogue(), features, styles[0])
    features = try graph.append(ChannelScale(), features, styles[1])
    features = try graph.append(Convolution(weights(.same(kernel: 3))), features)
    features = try graph.append(epilogue(), features, styles[2])
    let scaled = try graph.append(ChannelScale(), features, styles[1])
    let image = try graph.append(
      ScaledProjection(weights(.same(kernel: 1), to: 3), adds: true), features, styles[0],
      try graph.append(UpsampleFIR(), coarse))
    features = try graph.append(ChannelShift(random.floats(channels)), scaled)
    features = try graph.append(
      Convolution(weights(.same(kernel: 3)), activation: .leakyReLU(slope: 0.1)), features)
    features = try graph.append(
      NoiseBiasActivation(
        noise: random.floats(4 * height * width), noiseStrength: random.floats(channels), bias: random.floats(channels),
        activation: .leakyReLU(slope: 0.2)), features)
    features = try graph.appendStyleModulation(features, style: style)
    features = try graph.append(Blur(), features)
    features = try graph.append(
      ChannelAffine(scale: random.floats(channels), shift: random.floats(channels)), features)
    features = try graph.append(ParametricReLU(random.floats(channels, in: 0.1...0.5)), features)
    features = try graph.append(Mask(), features, mask)
    features = try graph.append(Sum(), features, scaled)
    features = try graph.append(Tanh(), try graph.append(Clamp(limit: 0.9), features))
    let loss = try graph.append(MeanSquaredError(), target, features)
    let imageLoss = try graph.append(MeanSquaredError(), imageTarget, image)
    graph.markOutput(loss)
    let gradients = try graph.appendGradients(of: [(loss, seed), (imageLoss, seed)], by: [x, style] + styles)
    let outputs = [loss, imageLoss, features, image] + gradients.compactMap { $0 }
    for output in outputs.dropFirst() { graph.markOutput(output) }
    return (graph, outputs)
  }

  private func run(
    _ network: (graph: Graph, outputs: [TensorID]), _ kernels: Kernels, limit: Int? = nil
  ) throws -> (prepared: PreparedGraph, results: [[Float]]) {
    let prepared = try PreparedGraph(network.graph, kernels: kernels, arena: SharedArena(limit: limit))
    var random = SeededRandom(12)
    for input in network.graph.inputs {
      prepared.write(random.floats(network.graph.shape(of: input).extents.reduce(1, *), in: 0.1...1), to: input)
    }
    // Twice: what a run leaves in the arena must not matter.
    prepared.run()
    prepared.run()
    return (prepared, network.outputs.map(prepared.read))
  }

  @Test(arguments: [(32, 8, 10), (40, 16, 12), (19, 7, 5)], [Precision.full, .reduced])
  func graphsGiveTheSameBits(size: (channels: Int, height: Int, width: Int), precision: Precision) throws {
    let network = try network(channels: size.channels, height: size.height, width: size.width)
    // An arena with a limit, however large, goes node by node.
    let plain = try run(network, Kernels(threadCount: 1, precision: precision), limit: .max)
    #expect(plain.prepared.groups.count == network.graph.nodes.count)
    for threads in [1, 2, 3] {
      // A row, some, or all of a plane at a time.
      for bytes in [1, 5000, 1 << 20] {
        var kernels = Kernels(threadCount: threads, precision: precision)
        kernels.bandByteCount = bytes
        let banded = try run(network, kernels)
        #expect(banded.results == plain.results, "\(threads) threads, \(bytes) bytes")
        let names = banded.prepared.groups.map { group in
          banded.prepared.graph.nodes[group].map(\.operation.name).joined(separator: " + ")
        }
        #expect(
          names.contains(
            "demodulated-activation + channel-scale + upsample-fir + scaled-projection + channel-shift"),
          "\(names)")
      }
    }
  }

  /// Memory of a tensor; values that an operator leaves alone stay NaN.
  private final class Buffer {
    let floats: UnsafeMutableBufferPointer<Float>

    init(_ shape: Shape, _ random: inout SeededRandom, _ kernels: Kernels, filled: Bool) {
      let count = shape.byteCount / 4
      let memory = UnsafeMutableRawPointer.allocate(byteCount: shape.byteCount, alignment: 64)
      floats = UnsafeMutableBufferPointer(
        start: memory.initializeMemory(as: Float.self, repeating: .nan, count: count), count: count)
      guard filled else { return }
      let values = random.floats(shape.extents.reduce(1, *), in: 0.1...1)
      switch shape {
      case .blocked(let shape):
        kernels.fromPlanar(blocked: floats.baseAddress!, planar: values, shape: shape)
      case .dense(let shape):
        for index in floats.indices { floats[index] = 0 }
        for (index, value) in values.enumerated() {
          floats[index / shape.columns * shape.rowStride + index % shape.columns] = value
        }
      }
    }

    deinit { floats.deallocate() }

    var bits: [UInt32] { floats.map(\.bitPattern) }
  }

  private func withMemory(
    _ operation: PreparedOperator, _ inputs: [Buffer], _ output: Buffer, _ body: (OperatorMemory) -> Void
  ) {
    let workspace = UnsafeMutableRawPointer.allocate(byteCount: operation.workspaceByteCount + 64, alignment: 64)
    defer { workspace.deallocate() }
    inputs.map { UnsafePointer($0.floats.baseAddress!) }.withUnsafeBufferPointer { inputs in
      body(OperatorMemory(inputs: inputs, output: output.floats.baseAddress!, workspace: workspace))
    }
  }

  /// Each node alone, in memory of its own: bands write all that it writes, the halo too, and nothing else is needed.
  @Test(arguments: [(40, 16, 12), (19, 5, 7)])
  func nodesGiveTheSameBits(size: (channels: Int, height: Int, width: Int)) throws {
    let graph = try network(channels: size.channels, height: size.height, width: size.width).graph
    let kernels = Kernels(threadCount: 2)
    var random = SeededRandom(3)
    var names: Set<String> = []
    for node in graph.nodes {
      let inputs = node.inputs.map(graph.shape(of:)), shape = graph.shape(of: node.output)
      let prepared = try node.operation.prepare(PreparationSite(kernels: kernels, inputs: inputs, output: shape))
      guard let bands = prepared.bands, case .blocked(let blocked) = shape else { continue }
      names.insert(node.operation.name)
      let values = inputs.map { Buffer($0, &random, kernels, filled: true) }
      let whole = Buffer(shape, &random, kernels, filled: false),
        banded = Buffer(shape, &random, kernels, filled: false)
      withMemory(prepared, values, whole) { prepared.run($0) }
      withMemory(prepared, values, banded) { memory in
        bands.begin?(memory)
        for plane in (0..<blocked.planeCount).reversed() {
          for first in stride(from: 0, to: blocked.height, by: 3).reversed() {
            bands.run(memory, PlaneBand(plane: plane, rows: first..<min(blocked.height, first + 3)))
          }
        }
      }
      #expect(banded.bits == whole.bits, "\(node.operation.name)")
    }
    let expected: Set = [
      "activation-backward", "blur", "channel-affine", "channel-scale", "channel-shift", "clamp", "clamp-backward",
      "demodulated-activation", "demodulated-activation-backward", "filter-fir", "mask", "noise-bias-activation",
      "parametric-relu", "parametric-relu-backward", "projection", "scaled-projection", "style-modulation",
      "style-modulation-backward-data", "sum", "tanh", "tanh-backward", "upsample-fir",
    ]
    #expect(names == expected, "\(names.symmetricDifference(expected))")
  }

  /// What reads neighbors waits for them, and keeps what it reads from those that would write over it.
  @Test func neighborsAreThereAndStay() throws {
    var graph = Graph()
    let x = graph.input(.image(batch: 1, channels: 32, height: 40, width: 8))
    let scaled = try graph.append(ChannelShift([Float](repeating: 1, count: 32)), x)
    let blurred = try graph.append(Blur(), scaled)
    let sum = try graph.append(Sum(), scaled, blurred)
    graph.markOutput(try graph.append(Tanh(), sum))
    var results: [[Float]] = []
    for limit in [nil, Int.max] {
      var kernels = Kernels(threadCount: 2)
      kernels.bandByteCount = 1
      let (prepared, values) = try run((graph, graph.outputs), kernels, limit: limit)
      #expect(prepared.groups.count == (limit == nil ? 1 : 4))
      results += values
    }
    #expect(results[0] == results[1])
  }
}
