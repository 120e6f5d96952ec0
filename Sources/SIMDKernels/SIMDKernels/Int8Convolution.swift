/// Scratch memory of a convolution with operands of 8 bits: the input's codes, in the input's layout, and the scales.
struct Int8Workspace: Sendable {
  let scaling: ImageScaling
  /// Floats of the output's scales `[image][phase][channel]`.
  let scaleFloats: Int
  let codeBytes: Int

  init(_ weights: Int8Weights, input: BlockedShape) {
    scaling = ImageScaling(input)
    scaleFloats = input.batch * weights.taps.count * weights.paddedOutputs
    codeBytes = input.batch * input.imageStride
  }

  /// Whole cache lines.
  var byteCount: Int { (codeBytes + (scaleFloats + scaling.maximumFloats) * 4 + 63) & ~63 }
}

extension Kernels {
  /// The direct algorithm on codes: the input is quantized image by image, with its zero border; then for each block of
  /// pixels and panel of output channels, one pass over the pixels per chunk of input channels, 32-bit sums kept in the
  /// output's memory.
  func convolveInt8(
    _ plan: ConvolutionPlan, _ weights: Int8Weights, _ blocking: DirectBlocking, _ memory: Int8Workspace,
    _ operands: ConvolutionOperands
  ) {
    guard let workspace = operands.workspace else { preconditionFailure("this convolution needs its workspace") }
    let scales = workspace.assumingMemoryBound(to: Float.self)
    let maxima = scales + memory.scaleFloats
    let codes = (workspace + (memory.scaleFloats &+ memory.scaling.maximumFloats) &* 4).assumingMemoryBound(
      to: UInt8.self)
    // What a unit of the sums stands for, and the codes.
    let count = weights.taps.count &* weights.paddedOutputs, int8 = table.int8
    scaleImages(
      memory.scaling, limit: 127, maxima: maxima,
      largest: { int8.largestMagnitude(operands.input + $0.start, $0.vectors) },
      unit: { image, unit in
        for i in 0..<count { scales[image &* count &+ i] = weights.scales.base[i] * unit }
      },
      encode: { piece, factor in
        int8.quantize(
          codes + piece.start, operands.input + piece.start, factor, weights.inputOffset, piece.vectors)
      })
    let quantized = (codes: UnsafePointer(codes), scales: UnsafePointer(scales))
    forEachBlock(plan, blocking, panels: weights.panels.count, operands.output) { block, panel, _ in
      convolveBlock(plan, weights, blocking, quantized, operands, (block, panel))
    }
  }

  /// All phases of one block of pixels and one panel.
  private func convolveBlock(
    _ plan: ConvolutionPlan, _ weights: Int8Weights, _ blocking: DirectBlocking,
    _ quantized: (codes: UnsafePointer<UInt8>, scales: UnsafePointer<Float>), _ operands: ConvolutionOperands,
    _ place: (block: Int, panel: Int)
  ) {
    let (block, index) = place
    let panel = weights.panels[index]
    let gemm = panel.blocks == 1 ? table.int8.narrowGemm : table.int8.wideGemm
    let channel = panel.firstBlock &* 16
    let corner = blocking.start(block, panel, plan)
    let source = quantized.codes + corner.input
    blocking.forEachPhase(block, mr: gemm.mr) { phase, taps, inputPixels, outputPixels, tiles in
      let start = weights.codes(phase, index)
      let tapCount = weights.taps[phase], blockBytes = tapCount &* 256 &* panel.blocks
      let firstScale: Int = (corner.image &* weights.taps.count &+ phase) &* weights.paddedOutputs &+ channel
      var arguments = Int8GemmArguments(
        input: source, inputBlockStride: plan.input.blockStride, blocks: 0, taps: tapCount, tapOffsets: taps,
        inputPixels: inputPixels, outputPixels: outputPixels, tiles: tiles, panel: start,
        output: operands.output + corner.output + blocking.phaseOffsets[phase],
        outputBlockStride: plan.output.blockStride,
        initial: weights.initial(phase, panel), scales: nil, bias: operands.bias + channel, slope: operands.slope)
      var first = 0
      while first < weights.inputBlocks {
        let count = min(blocking.blocksPerChunk, weights.inputBlocks &- first)
        arguments.input = source + first &* plan.input.blockStride
        arguments.blocks = count
        arguments.panel = start + first &* blockBytes
        first &+= count
        if first == weights.inputBlocks { arguments.scales = quantized.scales + firstScale }
        if blocking.isWeightBound {
          // The next chunk has about as many lines as this one; past the last panel the fetch is harmless.
          arguments.prefetch = UnsafeRawPointer(start + first &* blockBytes)
          arguments.prefetchLines = (count &* blockBytes / 64 &+ tiles &- 1) / tiles
        }
        gemm.run(&arguments)
        arguments.initial = nil
      }
    }
  }
}

extension Int8Weights: AlgorithmWeights {
  var readByteCount: Int { byteCount }

  func bound(to site: ConvolutionSite) -> any ConvolutionBinding {
    let int8 = site.kernels.table.int8
    precondition(inputOffset == int8.inputOffset && depth == int8.depth, "the weights were packed for another tier")
    return Int8Binding(
      weights: self,
      blocking: DirectBlocking(
        self, geometry: site.geometry, input: site.input, output: site.output, kernels: site.kernels),
      memory: Int8Workspace(self, input: site.input),
      // Quantization reads twice and writes a quarter.
      execution: ConvolutionExecution(
        directly: taps, channels: inputBlocks * 16, site.output, arithmetic: .bytes,
        transformByteCount: site.input.byteCount / 4 * 9))
  }
}

private struct Int8Binding: ConvolutionBinding {
  let weights: Int8Weights
  let blocking: DirectBlocking
  let memory: Int8Workspace
  let execution: ConvolutionExecution

  var workspaceByteCount: Int { memory.byteCount }

  func convolve(_ plan: ConvolutionPlan, _ operands: ConvolutionOperands, on kernels: Kernels) {
    kernels.convolveInt8(plan, weights, blocking, memory, operands)
  }
}
