/// Transformed weights: `[weight][panel][input channel, padded to 16][nr]`.
struct WinogradWeights: Sendable {
  let form: WinogradForm
  /// None where the weights are compact.
  let storage: AlignedFloats
  let panels: [Panel]
  let inputBlocks: Int
  /// Floats of one weight row pair, all panels.
  let weightStride: Int
  /// Product → its element and its weights.
  let elementOf: [Int], weightOf: [Int]
  /// In which products are taken.
  let order: [Int]
  /// Set if the matrices are the other direction's: they are transposed just before use.
  let adjoint: Adjoint?
  /// What the matrices are made from just before use (`WinogradExpansion`); nil where `storage` has them.
  let compact: CompactReading?

  /// The forward direction's weights as the adjoint reads them (`WinogradForm.adjointReading`).
  struct Adjoint: Sendable {
    /// The forward direction's panels of output channels, and its input blocks.
    let panels: [Panel], inputBlocks: Int
    /// Per product.
    let factors: [Float]
  }

  init(
    _ source: DirectedWeights, form: WinogradForm, inputs: Int, outputs: Int, kernels: Kernels
  ) throws(OutOfMemory) {
    let inputBlocks = (inputs + 15) / 16, outputBlocks = (outputs + 15) / 16
    let panels = Panel.cut(blocks: outputBlocks, wide: kernels.table.wideGemm.nr / 16)
    // A few vectors more, so that packing does not write all matrices to one cache set.
    let weightStride = inputBlocks * 16 * outputBlocks * 16 + 80
    let rows = form.weightRows.count
    storage = try AlignedFloats(count: rows * rows * weightStride, isPlanning: kernels.isPlanning)
    let base = storage.base
    let matrix = form.weightRows.flatMap { $0 }
    kernels.parallelFor(panels.count * inputBlocks) { task, _ in
      let panel = panels[task / inputBlocks], block = task % inputBlocks
      let nr = panel.blocks &* 16, firstOutput = panel.firstBlock &* 16
      matrix.withUnsafeBufferPointer { g in
        for c in block &* 16..<min(inputs, block &* 16 &+ 16) {
          for n in 0..<min(nr, outputs &- firstOutput) {
            WinogradWeights.transform(
              source.base(o: firstOutput &+ n, c: c), flips: form.flips, g.baseAddress!, rows: rows,
              base + (firstOutput &* inputBlocks &* 16 &+ c &* nr &+ n), stride: weightStride)
          }
        }
      }
    }
    adjoint = nil
    compact = nil
    self.form = form
    elementOf = form.elementOf
    weightOf = form.weightOf
    order = WinogradForm.order(of: weightOf)
    self.panels = panels
    self.inputBlocks = inputBlocks
    self.weightStride = weightStride
  }

  /// Backward data on the weights of the forward direction, without a copy of them.
  init(adjointOf forward: WinogradWeights, _ form: ConvolutionForm, kernels: Kernels) {
    precondition(forward.adjoint == nil && forward.compact == nil, "only weights of the forward direction are shared")
    let outputBlocks = forward.inputBlocks
    inputBlocks = forward.panels.reduce(0) { $0 + $1.blocks }
    self.form = WinogradForm(form, .backwardData, forward.form.size)!
    let reading = self.form.adjointReading
    storage = forward.storage
    weightStride = forward.weightStride
    panels = Panel.cut(blocks: outputBlocks, wide: kernels.table.wideGemm.nr / 16)
    elementOf = self.form.elementOf
    weightOf = reading.map(\.weight)
    order = WinogradForm.order(of: weightOf)
    compact = nil
    adjoint = Adjoint(
      panels: forward.panels, inputBlocks: forward.inputBlocks, factors: reading.map(\.factor))
  }

  /// Compact weights, seen from one direction.
  init(_ weights: CompactWeights, form: WinogradForm, isTransposed: Bool, kernels: Kernels) {
    let (inputs, outputs) = isTransposed ? (weights.outputs, weights.inputs) : (weights.inputs, weights.outputs)
    self.form = form
    storage = AlignedFloats(few: 0)
    compact = CompactReading(kernelsOf: weights, flips: form.flips, isTransposed: isTransposed)
    adjoint = nil
    panels = Panel.cut(blocks: (outputs + 15) / 16, wide: kernels.table.wideGemm.nr / 16)
    inputBlocks = (inputs + 15) / 16
    weightStride = 0
    elementOf = form.elementOf
    weightOf = form.weightOf
    order = WinogradForm.order(of: weightOf)
  }

  /// Bytes that one use reads.
  var readByteCount: Int { compact?.weights.readByteCount ?? storage.count * 4 }

  /// Floats of scratch memory for one transposed matrix; 0 if none is.
  var transposedFloats: Int { adjoint == nil ? 0 : inputBlocks * 16 * (panels.map(\.blocks).max() ?? 0) * 16 }

  /// The matrix of `product` for a panel, from the other direction's weights: `[input channel][nr]` into `target`.
  @inline(__always)
  func transpose(
    _ table: KernelTable, _ adjoint: Adjoint, product: Int, panel: Panel, _ target: UnsafeMutablePointer<Float>
  ) {
    let base = storage.base + weightOf[product] &* weightStride
    let nr = panel.blocks &* 16, first = panel.firstBlock &* 16
    for source in adjoint.panels {
      let sourceStride = source.blocks &* 16
      let matrix = base + (source.firstBlock &* 16 &* adjoint.inputBlocks &* 16 &+ first &* sourceStride)
      table.layout.transpose(
        target + source.firstBlock &* 16 &* nr, nr, matrix, sourceStride, nr, sourceStride, adjoint.factors[product],
        UnsafeRawPointer(matrix + adjoint.inputBlocks &* 16 &* sourceStride))
    }
  }

  /// target[(u, v)] = (G w Gᵀ)[u][v], in double precision; `g` is G, row-major.
  @inline(__always)
  static func transform(
    _ w: UnsafePointer<Float>, flips: Bool, _ g: UnsafePointer<Double>, rows: Int,
    _ target: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let first = flips ? 8 : 0, step = flips ? -1 : 1
    for u in 0..<rows {
      let g0 = g[u &* 3], g1 = g[u &* 3 &+ 1], g2 = g[u &* 3 &+ 2]
      func column(_ x: Int) -> Double {
        let w = w + (first &+ x &* step)
        return Double(w[0]) * g0 + Double(w[3 &* step]) * g1 + Double(w[6 &* step]) * g2
      }
      let x0 = column(0), x1 = column(1), x2 = column(2)
      for v in 0..<rows {
        let value = x0 * g[v &* 3] + x1 * g[v &* 3 &+ 1] + x2 * g[v &* 3 &+ 2]
        target[(u &* rows &+ v) &* stride] = Float(value)
      }
    }
  }

  /// Where the matrix of `weight` (of `form.weightOf`) for a panel begins.
  @inline(__always) func matrix(_ weight: Int, _ panel: Panel) -> UnsafeMutablePointer<Float> {
    storage.base + (weight &* weightStride &+ panel.firstBlock &* 16 &* inputBlocks &* 16)
  }
}
