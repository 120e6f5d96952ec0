@testable import SIMDKernels
import TestSupport
import Testing

/// y = A x by definition: upsampled if the form says so, then every product of every output.
func convolution(_ x: Planar, _ weights: [Double], outputs: Int, form: ConvolutionForm) -> Planar {
  var y = Planar(x.n, outputs, form.outputExtent(x.h), form.outputExtent(x.w))
  let outputsByIndex = y
  outputsByIndex.forEachIndex { n, o, row, column in
    var sum = 0.0
    forEachTap(form, row, column, x.h, x.w) { tap, sourceRow, sourceColumn in
      for c in 0..<x.c {
        sum += weights[(o * x.c + c) * form.kernel * form.kernel + tap] * x[n, c, sourceRow, sourceColumn]
      }
    }
    y[n, o, row, column] = sum
  }
  return y
}

/// The pixels of an image of h × w that an output pixel reads, and with which weight of the kernel.
private func forEachTap(
  _ form: ConvolutionForm, _ row: Int, _ column: Int, _ h: Int, _ w: Int, _ body: (_ tap: Int, Int, Int) -> Void
) {
  let k = form.kernel, factor = form.enlargement, stride = form.stride
  if form == .transposed2x {
    for tap in 0..<k * k {
      let y = row - tap / k, x = column - tap % k
      if y >= 0 && x >= 0 && y % 2 == 0 && x % 2 == 0 && y < 2 * h && x < 2 * w { body(tap, y / 2, x / 2) }
    }
    return
  }
  for tap in 0..<k * k {
    let y = row * stride + tap / k - k / 2, x = column * stride + tap % k - k / 2
    if y >= 0 && x >= 0 && y < h * factor && x < w * factor { body(tap, y / factor, x / factor) }
  }
}

/// gx = Aᵀ g: every product goes back to where it came from.
func convolutionBackward(_ g: Planar, _ weights: [Double], inputs: Int, form: ConvolutionForm) -> Planar {
  var gx = Planar(g.n, inputs, form.inputExtent(g.h), form.inputExtent(g.w))
  let (h, w) = (gx.h, gx.w)
  g.forEachIndex { n, o, row, column in
    let value = g[n, o, row, column]
    forEachTap(form, row, column, h, w) { tap, sourceRow, sourceColumn in
      for c in 0..<inputs {
        gx[n, c, sourceRow, sourceColumn] += weights[(o * inputs + c) * form.kernel * form.kernel + tap] * value
      }
    }
  }
  return gx
}

extension ConvolutionForm {
  /// Of the image before the kernel reads it, and between the pixels that it is centered on.
  var enlargement: Int { self == .upsample2x ? 2 : 1 }
  var stride: Int { self == .downsample2x ? 2 : 1 }
}

struct ConvolutionCase: CustomTestStringConvertible {
  var form: ConvolutionForm
  var o: Int, i: Int, h: Int, w: Int, batch = 1
  var outputHalo = 1
  var testDescription: String { "\(form) \(i)→\(o) \(h)×\(w) batch \(batch)" }

  /// One copy of the weights for both directions; it is an issue if there cannot be.
  func bothDirections(
    _ weights: [Float], _ algorithm: ConvolutionAlgorithm, _ kernels: Kernels
  ) -> (forward: PackedConvolution, backward: PackedConvolution?) {
    let forward = try! PackedConvolution(
      weights: weights, outputChannels: o, inputChannels: i, form: form, direction: .forward, kernels: kernels,
      algorithm: algorithm)
    let backward = PackedConvolution(sharingWeightsOf: forward, kernels: kernels)
    if backward == nil { Issue.record("cannot share") }
    return (forward, backward)
  }

  var outputHeight: Int { form.outputExtent(h) }
  var outputWidth: Int { form.outputExtent(w) }

  static let all: [ConvolutionCase] = [
    .init(form: .same(kernel: 3), o: 64, i: 64, h: 16, w: 16),
    .init(form: .same(kernel: 3), o: 24, i: 3, h: 16, w: 16),
    .init(form: .same(kernel: 3), o: 48, i: 40, h: 5, w: 7),
    .init(form: .same(kernel: 3), o: 17, i: 17, h: 4, w: 4, batch: 3),
    .init(form: .same(kernel: 3), o: 8, i: 12, h: 1, w: 1),
    .init(form: .same(kernel: 3), o: 1, i: 1, h: 9, w: 13),
    .init(form: .same(kernel: 3), o: 33, i: 130, h: 4, w: 4),
    .init(form: .same(kernel: 3), o: 32, i: 16, h: 8, w: 8, batch: 2, outputHalo: 0),
    .init(form: .same(kernel: 3), o: 16, i: 16, h: 2, w: 600),
    .init(form: .same(kernel: 1), o: 3, i: 64, h: 16, w: 16, outputHalo: 0),
    .init(form: .same(kernel: 1), o: 48, i: 3, h: 8, w: 8, batch: 2),
    .init(form: .same(kernel: 1), o: 17, i: 24, h: 5, w: 7),
    .init(form: .upsample2x, o: 64, i: 64, h: 8, w: 8),
    .init(form: .upsample2x, o: 48, i: 24, h: 4, w: 4, batch: 2),
    .init(form: .upsample2x, o: 12, i: 8, h: 5, w: 7),
    .init(form: .upsample2x, o: 3, i: 17, h: 1, w: 1),
    .init(form: .upsample2x, o: 32, i: 32, h: 32, w: 32),
    .init(form: .downsample2x, o: 64, i: 64, h: 16, w: 16),
    .init(form: .downsample2x, o: 48, i: 24, h: 8, w: 4, batch: 3),
    .init(form: .downsample2x, o: 12, i: 8, h: 10, w: 14, outputHalo: 0),
    .init(form: .downsample2x, o: 17, i: 130, h: 2, w: 2),
    .init(form: .downsample2x, o: 32, i: 3, h: 64, w: 64),
    .init(form: .transposed2x, o: 64, i: 64, h: 8, w: 8),
    .init(form: .transposed2x, o: 48, i: 24, h: 4, w: 3, batch: 3),
    .init(form: .transposed2x, o: 12, i: 8, h: 5, w: 7, outputHalo: 0),
    .init(form: .transposed2x, o: 17, i: 130, h: 1, w: 1, batch: 2),
    .init(form: .transposed2x, o: 32, i: 17, h: 31, w: 40),
  ]

  /// Whole tiles of 2×2 pixels, for the small form of Winograd's algorithm.
  static let smallTiled: [ConvolutionCase] = [
    .init(form: .same(kernel: 3), o: 64, i: 64, h: 8, w: 8),
    .init(form: .same(kernel: 3), o: 48, i: 24, h: 6, w: 10, batch: 3),
    .init(form: .same(kernel: 3), o: 17, i: 40, h: 2, w: 2, outputHalo: 0),
    .init(form: .same(kernel: 3), o: 3, i: 8, h: 16, w: 2),
  ]

  /// Whole tiles, few or many: what Winograd's algorithm takes.
  static let tiled: [ConvolutionCase] = [
    .init(form: .same(kernel: 3), o: 64, i: 64, h: 16, w: 16),
    .init(form: .same(kernel: 3), o: 48, i: 24, h: 8, w: 12, batch: 3),
    .init(form: .same(kernel: 3), o: 17, i: 40, h: 4, w: 4, outputHalo: 0),
    .init(form: .same(kernel: 3), o: 16, i: 16, h: 64, w: 64),
    .init(form: .same(kernel: 3), o: 3, i: 8, h: 32, w: 4),
    .init(form: .upsample2x, o: 64, i: 64, h: 8, w: 8),
    .init(form: .upsample2x, o: 48, i: 24, h: 4, w: 6, batch: 3),
    .init(form: .upsample2x, o: 3, i: 17, h: 2, w: 2, outputHalo: 0),
    .init(form: .upsample2x, o: 16, i: 16, h: 32, w: 32),
    .init(form: .transposed2x, o: 64, i: 64, h: 8, w: 8),
    .init(form: .transposed2x, o: 48, i: 24, h: 4, w: 12, batch: 3),
    .init(form: .transposed2x, o: 17, i: 40, h: 4, w: 4, outputHalo: 0),
    .init(form: .transposed2x, o: 16, i: 16, h: 32, w: 32),
  ]
}

@Suite struct ConvolutionTests {
  @Test("Forward agrees with the definition", arguments: ConvolutionCase.all)
  func forward(_ test: ConvolutionCase) {
    var random = SeededRandom(1)
    let k = test.form.kernel
    let weights = random.floats(test.o * test.i * k * k), bias = random.floats(test.o)
    let x = Planar(test.batch, test.i, test.h, test.w, &random)
    let paddedBias = GuardedBuffer(bias + [Float](repeating: 0, count: (16 - test.o % 16) % 16))
    let linear = convolution(x, weights.map(Double.init), outputs: test.o, form: test.form)
    let expected = linear.map { _, o, _, _, y in
      let y = y + Double(bias[o])
      return y > 0 ? y : y * Double(Float(0.2))
    }
    let scale = magnitude(weights, k: k, fanIn: test.i)
    for halo in [0, 1] where halo == 1 || k == 1 {
      let input = x.blocked(halo: halo)
      let shape = BlockedShape(test.i, test.h, test.w, batch: test.batch, halo: halo)
      let target = BlockedShape(test.o, expected.h, expected.w, batch: test.batch, halo: test.outputHalo)
      verify(expected, halo: test.outputHalo, tolerance: Tolerance.product, scale: scale, "forward") {
        run($0, test, .forward, weights, input.base, shape, $1, target, paddedBias.base, .leakyReLU(slope: 0.2))
      }
      verify(linear, halo: test.outputHalo, tolerance: Tolerance.product, scale: scale, "forward, plain") {
        run($0, test, .forward, weights, input.base, shape, $1, target, nil, .none)
      }
    }
  }

  @Test("Backward agrees with the definition", arguments: ConvolutionCase.all)
  func backward(_ test: ConvolutionCase) {
    var random = SeededRandom(2)
    let k = test.form.kernel
    let weights = random.floats(test.o * test.i * k * k)
    let g = Planar(test.batch, test.o, test.outputHeight, test.outputWidth, &random)
    let expected = convolutionBackward(g, weights.map(Double.init), inputs: test.i, form: test.form)
    let scale = magnitude(weights, k: k, fanIn: test.o) * Double(test.form.enlargement * test.form.enlargement)
    let gradient = g.blocked(halo: 1)
    let shape = BlockedShape(test.o, g.h, g.w, batch: test.batch)
    let target = BlockedShape(test.i, test.h, test.w, batch: test.batch, halo: test.outputHalo)
    verify(expected, halo: test.outputHalo, tolerance: Tolerance.product, scale: scale, "backward") {
      run($0, test, .backwardData, weights, gradient.base, shape, $1, target, nil, .none)
    }
  }

  @Test("Backward is the adjoint of forward: ⟨Ax, y⟩ = ⟨x, Aᵀy⟩", arguments: ConvolutionCase.all)
  func adjoint(_ test: ConvolutionCase) {
    var random = SeededRandom(3)
    let k = test.form.kernel
    let weights = random.floats(test.o * test.i * k * k)
    let xShape = BlockedShape(test.i, test.h, test.w, batch: test.batch)
    let yShape = BlockedShape(test.o, test.outputHeight, test.outputWidth, batch: test.batch)
    let x = Planar(xShape, &random).blocked(halo: 1), y = Planar(yShape, &random).blocked(halo: 1)
    for tier in Kernels.availableTiers {
      let kernels = Kernels(threadCount: 2, cap: tier)
      let ax = GuardedBuffer(yShape.elementCount), aty = GuardedBuffer(xShape.elementCount)
      run(kernels, test, .forward, weights, x.base, xShape, ax.base, yShape, nil, .none)
      run(kernels, test, .backwardData, weights, y.base, yShape, aty.base, xShape, nil, .none)
      let left = product(ax.values, y.values), right = product(x.values, aty.values)
      let scale = (product(ax.values, ax.values) * product(y.values, y.values)).squareRoot()
      #expect(abs(left - right) <= Tolerance.adjoint * scale, "\(tier.rawValue): \(left) against \(right)")
    }
  }

  @Test("Winograd's algorithm agrees with the definition, both directions", arguments: ConvolutionCase.tiled)
  func winograd(_ test: ConvolutionCase) {
    var random = SeededRandom(4)
    let weights = random.floats(test.o * test.i * 9), bias = random.floats(test.o)
    let paddedBias = GuardedBuffer(bias + [Float](repeating: 0, count: (16 - test.o % 16) % 16))
    let x = Planar(test.batch, test.i, test.h, test.w, &random)
    let g = Planar(test.batch, test.o, test.outputHeight, test.outputWidth, &random)
    let doubles = weights.map(Double.init)
    let y = convolution(x, doubles, outputs: test.o, form: test.form).map { _, o, _, _, v in
      let v = v + Double(bias[o])
      return v > 0 ? v : v * Double(Float(0.2))
    }
    let gx = convolutionBackward(g, doubles, inputs: test.i, form: test.form)
    let input = x.blocked(halo: 1), gradient = g.blocked(halo: 1)
    func shape(_ p: Planar, _ halo: Int) -> BlockedShape { BlockedShape(p.c, p.h, p.w, batch: p.n, halo: halo) }
    verify(
      y, halo: test.outputHalo, tolerance: Tolerance.winograd, scale: magnitude(weights, k: 3, fanIn: test.i),
      "winograd"
    ) {
      run(
        $0, test, .forward, weights, input.base, shape(x, 1), $1, shape(y, test.outputHalo), paddedBias.base,
        .leakyReLU(slope: 0.2), .winograd)
    }
    verify(
      gx, halo: test.outputHalo, tolerance: Tolerance.winograd,
      scale: magnitude(weights, k: 3, fanIn: test.o) * Double(test.form.enlargement * test.form.enlargement),
      "winograd, backward"
    ) {
      run(
        $0, test, .backwardData, weights, gradient.base, shape(g, 1), $1, shape(gx, test.outputHalo), nil, .none,
        .winograd)
    }
  }

  @Test("Backward on the weights of forward agrees with the definition", arguments: ConvolutionCase.tiled)
  func sharedWeights(_ test: ConvolutionCase) {
    guard test.form != .upsample2x else { return }
    var random = SeededRandom(6)
    let weights = random.floats(test.o * test.i * 9)
    let g = Planar(test.batch, test.o, test.outputHeight, test.outputWidth, &random)
    let gx = convolutionBackward(g, weights.map(Double.init), inputs: test.i, form: test.form)
    let gradient = g.blocked(halo: 1)
    let source = BlockedShape(test.o, g.h, g.w, batch: test.batch)
    let target = BlockedShape(test.i, test.h, test.w, batch: test.batch, halo: test.outputHalo)
    verify(
      gx, halo: test.outputHalo, tolerance: Tolerance.winograd, scale: magnitude(weights, k: 3, fanIn: test.o),
      "shared weights"
    ) { kernels, output in
      guard let packed = test.bothDirections(weights, .winograd, kernels).backward else { return }
      #expect(packed.byteCount == 0)
      let plan = ConvolutionPlan(packed, input: source, output: target, kernels: kernels)
      let workspace = GuardedBuffer(plan.workspaceByteCount / 4)
      kernels.convolve(plan, input: gradient.base, output: output, workspace: workspace.base)
      #expect(workspace.isGuarded, "wrote outside of the workspace")
      // Images in parts of a tile give the same bits.
      var small = kernels
      small.passByteCount = 1
      let parts = ConvolutionPlan(packed, input: source, output: target, kernels: small)
      let again = GuardedBuffer(target.elementCount), memory = GuardedBuffer(parts.workspaceByteCount / 4)
      small.convolve(parts, input: gradient.base, output: again.base, workspace: memory.base)
      #expect(memory.isGuarded && again.isGuarded, "wrote outside of its memory")
      #expect(again.values == Array(UnsafeBufferPointer(start: output, count: target.elementCount)))
    }
  }

  @Test("The algorithm is chosen by shape")
  func preference() {
    func choice(_ form: ConvolutionForm, _ channels: Int, _ side: Int) -> ConvolutionAlgorithm {
      preferred(form, channels, side).algorithm
    }
    func preferred(_ form: ConvolutionForm, _ channels: Int, _ side: Int) -> ConvolutionAlgorithm.Choice {
      ConvolutionAlgorithm.preferred(
        form: form, direction: .forward, input: BlockedShape(channels, side, side), outputChannels: channels,
        isCompactible: true)
    }
    #expect(choice(.same(kernel: 3), 64, 64) == .winograd)
    #expect(choice(.same(kernel: 3), 64, 4) == .direct)
    #expect(choice(.same(kernel: 3), 64, 63) == .direct)
    #expect(choice(.same(kernel: 3), 3, 64) == .direct)
    #expect(choice(.same(kernel: 1), 64, 64) == .direct)
    #expect(choice(.upsample2x, 64, 16) == .winograd)
    // Many weights for few tiles are made just before use; the other way round they are fetched.
    #expect(preferred(.same(kernel: 3), 512, 16).suitsCompactWeights)
    #expect(preferred(.same(kernel: 3), 512, 16).isLarge)
    #expect(!preferred(.same(kernel: 3), 64, 64).suitsCompactWeights)
    #expect(!preferred(.same(kernel: 3), 64, 16).isLarge)
    // Four tiles of 4×4 pixels are too few for many weights; 16 of 2×2 are not.
    #expect(choice(.same(kernel: 3), 512, 8) == .smallCompactWinograd)
    #expect(choice(.same(kernel: 3), 512, 4) == .direct)
    #expect(preferred(.same(kernel: 3), 128, 8).suitsSmallWords && preferred(.same(kernel: 3), 96, 8).suitsSmallWords)
    #expect(preferred(.same(kernel: 3), 1024, 8).suitsSmallWords && !preferred(.same(kernel: 3), 96, 4).suitsSmallWords)
    #expect(!preferred(.same(kernel: 3), 96, 16).suitsSmallWords && !preferred(.upsample2x, 96, 4).suitsSmallWords)
    #expect(choice(.upsample2x, 512, 4) == .direct)
    // Where fetching is twice as fast, only those who need the memory make them.
    #expect(preferred(.same(kernel: 3), 512, 64).suitsCompactWeights)
    #expect(!preferred(.same(kernel: 3), 512, 64).isFasterCompact)
    #expect(preferred(.same(kernel: 3), 512, 32).isFasterCompact)
    #expect(choice(.transposed2x, 512, 32) == .winograd)
    #expect(choice(.transposed2x, 512, 16) == .direct)
    #expect(choice(.transposed2x, 64, 33) == .direct)
    #expect(preferred(.transposed2x, 64, 128).suitsWords)
    #expect(!preferred(.transposed2x, 32, 128).suitsWords)
  }

  private func product(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  /// About the largest Σ|products| of an output, for inputs up to 1.
  private func magnitude(_ weights: [Float], k: Int, fanIn: Int) -> Double { Double(k * k * fanIn) / 2 + 1 }

  private func run(
    _ kernels: Kernels, _ test: ConvolutionCase, _ direction: Direction, _ weights: [Float],
    _ input: UnsafePointer<Float>, _ inputShape: BlockedShape, _ output: UnsafeMutablePointer<Float>,
    _ outputShape: BlockedShape, _ bias: UnsafePointer<Float>?, _ activation: Activation,
    _ algorithm: ConvolutionAlgorithm = .direct
  ) {
    let packed = try! PackedConvolution(
      weights: weights, outputChannels: test.o, inputChannels: test.i, form: test.form, direction: direction,
      kernels: kernels, algorithm: algorithm)
    let plan = ConvolutionPlan(packed, input: inputShape, output: outputShape, kernels: kernels)
    let workspace = GuardedBuffer(plan.workspaceByteCount / 4)
    kernels.convolve(
      plan, input: input, output: output, bias: bias, activation: activation,
      workspace: plan.workspaceByteCount == 0 ? nil : UnsafeMutableRawPointer(workspace.base))
    #expect(workspace.isGuarded, "wrote outside of the workspace")
  }
}
