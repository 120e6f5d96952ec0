import Testing

@testable import Runtime

@Suite struct GraphTests {
  @Test func aWrongShapeIsRefusedWhenTheNodeIsAppended() {
    var graph = Graph()
    let x = graph.input(.image(batch: 1, channels: 4, height: 8, width: 8))
    let weights = ConvolutionWeights(
      name: "layer.weight", outputChannels: 2, inputChannels: 3, form: .same(kernel: 3), load: { [] })
    #expect(
      throws: GraphError.shapeMismatch(
        operator: "convolution", expected: "[N, 3, H, W] (layer.weight)", found: "[1, 4, 8, 8]")
    ) { try graph.append(Convolution(weights), x) }
  }

  @Test func oddImagesCannotBePooled() {
    var graph = Graph()
    let x = graph.input(.image(batch: 1, channels: 4, height: 7, width: 8))
    #expect(throws: GraphError.self) { try graph.append(AveragePool(), x) }
    #expect(throws: GraphError.self) { try graph.append(MaxPool(), x) }
  }

  @Test func weightsOfTheWrongSizeAreRefusedWhenTheGraphIsPrepared() throws {
    var graph = Graph()
    let x = graph.input(.image(batch: 1, channels: 3, height: 4, width: 4))
    let weights = ConvolutionWeights(
      name: "w", outputChannels: 2, inputChannels: 3, form: .same(kernel: 3), load: { [1, 2, 3] })
    graph.markOutput(try graph.append(Convolution(weights), x))
    #expect(throws: GraphError.badWeights(name: "w", expected: "54 values", found: "3")) {
      try PreparedGraph(graph, kernels: Kernels(threadCount: 1))
    }
  }

  @Test func inputsKeepTheirValuesFromRunToRun() throws {
    var graph = Graph()
    let x = graph.input(.image(batch: 1, channels: 3, height: 4, width: 4))
    // Sum may work in place, but never in the caller's tensor.
    let y = try graph.append(Sum(), try graph.append(ChannelShift([1, 1, 1]), x), x)
    graph.markOutput(y)
    let prepared = try PreparedGraph(graph, kernels: Kernels(threadCount: 2))
    let values = (0..<48).map(Float.init)
    prepared.write(values, to: x)
    prepared.run()
    prepared.run()
    #expect(prepared.read(x) == values)
    #expect(prepared.read(y) == values.map { 2 * $0 + 1 })
  }

  @Test func outputsSurviveLaterNodes() throws {
    var graph = Graph()
    let x = graph.input(.matrix(rows: 1, columns: 4))
    let kept = try graph.append(ColumnAffine(scale: [2, 2, 2, 2], shift: nil), x)
    graph.markOutput(kept)
    var last = kept
    for _ in 0..<5 { last = try graph.append(ColumnAffine(scale: [3, 3, 3, 3], shift: nil), last) }
    graph.markOutput(last)
    let prepared = try PreparedGraph(graph, kernels: Kernels(threadCount: 1))
    prepared.write([1, 2, 3, 4], to: x)
    prepared.run()
    #expect(prepared.read(kept) == [2, 4, 6, 8])
    #expect(prepared.read(last) == [2, 4, 6, 8].map { $0 * 243 })
  }

  @Test func planarArraysSurviveTheBlockedLayout() throws {
    for channels in [1, 3, 16, 17, 40] {
      var graph = Graph()
      let x = graph.input(.image(batch: 2, channels: channels, height: 3, width: 5))
      graph.markOutput(x)
      let prepared = try PreparedGraph(graph, kernels: Kernels(threadCount: 1))
      let values = (0..<2 * channels * 15).map(Float.init)
      prepared.write(values, to: x)
      #expect(prepared.read(x) == values)
    }
  }

  @Test func aTensorThatNoLossDependsOnHasNoGradient() throws {
    var graph = Graph()
    let (a, b) = (graph.input(.matrix(rows: 1, columns: 2)), graph.input(.matrix(rows: 1, columns: 2)))
    let c = graph.input(.matrix(rows: 1, columns: 2))
    let loss = try graph.append(MeanSquaredError(), a, b)
    let seed = graph.input(graph.shape(of: loss))
    let gradients = try graph.appendGradients(of: [(loss, seed)], by: [a, c])
    #expect(gradients[0] != nil)
    #expect(gradients[1] == nil)
  }
}
