/// Compact words that a worker brings into order just before it uses them.
protocol MadeWords: Sendable {
  var storage: CompactWeights.PanelStorage { get }
  /// Taps of the kernel.
  var area: Int { get }

  /// Where what `make` reads first lies.
  func address(_ panel: Panel, block: Int) -> UnsafeRawPointer

  /// `[block][tap][8][nr][2]` of input blocks for a phase and a panel.
  func make(
    _ direct: ReducedDirectKernels, _ target: UnsafeMutablePointer<UInt16>, _ phase: Int, _ panel: Panel, first: Int,
    count: Int)
}

/// Compact words of which each phase of a convolution needs some taps: its other taps are left out.
struct PhaseWords: MadeWords {
  let storage: CompactWeights.PanelStorage
  let inputBlocks: Int
  let area: Int
  /// Per phase, its taps of the kernel in order.
  private let phases: [[Int]]

  init(storage: CompactWeights.PanelStorage, inputBlocks: Int, kernel: Int, geometry: ConvolutionGeometry) {
    self.storage = storage
    self.inputBlocks = inputBlocks
    area = kernel * kernel
    phases = geometry.phases.map { phase in phase.taps.map { $0.place(kernel) } }
  }

  @inline(__always) private func words(_ panel: Panel, _ block: Int) -> UnsafeMutablePointer<UInt16> {
    storage.words + (panel.firstBlock &* inputBlocks &+ block &* panel.blocks) &* (256 &* area)
  }

  @inline(__always) func address(_ panel: Panel, block: Int) -> UnsafeRawPointer {
    UnsafeRawPointer(words(panel, block))
  }

  func make(
    _ direct: ReducedDirectKernels, _ target: UnsafeMutablePointer<UInt16>, _ phase: Int, _ panel: Panel, first: Int,
    count: Int
  ) {
    let tapWords = 256 &* panel.blocks
    var target = target
    for block in first..<first &+ count {
      let source = words(panel, block)
      for tap in phases[phase] {
        target.update(from: source + tap &* tapWords, count: tapWords)
        target += tapWords
      }
    }
  }
}

extension ConvolutionPhase.Tap {
  /// Which tap of the kernel it is: words cannot be folded.
  func place(_ kernel: Int) -> Int {
    precondition(kernelRows.count == 1 && kernelColumns.count == 1, "words cannot be folded")
    return kernelRows.lowerBound * kernel + kernelColumns.lowerBound
  }
}

extension MadeWords {
  /// The largest Σ|w| of a column of one exact sum, of all phases.
  ///
  /// - Parameters:
  ///   - taps: of each phase.
  ///   - blocksPerSum: input blocks of a sum of each phase.
  func largestTotal(
    _ targets: [Panel], inputBlocks: Int, taps: [Int], blocksPerSum: [Int], kernels: Kernels
  ) -> Int {
    guard let direct = kernels.table.reducedDirect else { preconditionFailure("the tier has no products of 16 bits") }
    let tasks = targets.count * taps.count, largest = AlignedFloats(few: tasks)
    kernels.parallelFor(tasks, cost: inputBlocks &* area &* 512 &* targets.count) { index, _ in
      let panel = targets[index % targets.count], nr = panel.blocks &* 16, phase = index / targets.count
      let taps = taps[phase], blocksPerSum = blocksPerSum[phase]
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
    return (0..<tasks).map { Int(largest.base[$0]) }.max() ?? 0
  }
}
