/// Compact words, read from the other direction: backward data of convolutions whose taps are the kernel's one by one.
struct TransposedWords: MadeWords {
  let storage: CompactWeights.PanelStorage
  /// Of the trained outputs, which are read.
  let panels: [Panel]
  /// Blocks of the trained inputs, which are written.
  let targetBlocks: Int
  /// Taps of the kernel.
  let area: Int
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
        let place = tap.place(kernel)
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
}
