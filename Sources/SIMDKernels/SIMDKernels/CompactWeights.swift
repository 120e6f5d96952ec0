/// Weights of a convolution in one copy that serves both directions of all forms: a worker widens each chunk of a panel
/// to floats just before it uses it.
///
/// Less memory than packed floats, and for a direct convolution on many pixels about the same speed. Halves and
/// integers give the bits of the floats they stand for, except that upsampling adds its folded taps in single precision.
/// Words are for products of 16 bits, which take them as they lie where no taps are folded.
package final class CompactWeights: Sendable {
  let outputs: Int, inputs: Int, kernel: Int
  let layout: Layout
  /// Keeps the memory alive that `layout` points into.
  private let owner: (any Sendable)?

  enum Layout: @unchecked Sendable {
    /// `[panel of outputs][input block][tap][input channel][output]`, packed by this process.
    case panels(PanelStorage, panels: [Panel])
    /// `[O][I][k][k]` as a file has them, read where they lie.
    case rows(UnsafeRawPointer, DenseWeights.Element)
  }

  /// Packs panels.
  ///
  /// - Parameters:
  ///   - element: what a weight is rounded to.
  ///   - rows: gives the weights `[I][k][k]` of some outputs; asked for a panel at a time, by several threads.
  package init(
    outputs: Int, inputs: Int, kernel: Int, element: Element = .half, kernels: Kernels,
    rows: @Sendable (Range<Int>) -> [Float]
  ) throws(OutOfMemory) {
    precondition(kernel == 1 || kernel == 3, "kernels of 1×1 and 3×3 only")
    let panels = Panel.cut(blocks: (outputs + 15) / 16, wide: kernels.table.wideGemm.nr / 16)
    let blocks = (inputs + 15) / 16, area = kernel * kernel
    let weightCount = CompactWeights.byteCount(outputs: outputs, inputs: inputs, kernel: kernel) / 2
    let storage = try PanelStorage(element, count: weightCount, outputs: outputs, kernels: kernels)
    let limits = ReducedDirectWeights.limits(taps: area, inputBlocks: blocks, pairs: 8)
    kernels.parallelFor(panels.count) { index, _ in
      let panel = panels[index], first = panel.firstBlock &* 16, nr = panel.blocks &* 16
      let wanted = first..<min(outputs, first &+ nr)
      let values = rows(wanted)
      precondition(values.count == wanted.count * inputs * area, "weights must be [O][I][k][k]")
      let start = first &* blocks &* 16 &* area
      values.withUnsafeBufferPointer { values in
        for n in 0..<wanted.count {
          let rows = values.baseAddress! + n &* inputs &* area
          if element == .word { storage.setUnit(first &+ n, rows, inputs: inputs, area: area, limits) }
          for c in 0..<inputs {
            let source = rows + c &* area
            let row: Int = (c / 16) &* area &* 16 &+ c % 16
            for t in 0..<area {
              storage.set(start &+ (row &+ t &* 16) &* nr, nr: nr, channel: c, column: n, output: first &+ n, source[t])
            }
          }
        }
      }
    }
    self.outputs = outputs
    self.inputs = inputs
    self.kernel = kernel
    layout = .panels(storage, panels: panels)
    owner = nil
  }

  /// Borrows rows `[O][I][k][k]` of a mapped file: no memory of its own, and more work per use.
  ///
  /// - Parameters:
  ///   - weights: with I·k² inputs.
  ///   - owner: what keeps their memory alive.
  package init(borrowing weights: DenseWeights, inputs: Int, kernel: Int, owner: any Sendable) {
    precondition(kernel == 1 || kernel == 3, "kernels of 1×1 and 3×3 only")
    precondition(weights.inputs == inputs * kernel * kernel, "weights must be [O][I][k][k]")
    outputs = weights.outputs
    self.inputs = inputs
    self.kernel = kernel
    layout = .rows(weights.base, weights.element)
    self.owner = owner
  }

  /// Whether the layout pays: with less than one block of channels a kernel that skips the missing ones is faster, and
  /// the weights are few.
  package static func suits(outputs: Int, inputs: Int) -> Bool { outputs >= 16 && inputs >= 16 }

  /// Bytes of packed halves or words.
  package static func byteCount(outputs: Int, inputs: Int, kernel: Int) -> Int {
    ((outputs + 15) & ~15) * ((inputs + 15) & ~15) * kernel * kernel * 2
  }

  /// Bytes of memory of its own.
  package var byteCount: Int {
    switch layout {
    case .panels(let storage, _): storage.byteCount
    case .rows: 0
    }
  }

  /// Bytes that one use reads.
  package var readByteCount: Int {
    switch layout {
    case .panels(let storage, _): storage.byteCount
    case .rows(_, let element): outputs &* inputs &* kernel &* kernel &* element.byteCount
    }
  }
}

/// How one direction of one form reads compact weights.
struct CompactReading: Sendable {
  let weights: CompactWeights
  /// Whether panels run over the trained inputs: backward data.
  let isTransposed: Bool
  /// Per phase and tap of the geometry: the taps of the kernel that it adds up.
  let sources: [[[Int]]]
  /// Per phase, tap of the kernel → its place in a chunk or −1, where each tap of the geometry is one of the kernel's; nil for
  /// sums.
  let places: [[Int]]?

  init(_ weights: CompactWeights, _ geometry: ConvolutionGeometry, isTransposed: Bool) {
    let kernel = weights.kernel
    self.weights = weights
    self.isTransposed = isTransposed
    sources = geometry.phases.map { phase in
      phase.taps.map { tap in tap.kernelRows.flatMap { y in tap.kernelColumns.map { y * kernel + $0 } } }
    }
    let isPlain = sources.allSatisfy { $0.allSatisfy { $0.count == 1 } }
    places = !isPlain ? nil : sources.map { taps in (0..<kernel * kernel).map { taps.firstIndex(of: [$0]) ?? -1 } }
  }

  /// All taps of the kernel one by one, in its own order or backwards: for Winograd's transforms.
  init(kernelsOf weights: CompactWeights, flips: Bool, isTransposed: Bool) {
    let area = weights.kernel * weights.kernel
    self.weights = weights
    self.isTransposed = isTransposed
    let taps = flips ? Array((0..<area).reversed()) : Array(0..<area)
    sources = [taps.map { [$0] }]
    places = [taps]
  }

  /// Floats of scratch memory a worker needs to widen a chunk of panels of `nr` channels.
  func scratchFloats(nr: Int) -> Int {
    let area = weights.kernel * weights.kernel
    return area * 16 * 32 + (places == nil ? area * 16 * nr : 0)
  }

  /// Where the raw weights of a chunk lie, where they are in one piece.
  @inline(__always)
  func address(_ panel: Panel, block: Int) -> UnsafeRawPointer? {
    guard case .panels(let storage, _) = weights.layout, !isTransposed else { return nil }
    return storage.address(index(panel, block: block))
  }

  /// Bytes of a raw weight, where `address` is not nil.
  var bytesPerWeight: Int {
    if case .panels(let storage, _) = weights.layout { storage.bytesPerWeight } else { 0 }
  }

  /// Weights before an input block of a panel.
  @inline(__always) private func index(_ panel: Panel, block: Int) -> Int {
    let area = weights.kernel &* weights.kernel, blocks = (weights.inputs &+ 15) / 16
    return (panel.firstBlock &* blocks &+ block &* panel.blocks) &* (256 &* area)
  }

  /// Widens input blocks `first ..< first + count` of one panel: `[block][tap][channel][nr]` for the taps of `phase`.
  @inline(__always)
  func widen(
    _ table: KernelTable, _ chunk: UnsafeMutablePointer<Float>, phase: Int, panel: Panel, first: Int, count: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let nr = panel.blocks &* 16, area = weights.kernel &* weights.kernel
    if let places {
      places[phase].withUnsafeBufferPointer { places in
        fill(
          table, chunk, places.baseAddress!, taps: sources[phase].count, panel: panel, first: first, count: count,
          scratch: scratch)
      }
      return
    }
    let plain = scratch + area &* 16 &* 32
    let taps = sources[phase], vectors = 16 &* nr
    CompactReading.natural.withUnsafeBufferPointer { natural in
      for block in 0..<count {
        fill(
          table, plain, natural.baseAddress!, taps: area, panel: panel, first: first &+ block, count: 1,
          scratch: scratch)
        for (index, sources) in taps.enumerated() {
          let target = chunk + (block &* taps.count &+ index) &* vectors
          target.update(from: plain + sources[0] &* vectors, count: vectors)
          for source in sources.dropFirst() {
            let plain = plain + source &* vectors
            for i in 0..<vectors { target[i] += plain[i] }
          }
        }
      }
    }
  }

  /// Taps in the kernel's own order.
  private static let natural = Array(0..<9)

  /// Taps of the kernel of some input blocks of a panel: `[block][place of the tap][channel][nr]`, of `taps` places.
  private func fill(
    _ table: KernelTable, _ target: UnsafeMutablePointer<Float>, _ places: UnsafePointer<Int>, taps: Int,
    panel: Panel, first: Int, count: Int, scratch: UnsafeMutablePointer<Float>
  ) {
    let nr = panel.blocks &* 16, area = weights.kernel &* weights.kernel
    switch weights.layout {
    case .panels(let storage, let panels):
      if isTransposed {
        fillTransposed(table, target, places, taps, storage, panels, panel, first, count, scratch)
      } else if taps == area {
        // All taps, in the kernel's order.
        storage.widen(table, target, from: index(panel, block: first), count: count &* area &* 16 &* nr)
      } else {
        for block in 0..<count {
          let from = index(panel, block: first &+ block), to = target + block &* taps &* 16 &* nr
          for tap in 0..<area where places[tap] >= 0 {
            storage.widen(table, to + places[tap] &* 16 &* nr, from: from &+ tap &* 16 &* nr, count: 16 &* nr)
          }
        }
      }
    case .rows(let base, let element):
      for block in 0..<count {
        let target = target + block &* taps &* 16 &* nr
        if isTransposed {
          fillRowsTransposed(table, target, places, base, element, panel, first &+ block, scratch)
        } else {
          fillRows(table, target, places, base, element, panel, first &+ block, scratch)
        }
      }
    }
  }

  /// Panels of trained inputs out of panels of trained outputs: a 16×16 transposition per block pair and tap.
  private func fillTransposed(
    _ table: KernelTable, _ target: UnsafeMutablePointer<Float>, _ places: UnsafePointer<Int>, _ taps: Int,
    _ storage: CompactWeights.PanelStorage, _ panels: [Panel], _ panel: Panel, _ first: Int, _ count: Int,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let nr = panel.blocks &* 16, area = weights.kernel &* weights.kernel, blocks = (weights.inputs &+ 15) / 16
    let end = first &+ count
    for source in panels where source.firstBlock < end && source.firstBlock &+ source.blocks > first {
      let stride = source.blocks &* 16, floats = area &* 16 &* stride
      for half in 0..<panel.blocks {
        let matrix: Int = source.firstBlock &* blocks &+ (panel.firstBlock &+ half) &* source.blocks
        storage.widen(table, scratch, from: matrix &* (256 &* area), count: floats)
        for block in max(first, source.firstBlock)..<min(end, source.firstBlock &+ source.blocks) {
          let from = scratch + (block &- source.firstBlock) &* 16
          let place: Int = (block &- first) &* taps &* 16 &* nr
          let to = target + (place &+ half &* 16)
          for tap in 0..<area where places[tap] >= 0 {
            let matrix = from + tap &* 16 &* stride
            table.layout.transpose(
              to + places[tap] &* 16 &* nr, nr, matrix, stride, 16, 16, 1, UnsafeRawPointer(scratch))
          }
        }
      }
    }
  }

  /// One input block of a panel out of rows: each output's channels of the block lie together.
  private func fillRows(
    _ table: KernelTable, _ target: UnsafeMutablePointer<Float>, _ places: UnsafePointer<Int>,
    _ base: UnsafeRawPointer, _ element: DenseWeights.Element, _ panel: Panel, _ block: Int,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let nr = panel.blocks &* 16, area = weights.kernel &* weights.kernel
    let channels = min(16, weights.inputs &- block &* 16)
    for n in 0..<nr {
      let o = panel.firstBlock &* 16 &+ n
      let run = o < weights.outputs ? channels &* area : 0
      let first: Int = o &* weights.inputs &+ block &* 16
      element.read(table, base, row: o, from: first &* area, count: run, scratch)
      for i in run..<16 &* area { scratch[i] = 0 }
      for tap in 0..<area where places[tap] >= 0 {
        let to = target + (places[tap] &* 16 &* nr &+ n)
        for c in 0..<16 { to[c &* nr] = scratch[c &* area &+ tap] }
      }
    }
  }

  /// The same for backward data: the panel's channels lie together in each row of the block.
  private func fillRowsTransposed(
    _ table: KernelTable, _ target: UnsafeMutablePointer<Float>, _ places: UnsafePointer<Int>,
    _ base: UnsafeRawPointer, _ element: DenseWeights.Element, _ panel: Panel, _ block: Int,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let nr = panel.blocks &* 16, area = weights.kernel &* weights.kernel
    let channels = min(nr, weights.inputs &- panel.firstBlock &* 16)
    for lane in 0..<16 {
      let o = block &* 16 &+ lane
      let run = o < weights.outputs ? channels &* area : 0
      let first: Int = o &* weights.inputs &+ panel.firstBlock &* 16
      element.read(table, base, row: o, from: first &* area, count: run, scratch)
      for i in run..<nr &* area { scratch[i] = 0 }
      for tap in 0..<area where places[tap] >= 0 {
        let to = target + (places[tap] &* 16 &+ lane) &* nr
        for n in 0..<nr { to[n] = scratch[n &* area &+ tap] }
      }
    }
  }
}

extension DenseWeights.Element {
  var byteCount: Int {
    switch self {
    case .f32: 4
    case .f16: 2
    case .int8: 1
    }
  }

  /// `count` values from index `first` of a matrix, all of one row, as floats. Reads nothing past them.
  @inline(__always)
  fileprivate func read(
    _ table: KernelTable, _ base: UnsafeRawPointer, row: Int, from first: Int, count: Int,
    _ target: UnsafeMutablePointer<Float>
  ) {
    switch self {
    case .f32:
      target.update(from: base.assumingMemoryBound(to: Float.self) + first, count: count)
    case .f16:
      let halves = base.assumingMemoryBound(to: UInt16.self) + first
      let whole = count & ~15
      table.layout.widen(target, UnsafeRawPointer(halves), whole)
      for i in whole..<count { target[i] = Float(Float16(bitPattern: halves[i])) }
    case .int8(let scales):
      guard count > 0 else { return }
      let codes = base.assumingMemoryBound(to: Int8.self) + first, scale = scales[row]
      for i in 0..<count { target[i] = Float(codes[i]) * scale }
    }
  }
}
