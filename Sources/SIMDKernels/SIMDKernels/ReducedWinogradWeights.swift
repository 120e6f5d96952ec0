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

/// How large the two operands of a sum over `channels` may be.
///
/// Integers share the 32 bits of the sum, |Σ a·w| ≤ limit · Σ|w| < 2³¹, so that both lose about the same: activations,
/// whose largest is some `peak` times their rms, limit/peak steps per rms, and weights, whose mean magnitude is 0.8 of
/// their rms, 2³¹ / (0.8 · limit · channels).
struct ReducedLimits {
  let operand: ReducedOperand
  let activation: Float
  /// Largest Σ|w| and |w| of a column.
  private let sum: Double, largest: Double

  /// - Parameters:
  ///   - channels: products of a sum.
  ///   - peak: the largest of the activations that are scaled together, of a row or of a whole image.
  init(_ operand: ReducedOperand, channels: Int, peak: Double = 3.5) {
    self.operand = operand
    switch operand {
    case .int16:
      let whole = 0x1p31 - 1
      activation = Float(min(32767, (peak / 0.8 * whole / Double(max(1, channels))).squareRoot().rounded(.down)))
      // Rounding may add half a unit per channel.
      sum = (whole / Double(activation)).rounded(.down) - Double((channels + 1) / 2)
      largest = 32767
    case .float16:
      activation = 16
      (sum, largest) = (.infinity, 16)
    }
  }

  /// What a unit of the operand stands for in this column; 0 if all of it is zero, not a number if any of it is not finite.
  func unit(_ column: UnsafePointer<Float>, count: Int) -> Float {
    var total = 0.0, most = 0.0
    for c in 0..<count {
      total += Double(abs(column[c]))
      most = max(most, Double(abs(column[c])))
    }
    return unit(total: total, most: most)
  }

  /// The same for a column whose Σ|w| and largest |w| are known, or the largest of several such sums.
  func unit(total: Double, most: Double) -> Float {
    guard total.isFinite else { return .nan }
    // A little more, for the rounding of the unit itself.
    return most > 1e-30 ? Float(max(total / sum, most / largest) * (1 + 0x1p-20)) : 0
  }
}

extension ReducedOperand {
  /// The operand nearest to `value`.
  func word(_ value: Float) -> UInt16 {
    switch self {
    case .int16: UInt16(bitPattern: Int16(value.rounded(.toNearestOrEven)))
    case .float16: Float16(value).bitPattern
    }
  }
}
