/// A group of output channel blocks that one micro-kernel computes together.
struct Panel: Sendable {
  /// First output channel block, and blocks (1 or 2).
  var firstBlock: Int, blocks: Int

  /// Cuts `blocks` output blocks into panels of the wide tile and, for a rest, the narrow one.
  static func cut(blocks: Int, wide: Int) -> [Panel] {
    stride(from: 0, to: blocks, by: wide).flatMap { first in
      blocks - first >= wide
        ? [Panel(firstBlock: first, blocks: wide)]
        : (first..<blocks).map { Panel(firstBlock: $0, blocks: 1) }
    }
  }
}

/// Weights of a direct convolution: per phase and panel `[input block][tap][channel][nr]`, as `TapGemmArguments` has it.
struct DirectWeights: Sendable {
  /// Packed floats; none where the weights are compact.
  let storage: AlignedFloats
  /// Where each chunk comes from just before it is used; nil where it is packed.
  let compact: CompactReading?
  let panels: [Panel]
  /// Taps of each phase, and channels per tap: 16, or fewer if the input has fewer.
  let taps: [Int], channelsPerTap: Int
  let inputBlocks: Int
  /// Weights before each phase and panel, `[phase][panel]`.
  let offsets: [Int]

  init(
    _ source: DirectedWeights, geometry: ConvolutionGeometry, inputs: Int, outputs: Int, kernels: Kernels
  ) throws(OutOfMemory) {
    let channelsPerTap = inputs < 16 ? (inputs + 3) & ~3 : 16
    let inputBlocks = (inputs + 15) / 16
    let panels = Panel.cut(blocks: (outputs + 15) / 16, wide: kernels.table.wideGemm.nr / 16)
    var offsets: [Int] = [], count = 0
    for phase in geometry.phases {
      for panel in panels {
        offsets.append(count)
        count += inputBlocks * phase.taps.count * channelsPerTap * panel.blocks * 16
      }
    }
    storage = try AlignedFloats(count: count, isPlanning: kernels.isPlanning)
    let base = storage.base
    let phases = geometry.phases
    let kernel = source.kernel
    kernels.parallelFor(offsets.count, cost: count) { item, _ in
      let panel = panels[item % panels.count], phase = phases[item / panels.count]
      let nr = panel.blocks &* 16, taps = phase.taps.count, start = offsets[item]
      for n in 0..<min(nr, outputs &- panel.firstBlock &* 16) {
        for c in 0..<inputs {
          let w = source.base(o: panel.firstBlock &* 16 &+ n, c: c)
          let block = c / 16, lane = c % 16
          for (t, tap) in phase.taps.enumerated() {
            base[start &+ ((block &* taps &+ t) &* channelsPerTap &+ lane) &* nr &+ n] = tap.sum(w, side: kernel)
          }
        }
      }
    }
    compact = nil
    self.panels = panels
    taps = geometry.tapCounts
    self.channelsPerTap = channelsPerTap
    self.inputBlocks = inputBlocks
    self.offsets = offsets
  }

  /// Compact weights, seen from one direction.
  init(_ weights: CompactWeights, geometry: ConvolutionGeometry, isTransposed: Bool, kernels: Kernels) {
    let (inputs, outputs) =
      isTransposed ? (weights.outputs, weights.inputs) : (weights.inputs, weights.outputs)
    storage = AlignedFloats(few: 0)
    compact = CompactReading(weights, geometry, isTransposed: isTransposed)
    panels = Panel.cut(blocks: (outputs + 15) / 16, wide: kernels.table.wideGemm.nr / 16)
    taps = geometry.tapCounts
    channelsPerTap = 16
    inputBlocks = (inputs + 15) / 16
    offsets = []
  }

  /// Bytes that one use reads.
  var readByteCount: Int { compact?.weights.readByteCount ?? storage.count &* 4 }
}
