/// Weights of a direct convolution with operands of 16 bits: words `[phase][panel][input block][tap][pairs][nr][2]`, as
/// `ReducedTapGemmArguments` has them, each output channel of each phase in units of its own. A class, as
/// `ReducedWinogradWeights` is.
final class ReducedDirectWeights: Sendable {
  let source: Source
  let panels: [Panel]
  /// Taps of each phase, and input blocks of one exact sum. Sums are added as floats.
  let taps: [Int], blocksPerSum: [Int]
  let inputBlocks: Int
  /// Pairs of input channels of a block that are multiplied: 8, or as many as an image of few channels has.
  let pairs: Int
  /// Output channels, padded to 16.
  let paddedOutputs: Int
  /// `[phase][output channel]`: what a unit of a word stands for.
  let units: AlignedFloats
  /// `[input channel, padded to 16]`: what inputs are multiplied by before they are scaled.
  let inputScales: AlignedFloats
  /// Largest magnitude of the other operand.
  let limit: Float

  /// Where the words come from.
  enum Source: Sendable {
    /// Packed, with the words before each `[phase][panel]`.
    case packed(AlignedFloats, offsets: [Int])
    /// Compact words, as they lie.
    case compact(CompactWeights.PanelStorage)
    /// Compact words of the other direction, or of which phases need some. A worker turns or gathers a panel's part of a sum
    /// just before it uses it.
    case arranged(any MadeWords)
    /// Made likewise of other compact weights, multiplied by factors `[phase][output channel]`.
    case made(CompactReading, factors: AlignedFloats)
  }

  /// Packs words.
  convenience init(
    _ source: DirectedWeights, geometry: ConvolutionGeometry, inputs: Int, outputs: Int, kernels: Kernels
  ) throws(OutOfMemory) {
    let phases = geometry.phases, rows = 2 * Self.pairs(inputs: inputs)
    try self.init(geometry, inputs: inputs, outputs: outputs, compact: nil, kernels: kernels) {
      (chunk, phase, panel, block, _) in
      let nr = panel.blocks &* 16, taps = phases[phase].taps
      chunk.update(repeating: 0, count: taps.count &* rows &* nr)
      for n in 0..<min(nr, outputs &- panel.firstBlock &* 16) {
        for lane in 0..<min(16, inputs &- block &* 16) {
          let kernel = source.base(o: panel.firstBlock &* 16 &+ n, c: block &* 16 &+ lane)
          for (t, tap) in taps.enumerated() {
            chunk[(t &* rows &+ lane) &* nr &+ n] = tap.sum(kernel, side: source.kernel)
          }
        }
      }
    }
  }

  /// Compact weights, seen from one direction.
  convenience init(
    _ weights: CompactWeights, geometry: ConvolutionGeometry, isTransposed: Bool, kernels: Kernels
  ) throws(OutOfMemory) {
    if case .panels(let storage, let panels) = weights.layout, let units = storage.units {
      self.init(weights, storage, units, panels, geometry, isTransposed: isTransposed, kernels: kernels)
      return
    }
    let (inputs, outputs) = isTransposed ? (weights.outputs, weights.inputs) : (weights.inputs, weights.outputs)
    let compact = CompactReading(weights, geometry, isTransposed: isTransposed)
    let table = kernels.table
    try self.init(geometry, inputs: inputs, outputs: outputs, compact: compact, kernels: kernels) {
      (chunk, phase, panel, block, scratch) in
      compact.widen(table, chunk, phase: phase, panel: panel, first: block, count: 1, scratch: scratch)
    }
  }

  /// Compact words. Each tap is one of the kernel's: words cannot be folded.
  private init(
    _ weights: CompactWeights, _ storage: CompactWeights.PanelStorage, _ units: AlignedFloats, _ panels: [Panel],
    _ geometry: ConvolutionGeometry, isTransposed: Bool, kernels: Kernels
  ) {
    let inputs = (weights.inputs + 15) / 16, outputs = (weights.outputs + 15) / 16
    let inputBlocks = isTransposed ? outputs : inputs
    self.inputBlocks = inputBlocks
    pairs = 8
    taps = geometry.tapCounts
    blocksPerSum = taps.map { Self.blocksPerSum(taps: $0, inputBlocks: inputBlocks) }
    paddedOutputs = (isTransposed ? inputs : outputs) * 16
    let arranged: (any MadeWords)?
    if isTransposed {
      // The units go with the inputs, so that words stay what they are.
      arranged = TransposedWords(
        storage: storage, panels: panels, targetBlocks: inputs, kernel: weights.kernel, geometry: geometry)
      self.panels = Panel.cut(blocks: inputs, wide: panels[0].blocks)
      inputScales = units
      self.units = Self.ones(taps.count * inputs)
    } else if taps.count > 1 {
      arranged = PhaseWords(storage: storage, inputBlocks: inputs, kernel: weights.kernel, geometry: geometry)
      self.panels = panels
      inputScales = Self.ones(inputBlocks)
      self.units = AlignedFloats(few: taps.count * units.count)
      for phase in taps.indices { (self.units.base + phase * units.count).update(from: units.base, count: units.count) }
    } else {
      arranged = nil
      self.panels = panels
      inputScales = Self.ones(inputBlocks)
      self.units = units
      precondition(taps == [weights.kernel * weights.kernel], "packed words have the kernel's taps in its order")
    }
    if let arranged {
      source = .arranged(arranged)
      let most = arranged.largestTotal(
        self.panels, inputBlocks: inputBlocks, taps: taps, blocksPerSum: blocksPerSum, kernels: kernels)
      limit = Float(min(32767, Int(Int32.max) / max(1, most)))
    } else {
      source = .compact(storage)
      limit = Self.limits(taps: taps[0], inputBlocks: inputBlocks, pairs: 8).activation
    }
  }

  /// - Parameter fill: writes the floats `[tap][2 · pairs][nr]` of an input block of a panel, given scratch memory of compact
  ///   weights; on several threads.
  private init(
    _ geometry: ConvolutionGeometry, inputs: Int, outputs: Int, compact: CompactReading?, kernels: Kernels,
    fill: (
      _ chunk: UnsafeMutablePointer<Float>, _ phase: Int, Panel, _ block: Int, _ scratch: UnsafeMutablePointer<Float>
    )
      -> Void
  ) throws(OutOfMemory) {
    guard let direct = kernels.table.reducedDirect else { preconditionFailure("the tier has no products of 16 bits") }
    let taps = geometry.tapCounts, phaseCount = taps.count
    let inputBlocks = (inputs + 15) / 16, paddedOutputs = (outputs + 15) & ~15
    let pairs = compact == nil ? Self.pairs(inputs: inputs) : 8, rows = 2 * pairs
    let panels = Panel.cut(blocks: (outputs + 15) / 16, wide: direct.wideGemm.nr / 16)
    let blocksPerSum = taps.map { Self.blocksPerSum(taps: $0, inputBlocks: inputBlocks) }
    var offsets: [Int] = [], count = 0
    for taps in taps {
      for panel in panels {
        offsets.append(count)
        count += inputBlocks * taps * rows * 16 * panel.blocks
      }
    }
    // One for all phases: that of the longest sum.
    let longest = zip(taps, blocksPerSum).max { $0.0 * $0.1 < $1.0 * $1.1 }
    let limits = Self.limits(taps: longest?.0 ?? 1, inputBlocks: inputBlocks, pairs: pairs)
    let storage = try AlignedFloats(count: compact == nil ? count / 2 : 0, isPlanning: kernels.isPlanning)
    let units = AlignedFloats(few: phaseCount * paddedOutputs), factors = AlignedFloats(few: phaseCount * paddedOutputs)
    let words = UnsafeMutableRawPointer(storage.base).assumingMemoryBound(to: UInt16.self)
    let unitBase = units.base, factorBase = factors.base
    kernels.parallelFor(offsets.count, cost: count) { item, _ in
      let panel = panels[item % panels.count], phase = item / panels.count, nr = panel.blocks &* 16
      let taps = taps[phase], blocksPerSum = blocksPerSum[phase]
      let chunk = AlignedFloats(few: taps &* rows &* nr),
        scratch = AlignedFloats(few: compact?.scratchFloats(nr: nr) ?? 0)
      var columns = ReducedColumns(count: nr)
      for block in 0..<inputBlocks {
        fill(chunk.base, phase, panel, block, scratch.base)
        columns.add(chunk.base, rows: taps &* rows, columns: 0..<nr)
        if (block &+ 1) % blocksPerSum == 0 { columns.endSum() }
      }
      columns.endSum()
      let place = phase &* paddedOutputs &+ panel.firstBlock &* 16
      for n in 0..<nr {
        let unit = limits.unit(total: columns.largestTotals[n], most: columns.largest[n])
        unitBase[place &+ n] = unit
        factorBase[place &+ n] = unit > 0 ? 1 / unit : 0
      }
      guard compact == nil else { return }
      for block in 0..<inputBlocks {
        fill(chunk.base, phase, panel, block, scratch.base)
        let start: Int = offsets[item] &+ block &* taps &* rows &* nr
        direct.pair(words + start, chunk.base, factorBase + place, panel.blocks, taps &* pairs)
      }
    }
    source = compact.map { .made($0, factors: factors) } ?? .packed(storage, offsets: offsets)
    self.panels = panels
    self.taps = taps
    self.inputBlocks = inputBlocks
    self.pairs = pairs
    self.blocksPerSum = blocksPerSum
    self.paddedOutputs = paddedOutputs
    self.units = units
    inputScales = Self.ones(inputBlocks)
    limit = limits.activation
  }

  private static func ones(_ blocks: Int) -> AlignedFloats {
    let ones = AlignedFloats(few: blocks * 16)
    for i in 0..<blocks * 16 { ones.base[i] = 1 }
    return ones
  }

  /// Input blocks of one exact sum: the fewer, the more bits have the operands; the more, the fewer times are totals read and
  /// written. A panel's part of so many stays in the first-level cache.
  static func blocksPerSum(taps: Int, inputBlocks: Int) -> Int { min(inputBlocks, max(1, 144 / (taps * 16))) }

  /// Of a whole image one element is the largest: more above the others than of a row.
  static func limits(taps: Int, inputBlocks: Int, pairs: Int) -> ReducedLimits {
    ReducedLimits(
      .int16, channels: blocksPerSum(taps: taps, inputBlocks: inputBlocks) * taps * 2 * pairs, peak: 8)
  }

  private static func pairs(inputs: Int) -> Int { min(8, (inputs + 1) / 2) }

  // MARK: Reading

  /// Where the words of a phase and panel begin; nil where a worker makes them.
  @inline(__always) func words(_ phase: Int, _ index: Int) -> UnsafePointer<UInt16>? {
    switch source {
    case .packed(let storage, let offsets):
      UnsafeRawPointer(storage.base).assumingMemoryBound(to: UInt16.self) + offsets[phase &* panels.count &+ index]
    case .compact(let storage):
      UnsafePointer(storage.words + panels[index].firstBlock &* (inputBlocks &* taps[0] &* 256))
    case .arranged, .made: nil
    }
  }

  /// Where a panel's output channels begin in `units`.
  @inline(__always) func place(_ phase: Int, _ panel: Panel) -> Int {
    phase &* paddedOutputs &+ panel.firstBlock &* 16
  }

  /// Rows of 16 channels of the longest sum.
  var mostRows: Int { zip(taps, blocksPerSum).reduce(0) { max($0, $1.0 * $1.1) } }

  /// Floats of scratch memory that a worker makes the words of a sum in; the words themselves come on top.
  func scratchFloats(nr: Int) -> Int {
    guard case .made(let compact, _) = source else { return 0 }
    return ((taps.max() ?? 0) * 16 * nr + compact.scratchFloats(nr: nr) + 15) & ~15
  }

  var makesWords: Bool { words(0, 0) == nil }

  /// Makes the words of input blocks `first ..< first + count` of a panel.
  @inline(__always)
  func make(
    _ table: KernelTable, _ direct: ReducedDirectKernels, _ target: UnsafeMutablePointer<UInt16>, phase: Int,
    panel: Panel, first: Int, count: Int, scratch: UnsafeMutablePointer<Float>
  ) {
    switch source {
    case .packed, .compact: break
    case .arranged(let words): words.make(direct, target, phase, panel, first: first, count: count)
    case .made(let compact, let factors):
      let nr = panel.blocks &* 16, tapCount = taps[phase], blockFloats = tapCount &* 16 &* nr
      for block in 0..<count {
        compact.widen(
          table, scratch, phase: phase, panel: panel, first: first &+ block, count: 1, scratch: scratch + blockFloats)
        direct.pair(
          target + block &* blockFloats, scratch, factors.base + place(phase, panel), panel.blocks, tapCount &* 8)
      }
    }
  }

  /// Where what `make` reads of an input block lies, and its bytes a weight; nil where it is not in one piece.
  @inline(__always) func address(_ panel: Panel, block: Int) -> (base: UnsafeRawPointer, bytesPerWeight: Int)? {
    switch source {
    case .packed, .compact: nil
    case .arranged(let words): (words.address(panel, block: block), 2)
    case .made(let compact, _): compact.address(panel, block: block).map { ($0, compact.bytesPerWeight) }
    }
  }
}
