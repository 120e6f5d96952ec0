/// Transformed weights as 16-bit operands: `[weight][panel][input channel, in groups][nr]`, as `ReducedGemmArguments` has
/// them, each output channel of each matrix scaled by itself.
struct ReducedWinogradWeights: Sendable {
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
  }

  /// Where the matrix of `weight` (of `form.weightOf`) for a panel begins.
  @inline(__always) func matrix(_ weight: Int, _ panel: Panel) -> UnsafePointer<UInt16> {
    UnsafeRawPointer(storage.base).assumingMemoryBound(to: UInt16.self)
      + (weight &* weightStride &+ panel.firstBlock &* 16 &* inputBlocks &* 16)
  }

  @inline(__always) func scales(_ weight: Int, _ panel: Panel) -> UnsafePointer<Float> {
    UnsafePointer(columnScales.base) + (weight &* columnStride &+ panel.firstBlock &* 16)
  }

  var byteCount: Int { (storage.count &+ columnScales.count) &* 4 }
}
