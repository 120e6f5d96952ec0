/// Transformed weights as 16-bit operands: `[weight][panel][input channel, in groups][nr]`, as `ReducedGemmArguments` has
/// them, each output channel of each matrix scaled by itself. A class, because runs of small images are short, and a copy of a
/// struct would count ten references.
final class ReducedWinogradWeights: Sendable {
  let form: WinogradForm
  /// Words, two to a float.
  let storage: AlignedFloats
  let panels: [Panel]
  let inputBlocks: Int
  /// Words of one matrix, all panels.
  let weightStride: Int
  /// `[weight][output channel, padded to 16]`: what a unit of the operand stands for.
  let columnScales: AlignedFloats
  let columnStride: Int
  /// Largest magnitude of the other operand.
  let limit: Float
  let elementOf: [Int], weightOf: [Int]
  /// In which products are taken.
  let order: [Int]
  /// For outputs that no tile writes.
  let edges: EdgeWeights?
  /// Set if the matrices are the other direction's: they are transposed just before use.
  let adjoint: Adjoint?

  /// The forward direction's weights as the adjoint reads them (`WinogradForm.adjointReading`).
  struct Adjoint: Sendable {
    /// The forward direction's panels of output channels, and its input blocks.
    let panels: [Panel], inputBlocks: Int
    /// `[product][trained output, padded to 16]`: units and factors go with the inputs, so that words stay what they are.
    let inputScales: AlignedFloats
    let inputScaleStride: Int
  }

  init(
    _ source: DirectedWeights, form: WinogradForm, inputs: Int, outputs: Int, operand: ReducedOperand,
    kernels: Kernels
  ) throws(OutOfMemory) {
    let inputBlocks = (inputs + 15) / 16, outputBlocks = (outputs + 15) / 16
    let panels = Panel.cut(blocks: outputBlocks, wide: (kernels.table.reduced?.wideGemm.nr ?? 16) / 16)
    let rows = form.weightRows.count, matrices = rows * rows
    let weightStride = inputBlocks * 16 * outputBlocks * 16 + 160, columnStride = outputBlocks * 16
    let storage = try AlignedFloats(count: matrices * weightStride / 2, isPlanning: kernels.isPlanning)
    let columnScales = AlignedFloats(few: matrices * columnStride)
    let limits = ReducedLimits(operand, channels: inputs)
    let packing = ReducedWinogradPacking(
      source: source, form: form, inputs: inputs, outputs: outputs, operand: operand, limits: limits, kernels: kernels)
    kernels.parallelFor(panels.count) { task, _ in
      packing.pack(
        panels[task], words: UnsafeMutableRawPointer(storage.base).assumingMemoryBound(to: UInt16.self),
        weightStride: weightStride, units: columnScales.base, unitStride: columnStride)
    }
    self.form = form
    self.storage = storage
    self.panels = panels
    self.inputBlocks = inputBlocks
    self.weightStride = weightStride
    self.columnScales = columnScales
    self.columnStride = columnStride
    limit = limits.activation
    elementOf = form.elementOf
    weightOf = form.weightOf
    order = WinogradForm.order(of: weightOf)
    edges = form.outputRest == 0 ? nil : try EdgeWeights(source, inputs: inputs, outputs: outputs, kernels: kernels)
    adjoint = nil
  }

  /// Backward data on the words of the forward direction, without a copy of them.
  init(adjointOf forward: ReducedWinogradWeights, _ form: ConvolutionForm, kernels: Kernels) {
    precondition(forward.adjoint == nil, "only weights of the forward direction are shared")
    self.form = WinogradForm(form, .backwardData, forward.form.size)!
    let reading = self.form.adjointReading
    storage = forward.storage
    weightStride = forward.weightStride
    panels = Panel.cut(blocks: forward.inputBlocks, wide: kernels.table.reduced!.wideGemm.nr / 16)
    inputBlocks = forward.panels.reduce(0) { $0 + $1.blocks }
    columnScales = AlignedFloats(few: forward.inputBlocks * 16)
    for i in 0..<columnScales.count { columnScales.base[i] = 1 }
    columnStride = 0
    elementOf = self.form.elementOf
    weightOf = reading.map(\.weight)
    order = WinogradForm.order(of: weightOf)
    edges = nil
    let stride = inputBlocks * 16, inputScales = AlignedFloats(few: reading.count * stride)
    for (product, (weight, factor)) in reading.enumerated() {
      for o in 0..<stride {
        let unit = forward.columnScales.base[weight &* forward.columnStride &+ o]
        inputScales.base[product &* stride &+ o] = unit * factor
      }
    }
    adjoint = Adjoint(
      panels: forward.panels, inputBlocks: forward.inputBlocks, inputScales: inputScales, inputScaleStride: stride)
    limit = Float(min(32767, Int(Int32.max) / max(1, forward.largestRowTotal(kernels))))
  }

  /// The largest Σ|w| over the outputs of an input channel, of all matrices.
  private func largestRowTotal(_ kernels: Kernels) -> Int {
    let matrices = form.weightRows.count * form.weightRows.count, largest = AlignedFloats(few: matrices)
    if kernels.isPlanning { return 1 }
    kernels.parallelFor(matrices, cost: matrices &* weightStride) { weight, _ in
      var most = 0
      for pair in 0..<inputBlocks &* 8 {
        var even: Int32 = 0, odd: Int32 = 0
        for panel in panels {
          let nr = panel.blocks &* 16, row = matrix(weight, panel) + pair &* nr &* 2
          for n in 0..<nr {
            even &+= abs(Int32(Int16(bitPattern: row[n &* 2])))
            odd &+= abs(Int32(Int16(bitPattern: row[n &* 2 &+ 1])))
          }
        }
        most = max(most, Int(max(even, odd)))
      }
      // Rounded up: floats have 24 bits.
      largest.base[weight] = Float(most).nextUp
    }
    return (0..<matrices).map { Int(largest.base[$0]) }.max() ?? 0
  }

  /// Floats of scratch memory for one transposed matrix; 0 if none is.
  func transposedFloats(nr: Int) -> Int { adjoint == nil ? 0 : inputBlocks * 8 * nr }

  /// The matrix of the product of a step for a panel, from the other direction's words: `[input channel / 2][nr][2]` into `target`.
  @inline(__always)
  func transpose(
    _ direct: ReducedDirectKernels, _ adjoint: Adjoint, step: Int, panel: Panel,
    _ target: UnsafeMutablePointer<UInt16>
  ) {
    let nr = panel.blocks &* 16, count = adjoint.panels.count
    for (index, source) in adjoint.panels.enumerated() {
      let rowStride = source.blocks &* 32
      let rows = part(adjoint, product: order[step], source, of: panel)
      // The parts lie far from each other: the processor does not guess where those after the next few are.
      let later = index &+ Self.partsAhead
      let coming = part(
        adjoint, product: order[(step &+ later / count) % order.count], adjoint.panels[later % count], of: panel)
      for half in 0..<panel.blocks {
        for block in 0..<source.blocks {
          let place: Int = (source.firstBlock &+ block) &* 16 &* nr &+ half &* 32
          let from: Int = half &* 8 &* rowStride &+ block &* 32, ahead: Int = (half &* source.blocks &+ block) &* 256
          direct.transpose(target + place, nr &* 2, 0, rows + from, rowStride, 0, 1, coming + ahead)
        }
      }
    }
  }

  /// Of 2 kB each.
  private static let partsAhead = 4

  /// Where the part of a panel of trained outputs begins that a panel of trained inputs needs: 16 rows for each of its blocks.
  @inline(__always)
  private func part(_ adjoint: Adjoint, product: Int, _ source: Panel, of panel: Panel) -> UnsafePointer<UInt16> {
    let words = UnsafeRawPointer(storage.base).assumingMemoryBound(to: UInt16.self)
    let matrix: Int = weightOf[product] &* weightStride &+ source.firstBlock &* adjoint.inputBlocks &* 256
    let rows: Int = panel.firstBlock &* source.blocks &* 256
    return words + (matrix &+ rows)
  }

  /// Where the matrix of `weight` (of `form.weightOf`) for a panel begins.
  @inline(__always) func matrix(_ weight: Int, _ panel: Panel) -> UnsafePointer<UInt16> {
    UnsafeRawPointer(storage.base).assumingMemoryBound(to: UInt16.self)
      + (weight &* weightStride &+ panel.firstBlock &* 16 &* inputBlocks &* 16)
  }

  @inline(__always) func scales(_ weight: Int, _ panel: Panel) -> UnsafePointer<Float> {
    UnsafePointer(columnScales.base) + (weight &* columnStride &+ panel.firstBlock &* 16)
  }

  var byteCount: Int {
    (adjoint.map { $0.inputScales.count } ?? storage.count) &* 4 &+ columnScales.count &* 4 &+ (edges?.byteCount ?? 0)
  }
}
