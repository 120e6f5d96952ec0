/// The weights that the last row and column of a transposed convolution of stride 2 take, as floats: `[weight][panel][input channel][nr]`.
struct EdgeWeights: Sendable {
  let panels: [Panel]
  let inputBlocks: Int
  /// Of matrices that are Winograd's, or none.
  private let storage: AlignedFloats?
  private let matrices: WinogradWeights?
  private let stride: Int

  /// Taps of the kernel, and their places among the transformed weights: at 0 and ∞ a filter of two taps is evaluated by taking one
  /// of them, so that the matrices of Winograd's algorithm hold the plain weights that are needed.
  enum Tap: Int, CaseIterable {
    case w02 = 2, w12 = 5, w20 = 6, w21 = 7, w22 = 8

    /// By the rows of `WinogradForm.weightRows`: w2, three sums, w0, w1.
    fileprivate var matrix: Int {
      let rows = [4, 5, 0]
      return rows[rawValue / 3] * 6 + rows[rawValue % 3]
    }
    fileprivate var index: Int { Tap.allCases.firstIndex(of: self)! }
  }

  /// Without a copy.
  init(_ weights: WinogradWeights) {
    panels = weights.panels
    inputBlocks = weights.inputBlocks
    matrices = weights
    storage = nil
    stride = 0
  }

  init(_ source: DirectedWeights, inputs: Int, outputs: Int, kernels: Kernels) throws(OutOfMemory) {
    let inputBlocks = (inputs + 15) / 16, outputBlocks = (outputs + 15) / 16
    let panels = Panel.cut(blocks: outputBlocks, wide: kernels.table.wideGemm.nr / 16)
    let stride = inputBlocks * outputBlocks * 256
    let storage = try AlignedFloats(count: Tap.allCases.count * stride, isPlanning: kernels.isPlanning)
    let base = storage.base
    kernels.parallelFor(panels.count, cost: storage.count) { index, _ in
      let panel = panels[index], nr = panel.blocks &* 16, first = panel.firstBlock &* 16
      for n in 0..<min(nr, outputs &- first) {
        for c in 0..<inputs {
          let kernel = source.base(o: first &+ n, c: c), place: Int = first &* inputBlocks &* 16 &+ c &* nr &+ n
          for (index, tap) in Tap.allCases.enumerated() { base[index &* stride &+ place] = kernel[tap.rawValue] }
        }
      }
    }
    self.panels = panels
    self.inputBlocks = inputBlocks
    self.storage = storage
    self.stride = stride
    matrices = nil
  }

  var byteCount: Int { (storage?.count ?? 0) &* 4 }

  fileprivate func matrix(_ tap: Tap, _ panel: Panel) -> UnsafePointer<Float> {
    if let matrices { return UnsafePointer(matrices.matrix(tap.matrix, panel)) }
    return UnsafePointer(storage!.base) + (tap.index &* stride &+ panel.firstBlock &* 16 &* inputBlocks &* 16)
  }
}

/// The last row and column of a transposed convolution of stride 2, which whole tiles leave: t[2H] = w2 x[H−1]. In both dimensions at
/// the edge even outputs are sums of two products, odd ones a product.
struct TransposedEdges: Sendable {
  /// Outputs along an edge: those of even or of odd columns or rows.
  private struct Run: Sendable {
    /// Weights, and where their pixels lie from those of the table.
    var taps: [(tap: EdgeWeights.Tap, offset: Int32)]
    /// Offsets in an image, the last repeated to fill a tile.
    var inputs: [Int32], outputs: [Int32]
    var count: Int
  }
  private let runs: [Run]
  private let input: BlockedShape, output: BlockedShape

  init(input: BlockedShape, output: BlockedShape, kernels: Kernels) {
    precondition(input.halo > 0, "the edges read a halo")
    self.input = input
    self.output = output
    let tile = max(kernels.table.wideGemm.mr, kernels.table.narrowGemm.mr),
      (height, width) = (input.height, input.width)
    func run(
      _ taps: [(tap: EdgeWeights.Tap, offset: Int)], _ count: Int, _ pixel: (Int) -> (from: (Int, Int), to: (Int, Int))
    )
      -> Run
    {
      let pixels = (0..<count + tile).map { pixel(min($0, count - 1)) }
      return Run(
        taps: taps.map { (tap: $0.tap, offset: Int32($0.offset)) },
        inputs: pixels.map { Int32(input.originOffset + $0.from.0 * input.rowStride + $0.from.1 * 16) },
        outputs: pixels.map { Int32(output.originOffset + $0.to.0 * output.rowStride + $0.to.1 * 16) }, count: count)
    }
    runs = [
      run([(.w20, 0), (.w22, -16)], width + 1) { (from: (height - 1, $0), to: (2 * height, 2 * $0)) },
      run([(.w02, 0), (.w22, -input.rowStride)], height) { (from: ($0, width - 1), to: (2 * $0, 2 * width)) },
      run([(.w21, 0)], width) { (from: (height - 1, $0), to: (2 * height, 2 * $0 + 1)) },
      run([(.w12, 0)], height) { (from: ($0, width - 1), to: (2 * $0 + 1, 2 * width)) },
    ]
  }

  func convolve(
    _ plan: ConvolutionPlan, _ weights: EdgeWeights, _ operands: ConvolutionOperands, on kernels: Kernels
  ) {
    let table = kernels.table, panels = weights.panels
    kernels.parallelFor(input.batch &* runs.count &* panels.count) { task, _ in
      let panel = panels[task % panels.count], run = runs[task / panels.count % runs.count]
      let image = task / panels.count / runs.count, gemm = panel.blocks == 1 ? table.narrowGemm : table.wideGemm
      let start: Int = image &* output.imageStride &+ panel.firstBlock &* output.blockStride
      run.inputs.withUnsafeBufferPointer { inputs in
        run.outputs.withUnsafeBufferPointer { outputs in
          for (index, tap) in run.taps.enumerated() {
            withUnsafePointer(to: tap.offset) { offset in
              let matrix = weights.matrix(tap.tap, panel)
              var arguments = TapGemmArguments(
                input: operands.input + image &* input.imageStride, inputBlockStride: input.blockStride,
                blocks: weights.inputBlocks, taps: 1, channels: 16, tapOffsets: offset,
                inputPixels: inputs.baseAddress!, outputPixels: outputs.baseAddress!,
                tiles: (run.count &+ gemm.mr &- 1) / gemm.mr, panel: matrix, output: operands.output + start,
                outputBlockStride: output.blockStride,
                initial: index == 0 ? operands.bias + panel.firstBlock &* 16 : nil,
                slope: index &+ 1 == run.taps.count ? operands.slope : 1, prefetch: UnsafeRawPointer(matrix),
                prefetchLines: 0)
              gemm.run(&arguments)
            }
          }
        }
      }
    }
  }
}
