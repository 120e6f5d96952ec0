import SIMDKernels
import TestSupport
import Testing

@testable import Runtime

/// The operators of StyleGAN2's generator and of encoders with style heads, as `GradientTests` checks the others.
@Suite struct ModulationGradientTests {
  private let gradients = GradientTests()

  private func image(_ batch: Int, _ channels: Int, _ height: Int, _ width: Int) -> Shape {
    .image(batch: batch, channels: channels, height: height, width: width)
  }

  @Test func channelScale() throws {
    try gradients.check([image(2, 19, 5, 4), .matrix(rows: 2, columns: 19)]) { graph, x in
      try graph.append(ChannelScale(), x[0], x[1])
    }
  }

  @Test(arguments: [1, 3]) func scaledProjection(_ outputs: Int) throws {
    var random = SeededRandom(34)
    let values = random.floats(outputs * 19), bias = random.floats(outputs)
    let weights = ConvolutionWeights(
      name: "test", outputChannels: outputs, inputChannels: 19, form: .same(kernel: 1), bias: bias, load: { values })
    try gradients.check([image(2, 19, 5, 6), .matrix(rows: 2, columns: 19)]) { graph, x in
      try graph.append(ScaledProjection(weights), x[0], x[1])
    }
    try gradients.check([image(2, 19, 5, 6), .matrix(rows: 2, columns: 19), image(2, outputs, 5, 6)]) { graph, x in
      try graph.append(ScaledProjection(weights, adds: true), x[0], x[1], x[2])
    }
    try gradients.check([image(2, 19, 5, 6)]) { graph, x in try graph.append(Projection(weights), x[0]) }
    // The same as scaling the image, and bit by bit that of adding in a step of its own.
    var graph = Graph()
    let shapes = [image(2, 19, 5, 6), .matrix(rows: 2, columns: 19), image(2, outputs, 5, 6)]
    let inputs = shapes.map { graph.input($0) }
    let projected = try graph.append(ScaledProjection(weights), inputs[0], inputs[1])
    let scaled = try graph.append(Convolution(weights), try graph.append(ChannelScale(), inputs[0], inputs[1]))
    let plain = try graph.append(Projection(weights), try graph.append(ChannelScale(), inputs[0], inputs[1]))
    let sum = try graph.append(Sum(), inputs[2], projected)
    let added = try graph.append(ScaledProjection(weights, adds: true), inputs[0], inputs[1], inputs[2])
    for output in [projected, scaled, plain, sum, added] { graph.markOutput(output) }
    for tier in Kernels.availableTiers {
      let prepared = try PreparedGraph(graph, kernels: Kernels(threadCount: 2, cap: tier))
      prepared.write(random.floats(2 * 19 * 30), to: inputs[0])
      prepared.write(random.floats(2 * 19), to: inputs[1])
      prepared.write(random.floats(2 * outputs * 30), to: inputs[2])
      prepared.run()
      for output in [projected, plain] {
        let worst = zip(prepared.read(output), prepared.read(scaled)).map { abs($0 - $1) }.max() ?? 1
        #expect(worst < 1e-5, "\(tier.rawValue)")
      }
      #expect(prepared.read(added) == prepared.read(sum), "\(tier.rawValue)")
    }
  }

  @Test("more than three channels are refused") func wideProjection() throws {
    let weights = ConvolutionWeights(
      name: "test", outputChannels: 4, inputChannels: 2, form: .same(kernel: 1),
      load: { [Float](repeating: 0, count: 8) })
    var graph = Graph()
    let (input, style) = (graph.input(image(1, 2, 3, 3)), graph.input(.matrix(rows: 1, columns: 2)))
    #expect(thrownError { _ = try graph.append(ScaledProjection(weights), input, style) } != nil)
    #expect(thrownError { _ = try graph.append(Projection(weights), input) } != nil)
  }

  @Test("an image of another size is refused") func otherBase() throws {
    let weights = ConvolutionWeights(
      name: "test", outputChannels: 3, inputChannels: 2, form: .same(kernel: 1),
      load: { [Float](repeating: 0, count: 6) })
    var graph = Graph()
    let (input, style) = (graph.input(image(1, 2, 3, 3)), graph.input(.matrix(rows: 1, columns: 2)))
    let base = graph.input(image(1, 3, 3, 4))
    #expect(thrownError { _ = try graph.append(ScaledProjection(weights, adds: true), input, style, base) } != nil)
  }

  @Test func channelAffineAndMean() throws {
    try gradients.check([image(2, 18, 3, 4)]) { graph, x in
      let scaled = try graph.append(
        ChannelAffine(scale: (0..<18).map { Float($0) * 0.1 - 0.7 }, shift: (0..<18).map { Float($0) * 0.2 }), x[0])
      return try graph.append(ChannelMean(), scaled)
    }
  }

  @Test func demodulation() throws {
    var random = SeededRandom(31)
    let values = random.floats(20 * 17 * 9, in: -0.4...0.4)
    let squares = SquaredWeights(name: "test", outputs: 20, inputs: 17) { values }
    try gradients.check([.matrix(rows: 2, columns: 17)], step: 0.01, tolerance: GradientTests.smoothTolerance) {
      graph, x in
      try graph.append(Demodulation(squares, gain: 1.4), x[0])
    }
  }

  /// The gradient by the factors comes of the output alone; by the input and by the factors, with a clamp that bites.
  @Test(arguments: [Float.infinity, 0.8]) func demodulatedActivation(_ limit: Float) throws {
    var random = SeededRandom(32)
    let noise = random.floats(20)
    // Values away from the kink and from the limit: x in ±[0.3, 0.6] or beyond 1.4, factors about 1, shifts below 0.1.
    func values(_ random: inout SeededRandom, _ count: Int) -> [Float] {
      if count == 36 { return random.floats(count, in: 0.9...1.1) }
      return (0..<count).map { index in
        let magnitude =
          index % 3 == 0 ? Float.random(in: 1.5...2, using: &random) : .random(in: 0.3...0.5, using: &random)
        return index % 2 == 0 ? magnitude : -magnitude * 5
      }
    }
    try gradients.check(
      [image(2, 18, 5, 4), .matrix(rows: 2, columns: 18)], step: 0.01, tolerance: GradientTests.smoothTolerance,
      values: values
    ) { graph, x in
      try graph.append(
        DemodulatedActivation(
          noise: noise, noiseStrength: 0.04, bias: (0..<18).map { Float($0 % 5) * 0.02 - 0.04 },
          activation: .leakyReLU(slope: 0.2), limit: limit), x[0], x[1])
    }
  }

  @Test func clamp() throws {
    try gradients.check(
      [image(1, 3, 4, 4)], step: 0.05,
      values: { random, count in random.floats(count).map { $0 < 0 ? $0 - 1 : $0 * 0.5 } }
    ) { graph, x in try graph.append(Clamp(limit: 0.9), x[0]) }
  }

  @Test func upsampling() throws {
    try gradients.check([image(2, 3, 4, 3)]) { graph, x in try graph.append(UpsampleFIR(), x[0]) }
  }

  @Test func filter() throws {
    try gradients.check([image(2, 17, 5, 3)]) { graph, x in try graph.append(FilterFIR(), x[0]) }
  }

  @Test(arguments: [5, 16, 33]) func pixelShuffle(_ channels: Int) throws {
    let phase = (channels + 15) & ~15
    try gradients.check([image(2, 4 * phase, 3, 2)]) { graph, x in
      try graph.append(PixelShuffle(channels: channels), x[0])
    }
  }

  @Test func downsampling() throws {
    try gradients.check([image(2, 3, 4, 6)]) { graph, x in try graph.append(DownsampleFIR(), x[0]) }
    try gradients.check([image(2, 32, 4, 6)]) { graph, x in try graph.append(PixelUnshuffle(), x[0]) }
  }

  @Test("odd images have no half") func oddImages() throws {
    var graph = Graph()
    let input = graph.input(image(1, 3, 4, 3))
    #expect(thrownError { _ = try graph.append(DownsampleFIR(), input) } != nil)
    #expect(thrownError { _ = try graph.append(PixelUnshuffle(), input) } != nil)
  }

  @Test func subsample() throws {
    for (height, width) in [(4, 6), (5, 3), (1, 1)] {
      try gradients.check([image(2, 3, height, width)]) { graph, x in try graph.append(Subsample(stride: 2), x[0]) }
    }
  }

  @Test func resize() throws {
    let cases: [(Int, Int, Int, Int, Resize.Method)] = [
      (8, 6, 4, 3, .adaptiveAverage), (5, 7, 3, 4, .adaptiveAverage), (3, 2, 6, 5, .adaptiveAverage),
      (4, 3, 8, 6, .bilinear), (1, 2, 3, 4, .bilinear),
    ]
    for (height, width, toHeight, toWidth, method) in cases {
      try gradients.check([image(1, 3, height, width)]) { graph, x in
        try graph.append(Resize(height: toHeight, width: toWidth, method: method), x[0])
      }
    }
  }

  @Test func resizeOfARegion() throws {
    let region = Resize.Region(rows: 1..<6, columns: 2..<6)
    try gradients.check([image(1, 3, 8, 7)]) { graph, x in
      try graph.append(Resize(height: 3, width: 3, method: .adaptiveAverage, region: region), x[0])
    }
  }

  @Test func patches() throws {
    for (kernel, stride, padding) in [(11, 4, 2), (5, 1, 2), (7, 2, 3)] {
      try gradients.check([image(2, 3, 12, 9)]) { graph, x in
        try graph.append(Patches(kernel: kernel, stride: stride, padding: padding), x[0])
      }
    }
  }

  @Test func windowMaxPool() throws {
    // Values that are all apart by more than a step.
    func values(_ random: inout SeededRandom, _ count: Int) -> [Float] {
      (0..<count).map { Float($0) * 0.1 }.shuffled(using: &random)
    }
    try gradients.check([image(1, 3, 7, 9)], step: 0.02, values: values) { graph, x in
      try graph.append(WindowMaxPool(kernel: 3, step: 2), x[0])
    }
  }

  @Test func unitDistance() throws {
    try gradients.check(
      [image(2, 18, 3, 2), image(2, 18, 3, 2)], step: 0.01, tolerance: GradientTests.smoothTolerance
    ) { graph, x in
      try graph.append(UnitDistance(weights: (0..<18).map { Float($0 % 5) * 0.2 }), x[0], x[1])
    }
  }

  @Test func prelu() throws {
    try gradients.check(
      [image(2, 5, 4, 4)], step: 0.02, tolerance: GradientTests.smoothTolerance, values: gradients.awayFromZero
    ) { graph, x in try graph.append(ParametricReLU([0.25, -0.5, 0, 1.5, 0.1]), x[0]) }
  }

  @Test func sigmoidAndConcatenate() throws {
    try gradients.check(
      [.matrix(rows: 2, columns: 5), .matrix(rows: 2, columns: 18)], step: 0.02,
      tolerance: GradientTests.smoothTolerance
    ) { graph, x in
      try graph.append(Concatenate(), try graph.append(Sigmoid(), x[0]), x[1], x[0])
    }
  }
}
