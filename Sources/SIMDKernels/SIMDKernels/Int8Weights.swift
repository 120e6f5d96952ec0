/// Weights of a direct convolution with operands of 8 bits: per phase and panel `[input block][tap][16 / depth][nr][depth]`,
/// as `Int8GemmArguments` has them, each output channel of each phase scaled by its largest weight.
///
/// Weights that are codes of a file already, scaled to a largest code of 127, become the same codes again.
struct Int8Weights: Sendable {
  /// Codes, four to a float.
  let storage: AlignedFloats
  let panels: [Panel]
  /// Of each phase.
  let taps: [Int]
  let inputBlocks: Int
  /// Output channels, padded to 16.
  let paddedOutputs: Int
  /// `[phase][output channel]`: what a unit of a weight stands for.
  let scales: AlignedFloats
  /// `[phase][output channel]`: what sums begin with, so that the offset of the input's codes drops out.
  let initial: AlignedFloats
  /// Of the tier that they are packed for.
  let inputOffset: UInt8, depth: Int
  /// Codes before each phase and panel, `[phase][panel]`.
  let offsets: [Int]

  init(
    _ source: DirectedWeights, geometry: ConvolutionGeometry, inputs: Int, outputs: Int, kernels: Kernels
  ) throws(OutOfMemory) {
    let phases = geometry.phases, inputBlocks = (inputs + 15) / 16
    precondition(inputBlocks * 16 * geometry.mostTaps <= 1 << 17, "sums of so many products may leave 32 bits")
    let panels = Panel.cut(blocks: (outputs + 15) / 16, wide: kernels.table.int8.wideGemm.nr / 16)
    var offsets: [Int] = [], count = 0
    for phase in phases {
      for panel in panels {
        offsets.append(count)
        count += inputBlocks * phase.taps.count * 256 * panel.blocks
      }
    }
    let paddedOutputs = (outputs + 15) & ~15
    let storage = try AlignedFloats(count: count / 4, isPlanning: kernels.isPlanning)
    let scales = AlignedFloats(few: phases.count * paddedOutputs)
    let initial = AlignedFloats(few: phases.count * paddedOutputs)
    let codes = UnsafeMutableRawPointer(storage.base).assumingMemoryBound(to: Int8.self)
    let initials = UnsafeMutableRawPointer(initial.base).assumingMemoryBound(to: Int32.self)
    let scaleBase = scales.base, inputOffset = kernels.table.int8.inputOffset, depth = kernels.table.int8.depth
    kernels.parallelFor(offsets.count, cost: count) { item, _ in
      let panel = panels[item % panels.count], index = item / panels.count
      let nr = panel.blocks &* 16, taps = phases[index].taps.count
      // One output channel, `[tap][input channel]`.
      let column = UnsafeMutablePointer<Float>.allocate(capacity: taps &* inputs)
      defer { column.deallocate() }
      for n in 0..<min(nr, outputs &- panel.firstBlock &* 16) {
        let output = panel.firstBlock &* 16 &+ n
        var largest: Float = 0, isFinite = true
        for c in 0..<inputs {
          let kernel = source.base(o: output, c: c)
          for (t, tap) in phases[index].taps.enumerated() {
            let weight = tap.sum(kernel, side: source.kernel)
            column[t &* inputs &+ c] = weight
            largest = max(largest, abs(weight))
            isFinite = isFinite && weight.isFinite
          }
        }
        guard isFinite else {
          // All that the channel gives is not a number either.
          scaleBase[index &* paddedOutputs &+ output] = .nan
          continue
        }
        let scale = largest / 127
        guard scale >= Float.leastNormalMagnitude else { continue }
        var sum: Int32 = 0
        for t in 0..<taps {
          for c in 0..<inputs {
            let code = Int8(max(-127, min(127, (column[t &* inputs &+ c] / scale).rounded(.toNearestOrEven))))
            sum += Int32(code)
            let place: Int = (c / 16 &* taps &+ t) &* (16 / depth) &+ c % 16 / depth
            codes[offsets[item] &+ (place &* nr &+ n) &* depth &+ c % depth] = code
          }
        }
        scaleBase[index &* paddedOutputs &+ output] = scale
        initials[index &* paddedOutputs &+ output] = -Int32(inputOffset) * sum
      }
    }
    self.storage = storage
    self.panels = panels
    taps = geometry.tapCounts
    self.inputBlocks = inputBlocks
    self.paddedOutputs = paddedOutputs
    self.scales = scales
    self.initial = initial
    self.inputOffset = inputOffset
    self.depth = depth
    self.offsets = offsets
  }

  /// Where the codes of a phase and panel begin.
  @inline(__always) func codes(_ phase: Int, _ panel: Int) -> UnsafePointer<Int8> {
    UnsafeRawPointer(storage.base).assumingMemoryBound(to: Int8.self) + offsets[phase &* panels.count &+ panel]
  }

  @inline(__always) func initial(_ phase: Int, _ panel: Panel) -> UnsafePointer<Int32> {
    UnsafeRawPointer(initial.base).assumingMemoryBound(to: Int32.self)
      + (phase &* paddedOutputs &+ panel.firstBlock &* 16)
  }

  var byteCount: Int { (storage.count &+ scales.count &+ initial.count) &* 4 }
}

extension ConvolutionPhase.Tap {
  /// The sum of the kernel's rows × columns that this tap reads with.
  @inline(__always) func sum(_ kernel: UnsafePointer<Float>, side: Int) -> Float {
    var sum = 0.0
    for y in kernelRows { for x in kernelColumns { sum += Double(kernel[y &* side &+ x]) } }
    return Float(sum)
  }
}
