/// Transforms weights and makes 16-bit operands of them, panel by panel: once to find the units, once to write words. A block of
/// input channels at a time stays in the second-level cache.
struct ReducedWinogradPacking {
  let source: DirectedWeights
  let form: WinogradForm
  let inputs: Int, outputs: Int
  let operand: ReducedOperand
  let limits: ReducedLimits
  private let transform: WinogradKernels.WeightTransform
  private let pair: ReducedDirectKernels.Pair?
  private let matrices: Int

  init(
    source: DirectedWeights, form: WinogradForm, inputs: Int, outputs: Int, operand: ReducedOperand,
    limits: ReducedLimits, kernels: Kernels
  ) {
    self.source = source
    self.form = form
    self.inputs = inputs
    self.outputs = outputs
    self.operand = operand
    self.limits = limits
    transform = form.weightTransform(kernels.table.winograd)
    pair = operand == .int16 ? kernels.table.reducedDirect?.pair : nil
    matrices = form.weightRows.count * form.weightRows.count
  }

  /// - Parameters:
  ///   - words: `[weight][panel][input channel, in groups][nr]`, matrices `weightStride` words apart.
  ///   - units: `[weight][output channel]`, `unitStride` floats apart.
  func pack(
    _ panel: Panel, words: UnsafeMutablePointer<UInt16>, weightStride: Int, units: UnsafeMutablePointer<Float>,
    unitStride: Int
  ) {
    let nr = panel.blocks &* 16, firstOutput = panel.firstBlock &* 16, inputBlocks = (inputs &+ 15) / 16
    let block = 16 &* nr
    let memory = AlignedFloats(few: (9 &+ matrices) &* block &+ matrices &* nr)
    let taps = memory.base, transformed = taps + 9 &* block, factors = transformed + matrices &* block
    var columns = ReducedColumns(count: matrices &* nr)
    for index in 0..<inputBlocks {
      expand(panel, index, taps: taps, transformed)
      for matrix in 0..<matrices {
        columns.add(transformed + matrix &* block, rows: 16, columns: matrix &* nr..<(matrix &+ 1) &* nr)
      }
    }
    columns.endSum()
    for matrix in 0..<matrices {
      for n in 0..<nr {
        let unit = limits.unit(
          total: columns.largestTotals[matrix &* nr &+ n], most: columns.largest[matrix &* nr &+ n])
        units[matrix &* unitStride &+ firstOutput &+ n] = unit
        factors[matrix &* nr &+ n] = unit > 0 ? 1 / unit : 0
      }
    }
    for index in 0..<inputBlocks {
      expand(panel, index, taps: taps, transformed)
      for matrix in 0..<matrices {
        let start: Int = matrix &* weightStride &+ firstOutput &* inputBlocks &* 16 &+ index &* block
        write(words + start, transformed + matrix &* block, factors + matrix &* nr, panel)
      }
    }
  }

  /// `[weight][channel][nr]` of a block of input channels.
  private func expand(
    _ panel: Panel, _ block: Int, taps: UnsafeMutablePointer<Float>, _ transformed: UnsafeMutablePointer<Float>
  ) {
    let tapStride = 16 &* panel.blocks &* 16
    source.gather(panel, block: block, inputs: inputs, outputs: outputs, flips: form.flips, taps)
    var run = KernelRun(
      taps: taps, tapStride: tapStride, vectors: tapStride / 16, transformed: transformed, elementStride: tapStride)
    transform(&run)
  }

  /// Operands of 16 channels.
  private func write(
    _ words: UnsafeMutablePointer<UInt16>, _ rows: UnsafePointer<Float>, _ factors: UnsafePointer<Float>, _ panel: Panel
  ) {
    if let pair { return pair(words, rows, factors, panel.blocks, 8) }
    let nr = panel.blocks &* 16, group = operand.group
    for c in 0..<16 {
      for n in 0..<nr {
        let place: Int = (c / group &* nr &+ n) &* group &+ c % group
        words[place] = operand.word(rows[c &* nr &+ n] * factors[n])
      }
    }
  }
}
