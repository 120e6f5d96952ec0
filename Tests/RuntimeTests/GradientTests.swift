import Quant
import TestSupport
import Testing

@testable import Runtime

/// Every operator's gradient against central finite differences of its forward pass.
///
/// The loss is the mean squared distance of the operator's output from a random target. For a linear operator it is
/// quadratic, and central differences are exact for any step, so a large one keeps rounding small.
@Suite struct GradientTests {
  /// Largest error allowed, relative to the largest entry of the gradient.
  static let linearTolerance: Float = 2e-4
  static let smoothTolerance: Float = 5e-3

  func check(
    _ inputs: [Shape], seed: UInt64 = 1, step: Float = 0.25, tolerance: Float = linearTolerance,
    values: ((inout SeededRandom, Int) -> [Float])? = nil, differentiable: [Int]? = nil,
    kernels: Kernels = Kernels(threadCount: 2), sourceLocation: SourceLocation = #_sourceLocation,
    _ build: (inout Graph, [TensorID]) throws -> TensorID
  ) throws {
    var random = SeededRandom(seed)
    var graph = Graph()
    let tensors = inputs.map { graph.input($0) }
    let output = try build(&graph, tensors)
    let batch = graph.shape(of: output).extents[0]
    let target = graph.input(graph.shape(of: output))
    let loss = try graph.append(MeanSquaredError(), output, target)
    let seedTensor = graph.input(graph.shape(of: loss))
    graph.markOutput(loss)
    let checked = differentiable ?? Array(inputs.indices)
    let gradients = try graph.appendGradients(of: [(loss, seedTensor)], by: checked.map { tensors[$0] })
    for gradient in gradients { graph.markOutput(try #require(gradient, sourceLocation: sourceLocation)) }

    let prepared = try PreparedGraph(graph, kernels: kernels)
    prepared.write(random.floats(graph.shape(of: target).extents.reduce(1, *)), to: target)
    prepared.write((0..<batch).map { Float($0 + 1) }, to: seedTensor)
    var current = inputs.indices.map { index in
      let count = inputs[index].extents.reduce(1, *)
      return values?(&random, count) ?? random.floats(count)
    }
    for (tensor, value) in zip(tensors, current) { prepared.write(value, to: tensor) }
    prepared.run()
    let analytic = gradients.map { prepared.read($0!) }

    func weightedLoss() -> Double {
      prepared.run()
      return prepared.read(loss).enumerated().reduce(0) { $0 + Double($1.element) * Double($1.offset + 1) }
    }
    for (position, index) in checked.enumerated() {
      let scale = analytic[position].map(abs).max() ?? 0
      #expect(scale > 0, "no gradient reaches input \(index)", sourceLocation: sourceLocation)
      // A sample of the entries, the first and the last among them.
      let count = current[index].count
      let sample =
        count <= 40
        ? Array(0..<count) : [0, count - 1] + (0..<30).map { _ in Int(random.next() % UInt64(count)) }
      for entry in sample {
        let value = current[index][entry]
        current[index][entry] = value + step
        prepared.write(current[index], to: tensors[index])
        let above = weightedLoss()
        current[index][entry] = value - step
        prepared.write(current[index], to: tensors[index])
        let below = weightedLoss()
        current[index][entry] = value
        prepared.write(current[index], to: tensors[index])
        let numeric = Float((above - below) / Double(2 * step))
        #expect(
          abs(numeric - analytic[position][entry]) <= tolerance * scale,
          "input \(index), entry \(entry): numeric \(numeric), analytic \(analytic[position][entry])",
          sourceLocation: sourceLocation)
      }
    }
  }

  func image(_ batch: Int, _ channels: Int, _ height: Int, _ width: Int) -> Shape {
    .image(batch: batch, channels: channels, height: height, width: width)
  }

  /// Values at least 0.3 away from zero, so that small steps do not cross the kink of a ReLU.
  func awayFromZero(_ random: inout SeededRandom, _ count: Int) -> [Float] {
    random.floats(count).map { $0 < 0 ? $0 - 0.3 : $0 + 0.3 }
  }

  private func weights(
    _ form: ConvolutionForm, _ outputs: Int, _ inputs: Int, mayBeHalves: Bool = false, storage: WeightStorage = .fastest
  ) -> ConvolutionWeights {
    var random = SeededRandom(99)
    let area = form == .same(kernel: 1) ? 1 : 9
    let values = random.floats(outputs * inputs * area, in: -0.4...0.4)
    return ConvolutionWeights(
      name: "test", outputChannels: outputs, inputChannels: inputs, form: form,
      bias: random.floats(outputs), mayBeHalves: mayBeHalves, storage: storage, load: { values })
  }

  struct ConvolutionCase: Sendable {
    var form: ConvolutionForm
    var inputs: Int
    var outputs: Int
  }

  @Test(arguments: [
    ConvolutionCase(form: .same(kernel: 3), inputs: 3, outputs: 8),
    ConvolutionCase(form: .same(kernel: 3), inputs: 17, outputs: 12),
    ConvolutionCase(form: .same(kernel: 1), inputs: 24, outputs: 3),
    ConvolutionCase(form: .upsample2x, inputs: 8, outputs: 16),
    ConvolutionCase(form: .upsample2x, inputs: 20, outputs: 5),
    ConvolutionCase(form: .downsample2x, inputs: 17, outputs: 12),
    ConvolutionCase(form: .transposed2x, inputs: 17, outputs: 12),
  ])
  func convolution(_ test: ConvolutionCase) throws {
    try check([image(2, test.inputs, 6, 4)]) { graph, x in
      try graph.append(Convolution(weights(test.form, test.outputs, test.inputs)), x[0])
    }
  }

  /// Whole tiles, many enough for Winograd's algorithm; the same channels both ways, so that both share its weights.
  @Test(
    "Minimal filtering and compact weights, in every tier",
    arguments: [
      (ConvolutionForm.same(kernel: 3), 16, false, WeightStorage.fastest), (.same(kernel: 3), 16, true, .fastest),
      (.same(kernel: 3), 16, false, .compact), (.same(kernel: 3), 16, true, .compact),
      (.same(kernel: 3), 80, true, .compact), (.upsample2x, 16, false, .fastest), (.upsample2x, 16, true, .compact),
      (.transposed2x, 16, false, .fastest), (.transposed2x, 16, true, .compact),
    ])
  func tiles(_ form: ConvolutionForm, _ channels: Int, _ mayBeHalves: Bool, _ storage: WeightStorage) throws {
    let side = form == .upsample2x ? 8 : form == .transposed2x ? 32 : 16
    // The slow tiers need not do the one that is 25 times as large.
    for tier in channels == 16 ? Kernels.availableTiers : Kernels.availableTiers.suffix(1) {
      let weights = weights(form, channels, channels, mayBeHalves: mayBeHalves, storage: storage)
      // The loss is a mean over thousands of outputs: small steps drown in its rounding.
      try check(
        [image(1, channels, side, side)], step: 2, tolerance: 1e-3, kernels: Kernels(threadCount: 2, cap: tier)
      ) { graph, x in
        try graph.append(Convolution(weights), x[0])
      }
      let packings = weights.packedByteCounts.map(\.packing)
      #expect(packings.contains(storage == .fastest ? "winograd forward" : "compact"), "\(packings)")
    }
  }

  @Test func convolutionWithLeakyReLU() throws {
    // The bias keeps the sums away from the kink: linear on each side.
    let weights = ConvolutionWeights(
      name: "test", outputChannels: 2, inputChannels: 2, form: .same(kernel: 1), bias: [3, -3],
      load: { [0.5, -0.5, 0.25, 0.75] })
    try check([image(1, 2, 3, 3)]) { graph, x in
      try graph.append(Convolution(weights, activation: .leakyReLU(slope: 0.2)), x[0])
    }
  }

  @Test func dense() throws {
    var random = SeededRandom(5)
    let weights = DenseLayerWeights(
      name: "test", outputs: 9, inputs: 21, values: random.floats(9 * 21), bias: random.floats(9))
    try check([.matrix(rows: 3, columns: 21)]) { graph, x in try graph.append(Dense(weights), x[0]) }
  }

  @Test(arguments: [DType.f16, .i8])
  func storedDense(_ dtype: DType) throws {
    let stored = try StoredMatrix(dtype, outputs: 19, inputs: 37, seed: 15)
    for tier in Kernels.availableTiers {
      let weights = try DenseLayerWeights(stored.tensor, bias: nil)
      try check([.matrix(rows: 3, columns: 37)], kernels: Kernels(threadCount: 2, cap: tier)) { graph, x in
        try graph.append(Dense(weights), x[0])
      }
    }
  }

  @Test func denseWithLeakyReLU() throws {
    let weights = DenseLayerWeights(
      name: "test", outputs: 2, inputs: 2, values: [0.5, -0.5, 0.25, 0.75], bias: [3, -3])
    try check([.matrix(rows: 2, columns: 2)]) { graph, x in
      try graph.append(Dense(weights, activation: .leakyReLU(slope: 0.2)), x[0])
    }
  }

  @Test func noiseBiasActivation() throws {
    var random = SeededRandom(6)
    let noise = random.floats(20)
    try check([image(2, 5, 5, 4)], step: 0.02, tolerance: Self.smoothTolerance, values: awayFromZero) { graph, x in
      try graph.append(
        NoiseBiasActivation(
          noise: noise, noiseStrength: [0.05, 0.05, 0, -0.05, 0.05], bias: [0.1, -0.1, 0, 0.1, 0],
          activation: .leakyReLU(slope: 0.2)), x[0])
    }
  }

  @Test func styleModulation() throws {
    try check(
      [image(2, 5, 6, 5), .matrix(rows: 2, columns: 10)], step: 0.02, tolerance: Self.smoothTolerance
    ) { graph, x in
      try graph.appendStyleModulation(x[0], style: x[1])
    }
  }

  @Test func blur() throws {
    try check([image(2, 3, 5, 4)]) { graph, x in try graph.append(Blur(), x[0]) }
  }

  @Test func averagePool() throws {
    try check([image(2, 3, 4, 6)]) { graph, x in try graph.append(AveragePool(), x[0]) }
  }

  @Test func maxPool() throws {
    // Distinct values two steps apart: no step changes which pixel is the largest.
    try check(
      [image(1, 2, 4, 4)], step: 0.01, tolerance: Self.smoothTolerance,
      values: { random, count in (0..<count).shuffled(using: &random).map { Float($0) * 0.05 } }
    ) { graph, x in try graph.append(MaxPool(), x[0]) }
  }

  @Test func sum() throws {
    try check([image(2, 3, 4, 4), image(2, 3, 4, 4)]) { graph, x in try graph.append(Sum(), x[0], x[1]) }
  }

  @Test func mask() throws {
    try check([image(1, 3, 4, 4), image(1, 3, 4, 4)], differentiable: [0]) { graph, x in
      try graph.append(Mask(), x[0], x[1])
    }
  }

  @Test func channelShift() throws {
    try check([image(2, 3, 4, 4)]) { graph, x in try graph.append(ChannelShift([1, -2, 0.5]), x[0]) }
  }

  @Test func tanh() throws {
    try check([image(1, 3, 4, 4)], step: 0.02, tolerance: Self.smoothTolerance) { graph, x in
      try graph.append(Tanh(), x[0])
    }
  }

  @Test func pixelNorm() throws {
    try check([.matrix(rows: 2, columns: 7)], step: 0.02, tolerance: Self.smoothTolerance) { graph, x in
      try graph.append(PixelNorm(), x[0])
    }
  }

  @Test func flattenAndSlice() throws {
    try check([image(2, 3, 4, 4)]) { graph, x in
      try graph.append(Slice(5..<40), try graph.append(Flatten(), x[0]))
    }
  }

  @Test func tileAndColumnAffine() throws {
    try check([.matrix(rows: 2, columns: 3)]) { graph, x in
      let tiled = try graph.append(Tile(count: 4), x[0])
      return try graph.append(
        ColumnAffine(scale: (0..<12).map { Float($0) * 0.1 + 0.5 }, shift: [Float](repeating: 0.3, count: 12)),
        tiled)
    }
  }

  @Test func aTensorReadTwiceGetsTheSumOfItsGradients() throws {
    try check([image(1, 3, 4, 4)]) { graph, x in
      let blurred = try graph.append(Blur(), x[0])
      return try graph.append(Sum(), blurred, x[0], x[0])
    }
  }

  /// The gradient of x is a sum in which the output's own gradient occurs twice, the last time that it is read.
  @Test func aSumMayNotWriteOverWhatItReadsAgain() throws {
    try check([image(1, 3, 4, 4), image(1, 3, 4, 4)], differentiable: [0]) { graph, inputs in
      let x = try graph.append(ChannelShift([1, -2, 0.5]), inputs[0])
      let u = try graph.append(Sum(), inputs[1], x), v = try graph.append(Blur(), x)
      return try graph.append(Sum(), u, v, x)
    }
    var graph = Graph()
    let input = graph.input(image(1, 3, 4, 4))
    let a = try graph.append(ChannelShift([1, 1, 1]), input), b = try graph.append(ChannelShift([2, 2, 2]), input)
    let sum = try graph.append(Sum(), a, b, a)
    graph.markOutput(sum)
    let prepared = try PreparedGraph(graph, kernels: Kernels(threadCount: 1))
    prepared.write([Float](repeating: 1, count: 48), to: input)
    prepared.run()
    #expect(prepared.read(sum).allSatisfy { $0 == 7 })
  }

  @Test func bothSidesOfALossGetAGradient() throws {
    var graph = Graph()
    let (a, b) = (graph.input(.matrix(rows: 1, columns: 2)), graph.input(.matrix(rows: 1, columns: 2)))
    let loss = try graph.append(MeanSquaredError(), a, b)
    let seed = graph.input(graph.shape(of: loss))
    let gradients = try graph.appendGradients(of: [(loss, seed)], by: [a, b]).map { $0! }
    for gradient in gradients { graph.markOutput(gradient) }
    let prepared = try PreparedGraph(graph, kernels: Kernels(threadCount: 1))
    prepared.write([1, 2], to: a)
    prepared.write([3, -2], to: b)
    prepared.write([1], to: seed)
    prepared.run()
    #expect(prepared.read(gradients[0]) == [-2, 4])
    #expect(prepared.read(gradients[1]) == [2, -4])
  }
}
