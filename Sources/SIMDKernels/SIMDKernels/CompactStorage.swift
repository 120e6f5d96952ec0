extension CompactWeights {
  /// What a packed weight is.
  package enum Element: Hashable, Sendable {
    case float, half
    /// An integer of 16 bits, each output in units of its own, for products of 16 bits.
    case word
  }

  /// Packed weights in the order of panels.
  struct PanelStorage: Sendable {
    let memory: AlignedFloats
    let element: Element
    /// `[output]`: what a unit of a word stands for; nil unless they are words.
    let units: AlignedFloats?

    init(_ element: Element, count: Int, outputs: Int, kernels: Kernels) throws(OutOfMemory) {
      memory = try AlignedFloats(count: element == .float ? count : count / 2, isPlanning: kernels.isPlanning)
      self.element = element
      units = element == .word ? AlignedFloats(few: (outputs + 15) & ~15) : nil
    }

    var bytesPerWeight: Int { element == .float ? 4 : 2 }
    var byteCount: Int { memory.count &* 4 }

    /// Where weight `index` lies.
    @inline(__always) func address(_ index: Int) -> UnsafeRawPointer {
      UnsafeRawPointer(memory.base) + index &* bytesPerWeight
    }

    /// `count` weights from `index`, a multiple of 16, as floats.
    @inline(__always)
    func widen(_ table: KernelTable, _ target: UnsafeMutablePointer<Float>, from index: Int, count: Int) {
      switch element {
      case .float: target.update(from: memory.base + index, count: count)
      case .half: table.layout.widen(target, address(index), count)
      // Only products of 16 bits read them, as they are.
      case .word: preconditionFailure("words are not widened")
      }
    }

    var words: UnsafeMutablePointer<UInt16> {
      UnsafeMutableRawPointer(memory.base).assumingMemoryBound(to: UInt16.self)
    }

    // MARK: Packing

    /// Decides the unit of an output's words.
    ///
    /// - Parameter rows: `[I][k][k]`.
    func setUnit(_ output: Int, _ rows: UnsafePointer<Float>, inputs: Int, area: Int, _ limits: ReducedLimits) {
      let perSum = ReducedDirectWeights.blocksPerSum(taps: area, inputBlocks: (inputs + 15) / 16) &* 16 &* area
      var column = ReducedColumns(count: 1)
      for start in stride(from: 0, to: inputs &* area, by: perSum) {
        column.add(rows + start, rows: min(perSum, inputs &* area &- start), columns: 0..<1)
        column.endSum()
      }
      units?.base[output] = limits.unit(total: column.largestTotals[0], most: column.largest[0])
    }

    /// Writes the weight of a channel and column into a row, or a pair of rows, of a panel.
    ///
    /// - Parameter row: weights before the channel's row.
    @inline(__always)
    func set(_ row: Int, nr: Int, channel: Int, column: Int, output: Int, _ weight: Float) {
      switch element {
      case .float: memory.base[row &+ column] = weight
      case .half: words[row &+ column] = Float16(weight).bitPattern
      case .word:
        let unit = units?.base[output] ?? 0, parity = channel & 1
        let place: Int = row &- parity &* nr &+ column &* 2 &+ parity
        words[place] = ReducedOperand.int16.word(unit > 0 ? weight * (1 / unit) : 0)
      }
    }
  }
}
