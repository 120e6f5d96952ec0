import SIMDKernels
import TestSupport
import Testing

@testable import Runtime

/// Nodes that take turns plane by plane: the same bits, in fewer steps.
@Suite struct PlaneFusionTests {
  /// A layer of a generator with all that goes plane by plane around it, and its gradients.
  private func network(channels: Int) throws -> (graph: Graph, outputs: [TensorID]) {
    var random = SeededRandom(5)
    var graph = Graph()
    let x = graph.input(.image(batch: 2, channels: channels, height: 8, width: 8))
    let target = graph.input(.image(batch: 2, channels: channels, height: 8, width: 8))
    let style = graph.input(.matrix(rows: 2, columns: 2 * channels))
    let seed = graph.input(.matrix(rows: 2, columns: 1))
    let epilogue = NoiseBiasActivation(
      noise: random.floats(16 * 16), noiseStrength: random.floats(channels), bias: random.floats(channels),
      activation: .leakyReLU(slope: 0.2))
    let values = random.floats(channels * channels * 9, in: -0.2...0.2)
    let weights = ConvolutionWeights(
      name: "up", outputChannels: channels, inputChannels: channels, form: .upsample2x, load: { values })
    var features = try graph.append(Convolution(weights), x)
    features = try graph.append(Blur(), features)
    features = try graph.append(epilogue, features)
    features = try graph.appendStyleModulation(features, style: style)
    features = try graph.append(Tanh(), features)
    features = try graph.append(MaxPool(), features)
    features = try graph.append(Sum(), features, x)
    let loss = try graph.append(MeanSquaredError(), target, features)
    graph.markOutput(loss)
    let gradients = try graph.appendGradients(of: [(loss, seed)], by: [x, style])
    let outputs = [loss] + gradients.compactMap { $0 }
    for output in outputs.dropFirst() { graph.markOutput(output) }
    return (graph, outputs)
  }

  private func run(
    _ network: (graph: Graph, outputs: [TensorID]), threads: Int, limit: Int?
  ) throws -> (prepared: PreparedGraph, results: [[Float]]) {
    let prepared = try PreparedGraph(
      network.graph, kernels: Kernels(threadCount: threads), arena: SharedArena(limit: limit))
    var random = SeededRandom(12)
    for input in network.graph.inputs {
      prepared.write(random.floats(network.graph.shape(of: input).extents.reduce(1, *)), to: input)
    }
    // Twice: what a run leaves in the arena must not matter.
    prepared.run()
    prepared.run()
    return (prepared, network.outputs.map(prepared.read))
  }

  private func names(_ graph: PreparedGraph) -> [String] {
    graph.groups.map { graph.graph.nodes[$0].map(\.operation.name).joined(separator: " + ") }
  }

  /// 32 channels of two images are four planes, 40 are six, the last of each image not whole.
  @Test(arguments: [32, 40], [1, 2])
  func fusedRunsGiveTheSameBits(channels: Int, threads: Int) throws {
    let network = try network(channels: channels)
    // An arena with a limit, however large, goes without.
    let plain = try run(network, threads: threads, limit: .max)
    let fused = try run(network, threads: threads, limit: nil)
    #expect(plain.prepared.groups.count == network.graph.nodes.count)
    // There and back, the loss in between.
    let forward = "blur + noise-bias-activation + channel-statistics + style-modulation + tanh + max-pool + sum"
    let losses = "mean-squared-error + mean-squared-error-backward"
    let backward = "max-pool-backward + tanh-backward + modulation-gradient-sums + style-modulation-backward-data"
    #expect(names(fused.prepared).contains("\(forward) + \(losses) + \(backward)"))
    #expect(names(fused.prepared).contains("activation-backward + blur"))
    #expect(fused.results == plain.results)
    let bytes = fused.prepared.traffic.reduce(0, +)
    #expect(bytes < plain.prepared.traffic.reduce(0, +))
  }

  /// A loss is there when all planes are done: what is weighted by it comes later.
  @Test func whoReadsALossWaitsForIt() throws {
    var graph = Graph()
    let shape = Shape.image(batch: 1, channels: 32, height: 8, width: 8)
    let (a, b) = (graph.input(shape), graph.input(shape))
    let weight = try graph.append(MeanSquaredError(), a, b)
    let loss = try graph.append(MeanSquaredError(), b, a)
    let gradient = try #require(try graph.appendGradients(of: [(loss, weight)], by: [b])[0])
    for tensor in [weight, gradient] { graph.markOutput(tensor) }
    let prepared = try PreparedGraph(graph, kernels: Kernels(threadCount: 2))
    #expect(names(prepared).first == "mean-squared-error + mean-squared-error")
    var random = SeededRandom(3)
    let (x, y) = (random.floats(32 * 64), random.floats(32 * 64))
    prepared.write(x, to: a)
    prepared.write(y, to: b)
    prepared.run()
    let mean = zip(x, y).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) } / 2048
    #expect(abs(Double(prepared.read(weight)[0]) - mean) < 1e-6)
    for (index, value) in prepared.read(gradient).enumerated() {
      let expected = 2 * Double(y[index] - x[index]) / 2048 * mean
      #expect(abs(Double(value) - expected) < 1e-9)
    }
  }

  @Test func planesThatDoNotDivideAmongTheThreadsAreNotFused() throws {
    let network = try network(channels: 32)
    let result = try run(network, threads: 3, limit: nil)
    #expect(result.prepared.groups.count == network.graph.nodes.count)
    #expect(try run(network, threads: 1, limit: nil).results == result.results)
  }
}
