import KernelABI

/// A matrix product of one thread, again and again, in the first-level cache.
protocol PeakProduct: Sendable {
  /// Operations of one `run`.
  var work: Int { get }

  func run()
}

/// A product of one thread: a few pixels, again and again, by one panel of 16 KB.
struct PeakOperands: PeakProduct {
  private static let panelByteCount = 16 << 10, tiles = 16
  private let gemm: TapGemm
  private let blocks: Int
  private let input: AlignedFloats, panel: AlignedFloats, initial: AlignedFloats
  let output: AlignedFloats
  private let pixels: [Int32]

  init(_ gemm: TapGemm) {
    self.gemm = gemm
    blocks = max(1, Self.panelByteCount / (16 * gemm.nr * 4))
    input = AlignedFloats(few: blocks * gemm.mr * 16)
    panel = AlignedFloats(few: blocks * 16 * gemm.nr)
    output = AlignedFloats(few: gemm.mr * gemm.nr)
    initial = AlignedFloats(few: gemm.nr)
    for i in 0..<input.count { input.base[i] = 1 }
    for i in 0..<panel.count { panel.base[i] = 0.5 }
    pixels = (0..<Self.tiles).flatMap { _ in (0..<gemm.mr).map { Int32($0 * 16) } }
  }

  /// Floating-point operations of one `run`.
  var work: Int { 2 * Self.tiles * gemm.mr * gemm.nr * blocks * 16 }

  func run() {
    let tap: Int32 = 0
    withUnsafePointer(to: tap) { tap in
      pixels.withUnsafeBufferPointer { pixels in
        var arguments = TapGemmArguments(
          input: input.base, inputBlockStride: gemm.mr &* 16, blocks: blocks, taps: 1, channels: 16, tapOffsets: tap,
          inputPixels: pixels.baseAddress!, outputPixels: pixels.baseAddress!, tiles: Self.tiles, panel: panel.base,
          output: output.base, outputBlockStride: gemm.mr &* 16, initial: initial.base, slope: 1,
          prefetch: UnsafeRawPointer(panel.base), prefetchLines: 0)
        gemm.run(&arguments)
      }
    }
  }
}

/// The same in 16 bits. Rows follow one another, so that there are few tiles.
struct ReducedPeakOperands: PeakProduct {
  private static let panelByteCount = 8 << 10, tiles = 2
  private let gemm: ReducedGemm
  private let blocks: Int
  private let input: AlignedFloats, panel: AlignedFloats, scales: AlignedFloats
  let output: AlignedFloats

  init(_ kernels: ReducedKernels) {
    gemm = kernels.wideGemm
    blocks = max(1, Self.panelByteCount / (16 * gemm.nr * 2))
    let rows = Self.tiles * gemm.mr
    let one: UInt32 = kernels.operand == .int16 ? 0x0001_0001 : 0x3c00_3c00
    input = AlignedFloats(few: blocks * rows * 8)
    panel = AlignedFloats(few: blocks * 8 * gemm.nr)
    for i in 0..<input.count { input.base[i] = Float(bitPattern: one) }
    for i in 0..<panel.count { panel.base[i] = Float(bitPattern: one) }
    output = AlignedFloats(few: rows * gemm.nr)
    scales = AlignedFloats(few: max(rows, gemm.nr))
    for i in 0..<scales.count { scales.base[i] = 1 }
  }

  var work: Int { 2 * Self.tiles * gemm.mr * gemm.nr * blocks * 16 }

  func run() {
    let rows = Self.tiles &* gemm.mr
    input.base.withMemoryRebound(to: UInt16.self, capacity: 2 &* input.count) { words in
      panel.base.withMemoryRebound(to: UInt16.self, capacity: 2 &* panel.count) { weights in
        var arguments = ReducedGemmArguments(
          input: words, inputBlockStride: rows &* 16, blocks: blocks, tiles: Self.tiles, panel: weights,
          rowScales: scales.base, columnScales: scales.base, output: output.base, outputBlockStride: rows &* 16,
          prefetch: UnsafeRawPointer(panel.base), prefetchLines: 0, pixelPrefetch: UnsafeRawPointer(panel.base),
          pixelPrefetchLines: 0)
        gemm.run(&arguments)
      }
    }
  }
}

/// The same in 8 bits.
struct Int8PeakOperands: PeakProduct {
  private static let panelByteCount = 16 << 10, tiles = 16
  private let gemm: Int8Gemm
  private let blocks: Int
  private let input: AlignedFloats, panel: AlignedFloats, initial: AlignedFloats, pixels: AlignedFloats
  private let scales: AlignedFloats, bias: AlignedFloats
  let output: AlignedFloats

  init(_ kernels: Int8Kernels) {
    gemm = kernels.wideGemm
    blocks = max(1, Self.panelByteCount / (16 * gemm.nr))
    let (mr, nr) = (gemm.mr, gemm.nr)
    func filled<Element>(_ count: Int, _ value: (Int) -> Element) -> AlignedFloats {
      let memory = AlignedFloats(few: (count * MemoryLayout<Element>.size + 3) / 4)
      let elements = UnsafeMutableRawPointer(memory.base).assumingMemoryBound(to: Element.self)
      for i in 0..<count { elements[i] = value(i) }
      return memory
    }
    // Ones by ones, so that an output counts its products.
    let one = kernels.inputOffset + 1, offsets = -Int32(kernels.inputOffset) * Int32(blocks * 16)
    input = filled(blocks * mr * 16) { _ in one }
    panel = filled(blocks * 16 * nr) { _ in Int8(1) }
    initial = filled(nr) { _ in offsets }
    pixels = filled(Self.tiles * mr) { Int32($0 % mr * 16) }
    scales = filled(nr) { _ in Float(1) }
    bias = filled(nr) { _ in Float(0) }
    output = AlignedFloats(few: mr * nr)
  }

  var work: Int { 2 * Self.tiles * gemm.mr * gemm.nr * blocks * 16 }

  func run() {
    func pointer<Element>(_ memory: AlignedFloats) -> UnsafePointer<Element> {
      UnsafeRawPointer(memory.base).assumingMemoryBound(to: Element.self)
    }
    let tap: Int32 = 0
    withUnsafePointer(to: tap) { tap in
      var arguments = Int8GemmArguments(
        input: pointer(input), inputBlockStride: gemm.mr &* 16, blocks: blocks, taps: 1, tapOffsets: tap,
        inputPixels: pointer(pixels), outputPixels: pointer(pixels), tiles: Self.tiles, panel: pointer(panel),
        output: output.base, outputBlockStride: gemm.mr &* 16, initial: pointer(initial), scales: scales.base,
        bias: bias.base, slope: 1)
      gemm.run(&arguments)
    }
  }
}
