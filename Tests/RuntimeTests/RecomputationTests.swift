import TestSupport
import Testing

@testable import Runtime

/// Less memory by computing some nodes again: the same bits.
@Suite struct RecomputationTests {
  /// A network whose backward needs tensors from the beginning of its forward, and its gradient by the input.
  private func network(depth: Int = 8) throws -> (graph: Graph, input: TensorID, outputs: [TensorID]) {
    var random = SeededRandom(3)
    var graph = Graph()
    let x = graph.input(.image(batch: 1, channels: 8, height: 16, width: 16))
    let target = graph.input(.image(batch: 1, channels: 8, height: 16, width: 16))
    let seed = graph.input(.matrix(rows: 1, columns: 1))
    var features = x
    for layer in 0..<depth {
      let values = random.floats(8 * 8 * 9, in: -0.3...0.3)
      let weights = ConvolutionWeights(
        name: "\(layer)", outputChannels: 8, inputChannels: 8, form: .same(kernel: 3), bias: random.floats(8),
        load: { values })
      features = try graph.append(Convolution(weights, activation: .leakyReLU(slope: 0.2)), features)
    }
    let loss = try graph.append(MeanSquaredError(), target, features)
    graph.markOutput(loss)
    let gradient = try #require(try graph.appendGradients(of: [(loss, seed)], by: [x])[0])
    graph.markOutput(gradient)
    return (graph, x, [loss, gradient])
  }

  private func run(
    _ network: (graph: Graph, input: TensorID, outputs: [TensorID]), limit: Int?
  ) throws -> (prepared: PreparedGraph, arena: SharedArena, results: [[Float]]) {
    let arena = SharedArena(limit: limit)
    let prepared = try PreparedGraph(network.graph, kernels: Kernels(threadCount: 2), arena: arena)
    var random = SeededRandom(11)
    for input in network.graph.inputs {
      let count = network.graph.shape(of: input).extents.reduce(1, *)
      prepared.write(random.floats(count), to: input)
    }
    prepared.run()
    return (prepared, arena, network.outputs.map(prepared.read))
  }

  @Test func withoutALimitNothingIsRepeated() throws {
    let result = try run(try network(), limit: nil)
    #expect(result.prepared.recomputedCount == 0)
    #expect(result.arena.recomputed.cost == 0)
  }

  @Test(arguments: [9, 8, 7, 6])
  func aLimitIsKeptAndTheBitsAreTheSame(tenths: Int) throws {
    let network = try network()
    let whole = try run(network, limit: nil)
    let limit = whole.arena.byteCount * tenths / 10
    let result = try run(network, limit: limit)
    #expect(result.arena.byteCount <= limit, "\(result.arena.byteCount) of \(whole.arena.byteCount), limit \(limit)")
    #expect(result.prepared.recomputedCount > 0)
    #expect(result.arena.recomputed.cost > 0)
    #expect(result.results == whole.results)
  }

  @Test func anImpossibleLimitGivesTheLeastThatCanBeHad() throws {
    let network = try network()
    let whole = try run(network, limit: nil)
    let least = try run(network, limit: 1)
    #expect(least.arena.byteCount < whole.arena.byteCount * 7 / 10)
    #expect(least.results == whole.results)
  }

  @Test func aDeeperNetworkNeedsMoreTimeButHardlyMoreMemory() throws {
    let shallow = try run(try network(depth: 8), limit: 1), deep = try run(try network(depth: 16), limit: 1)
    #expect(deep.arena.byteCount <= shallow.arena.byteCount * 3 / 2)
  }

  @Test func anArenaThatTheSystemRefusesLeavesTheOldOne() throws {
    let arena = SharedArena()
    try arena.reserve(4096, isPlanning: false)
    #expect(throws: GraphError.outOfMemory(byteCount: 1 << 60)) { try arena.reserve(1 << 60, isPlanning: false) }
    #expect(arena.byteCount == 4096)
    arena.withMemory { memory in
      memory.storeBytes(of: 7, toByteOffset: 4088, as: Int.self)
      #expect(memory.load(fromByteOffset: 4088, as: Int.self) == 7)
    }
  }

  @Test func graphsThatShareAnArenaDoNotDisturbEachOther() throws {
    let network = try network(), other = try self.network(depth: 3)
    let alone = [try run(network, limit: nil).results, try run(other, limit: nil).results]
    let arena = SharedArena(), kernels = Kernels(threadCount: 2)
    let first = try PreparedGraph(network.graph, kernels: kernels, arena: arena)
    let firstNeed = arena.byteCount
    let second = try PreparedGraph(other.graph, kernels: kernels, arena: arena)
    #expect(arena.byteCount == firstNeed, "the larger one's need is enough for both")
    for (prepared, network) in [(first, network), (second, other)] {
      var random = SeededRandom(11)
      for input in network.graph.inputs {
        prepared.write(random.floats(network.graph.shape(of: input).extents.reduce(1, *)), to: input)
      }
    }
    for _ in 0..<2 {
      first.run()
      second.run()
    }
    #expect(network.outputs.map(first.read) == alone[0])
    #expect(other.outputs.map(second.read) == alone[1])
  }

  @Test("a graph that keeps no ends has them in the arena, also under a limit", arguments: [nil, 8, 6])
  func endsInTheArena(tenths: Int?) throws {
    let network = try network(), other = try self.network(depth: 3)
    let whole = try run(network, limit: nil)
    let arena = SharedArena(limit: tenths.map { whole.arena.byteCount * $0 / 10 })
    let kernels = Kernels(threadCount: 2)
    let prepared = try PreparedGraph(network.graph, kernels: kernels, arena: arena, keepsEnds: false)
    #expect(arena.keptByteCount <= 64 && whole.arena.keptByteCount > 2 * 8 * 16 * 16 * 4)
    #expect((prepared.recomputedCount > 0) == (tenths != nil))
    let neighbour = try PreparedGraph(other.graph, kernels: kernels, arena: arena, keepsEnds: false)
    // Dense inputs and padding lie where the other graph had something else.
    func inputs(_ graph: Graph) -> [(tensor: TensorID, values: [Float])] {
      var random = SeededRandom(11)
      return graph.inputs.map { ($0, random.floats(graph.shape(of: $0).extents.reduce(1, *))) }
    }
    for _ in 0..<2 {
      #expect(prepared.run(inputs(network.graph), reading: network.outputs) == whole.results)
      _ = neighbour.run(inputs(other.graph), reading: other.outputs)
    }
  }

  @Test func planningNeedsNoWeightsAndFindsTheSameSizes() throws {
    let real = try run(try network(), limit: nil)
    var graph = Graph()
    let x = graph.input(.image(batch: 1, channels: 64, height: 16, width: 16))
    let weights = ConvolutionWeights(
      name: "never read", outputChannels: 64, inputChannels: 64, form: .same(kernel: 3),
      load: {
        Issue.record("planning read weights")
        return []
      })
    graph.markOutput(try graph.append(Convolution(weights), x))
    _ = try PreparedGraph(graph, kernels: Kernels(threadCount: 2).planning)
    #expect(weights.isUsed && weights.packedByteCounts.reduce(0) { $0 + $1.byteCount } >= 64 * 64 * 9 * 4)

    let arena = SharedArena()
    let planned = try PreparedGraph(try network().graph, kernels: Kernels(threadCount: 2).planning, arena: arena)
    #expect(arena.byteCount == real.arena.byteCount)
    #expect(planned.memoryPlan == real.prepared.memoryPlan)
  }

  @Test func tensorsToDifferentiateByAreIndependent() throws {
    // y = 3x, L = ‖t − (x + y)‖²: by x alone dx/dx counts four times, beside y once.
    func gradients(byBoth: Bool) throws -> [[Float]] {
      var graph = Graph()
      let x = graph.input(.matrix(rows: 1, columns: 1)), t = graph.input(.matrix(rows: 1, columns: 1))
      let seed = graph.input(.matrix(rows: 1, columns: 1))
      let y = try graph.append(ColumnAffine(scale: [3], shift: nil), x)
      let loss = try graph.append(MeanSquaredError(), t, try graph.append(Sum(), x, y))
      let results = try graph.appendGradients(of: [(loss, seed)], by: byBoth ? [x, y] : [x])
      let gradients = results.compactMap { $0 }
      for gradient in gradients { graph.markOutput(gradient) }
      let prepared = try PreparedGraph(graph, kernels: Kernels(threadCount: 1))
      prepared.write([1], to: x)
      prepared.write([0], to: t)
      prepared.write([1], to: seed)
      prepared.run()
      return gradients.map(prepared.read)
    }
    #expect(try gradients(byBoth: false) == [[32]])
    #expect(try gradients(byBoth: true) == [[8], [8]])
  }
}
