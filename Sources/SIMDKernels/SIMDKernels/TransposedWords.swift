/// Compact words, read from the other direction: backward data of convolutions whose taps are the kernel's one by one.
struct TransposedWords: Sendable {
  let storage: CompactWeights.PanelStorage
  /// Of the trained outputs, which are read.
  let panels: [Panel]
  /// Blocks of the trained inputs, which are written.
  let targetBlocks: Int
  /// Taps of the kernel.
  private let area: Int
  /// Per phase, its taps in order.
  private let phases: [Phase]

  private struct Phase {
    var tapCount: Int
    var runs: [Run]
  }

  /// Taps of the kernel that lie evenly: the first, the way to the next, and how many.
  private struct Run {
    var first: Int, stride: Int, count: Int
  }

  init(
    storage: CompactWeights.PanelStorage, panels: [Panel], targetBlocks: Int, kernel: Int, geometry: ConvolutionGeometry
  ) {
    self.storage = storage
    self.panels = panels
    self.targetBlocks = targetBlocks
    area = kernel * kernel
    phases = geometry.phases.map { phase in
      var runs: [Run] = []
      for tap in phase.taps {
        precondition(tap.kernelRows.count == 1 && tap.kernelColumns.count == 1, "words cannot be folded")
        let place = tap.kernelRows.lowerBound * kernel + tap.kernelColumns.lowerBound
        if var last = runs.last, last.count == 1 || place == last.first + last.count * last.stride {
          if last.count == 1 { last.stride = place - last.first }
          last.count += 1
          runs[runs.count - 1] = last
        } else {
          runs.append(Run(first: place, stride: 0, count: 1))
        }
      }
      return Phase(tapCount: phase.taps.count, runs: runs)
    }
  }

  /// Words before the part of a panel of trained outputs that belongs to a block of trained inputs.
  @inline(__always) private func index(_ source: Panel, _ block: Int) -> Int {
    (source.firstBlock &* targetBlocks &+ block &* source.blocks) &* (256 &* area)
  }

  /// Where the first piece of a block of trained outputs lies that a panel of trained inputs needs.
  @inline(__always) func address(_ panel: Panel, block: Int) -> UnsafeRawPointer {
    let source = panels[min(panels.count &- 1, block / panels[0].blocks)]
    return UnsafeRawPointer(storage.words + index(source, panel.firstBlock))
  }

  /// `[block][tap][8][nr][2]` of blocks of trained outputs for a phase and a panel of trained inputs: 16 × 16 words at a time.
  func make(
    _ direct: ReducedDirectKernels, _ target: UnsafeMutablePointer<UInt16>, _ phase: Int, _ panel: Panel, first: Int,
    count: Int
  ) {
    let nr = panel.blocks &* 16, tapWords = 16 &* nr, end = first &+ count, phase = phases[phase]
    var position = first / panels[0].blocks
    while position < panels.count, panels[position].firstBlock < end {
      let source = panels[position], rowStride = source.blocks &* 32
      for half in 0..<panel.blocks {
        let matrix = UnsafePointer(storage.words) + index(source, panel.firstBlock &+ half)
        for block in max(first, source.firstBlock)..<min(end, source.firstBlock &+ source.blocks) {
          let place: Int = (block &- first) &* phase.tapCount &* tapWords &+ half &* 32
          var target = target + place
          let columns = matrix + (block &- source.firstBlock) &* 32
          for run in phase.runs {
            direct.transpose(
              target, nr &* 2, tapWords, columns + run.first &* 8 &* rowStride, rowStride,
              run.stride &* 8 &* rowStride, run.count, columns)
            target += run.count &* tapWords
          }
        }
      }
      position &+= 1
    }
  }

  /// The largest Σ|w| of a column of one exact sum, of all phases.
  func largestTotal(_ targets: [Panel], inputBlocks: Int, blocksPerSum: [Int], kernels: Kernels) -> Int {
    guard let direct = kernels.table.reducedDirect else { preconditionFailure("the tier has no products of 16 bits") }
    let largest = AlignedFloats(few: targets.count &* phases.count)
    kernels.parallelFor(targets.count &* phases.count, cost: inputBlocks &* area &* 256 &* targetBlocks) { index, _ in
      let panel = targets[index % targets.count], nr = panel.blocks &* 16, phase = index / targets.count
      let taps = phases[phase].tapCount, blocksPerSum = blocksPerSum[phase]
      let memory = AlignedFloats(few: blocksPerSum &* taps &* 8 &* nr)
      let words = UnsafeMutableRawPointer(memory.base).assumingMemoryBound(to: UInt16.self)
      var totals = [Int](repeating: 0, count: nr), most = 0
      for first in stride(from: 0, to: inputBlocks, by: blocksPerSum) {
        let count = min(blocksPerSum, inputBlocks &- first)
        make(direct, words, phase, panel, first: first, count: count)
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
    return (0..<targets.count &* phases.count).map { Int(largest.base[$0]) }.max() ?? 0
  }
}
