/// Compact words, read from the other direction: backward data of `same` convolutions.
struct TransposedWords: Sendable {
  let storage: CompactWeights.PanelStorage
  /// Of the trained outputs, which are read.
  let panels: [Panel]
  /// Blocks of the trained inputs, which are written.
  let targetBlocks: Int
  let taps: Int

  /// Words before the part of a panel of trained outputs that belongs to a block of trained inputs.
  @inline(__always) private func index(_ source: Panel, _ block: Int) -> Int {
    (source.firstBlock &* targetBlocks &+ block &* source.blocks) &* (256 &* taps)
  }

  /// Where the first piece of a block of trained outputs lies that a panel of trained inputs needs.
  @inline(__always) func address(_ panel: Panel, block: Int) -> UnsafeRawPointer {
    let source = panels[min(panels.count &- 1, block / panels[0].blocks)]
    return UnsafeRawPointer(storage.words + index(source, panel.firstBlock))
  }

  /// `[block][tap][8][nr][2]` of blocks of trained outputs for a panel of trained inputs: 16 × 16 words at a time, the kernel
  /// backwards.
  func make(
    _ direct: ReducedDirectKernels, _ target: UnsafeMutablePointer<UInt16>, _ panel: Panel, first: Int, count: Int
  ) {
    let nr = panel.blocks &* 16, tapWords = 16 &* nr, end = first &+ count
    var position = first / panels[0].blocks
    while position < panels.count, panels[position].firstBlock < end {
      let source = panels[position], rowStride = source.blocks &* 32
      for half in 0..<panel.blocks {
        let matrix = UnsafePointer(storage.words) + index(source, panel.firstBlock &+ half)
        for block in max(first, source.firstBlock)..<min(end, source.firstBlock &+ source.blocks) {
          let place: Int = ((block &- first) &* taps &+ taps &- 1) &* tapWords &+ half &* 32
          direct.transpose(
            target + place, nr &* 2, -tapWords, matrix + (block &- source.firstBlock) &* 32, rowStride,
            8 &* rowStride, taps)
        }
      }
      position &+= 1
    }
  }

  /// The largest Σ|w| of a column of one exact sum.
  func largestTotal(_ targets: [Panel], inputBlocks: Int, blocksPerSum: Int, kernels: Kernels) -> Int {
    guard let direct = kernels.table.reducedDirect else { preconditionFailure("the tier has no products of 16 bits") }
    let largest = AlignedFloats(few: targets.count)
    kernels.parallelFor(targets.count, cost: inputBlocks &* taps &* 256 &* targetBlocks) { index, _ in
      let panel = targets[index], nr = panel.blocks &* 16
      let memory = AlignedFloats(few: blocksPerSum &* taps &* 8 &* nr)
      let words = UnsafeMutableRawPointer(memory.base).assumingMemoryBound(to: UInt16.self)
      var totals = [Int](repeating: 0, count: nr), most = 0
      for first in stride(from: 0, to: inputBlocks, by: blocksPerSum) {
        let count = min(blocksPerSum, inputBlocks &- first)
        make(direct, words, panel, first: first, count: count)
        for n in 0..<nr { totals[n] = 0 }
        for pair in 0..<count &* taps &* 8 {
          for n in 0..<nr {
            let place: Int = (pair &* nr &+ n) &* 2
            totals[n] &+= abs(Int(Int16(bitPattern: words[place]))) &+ abs(Int(Int16(bitPattern: words[place &+ 1])))
          }
        }
        most = max(most, totals.max() ?? 0)
      }
      // Fewer than 2^24: exact.
      largest.base[index] = Float(most)
    }
    return (0..<targets.count).map { Int(largest.base[$0]) }.max() ?? 0
  }
}
