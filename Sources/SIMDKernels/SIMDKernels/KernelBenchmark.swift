/// Times one linear operator with random data, forward or backward: what `idinv-lite bench kernels` asks for. Without memory
/// for it there is nothing to time: the process ends.
package struct KernelBenchmark: Sendable {
  /// What is multiplied.
  package enum Shape: Hashable, Sendable {
    /// [1, inputs, side, side] → [1, outputs, side, side], or twice or half the side, or twice and one.
    case convolution(ConvolutionForm, inputs: Int, outputs: Int, side: Int)
    /// [1, inputs] → [1, outputs], weights in halves.
    case dense(inputs: Int, outputs: Int)
  }

  package let shape: Shape
  package let direction: Direction

  package init(_ shape: Shape, _ direction: Direction) {
    self.shape = shape
    self.direction = direction
  }

  /// Floating-point operations of the definition.
  package var work: Int {
    switch shape {
    case .convolution(let form, let inputs, let outputs, let side):
      2 * inputs * outputs * form.kernel * form.kernel * form.products(height: side, width: side)
    case .dense(let inputs, let outputs): 2 * inputs * outputs
    }
  }

  /// The algorithms there are for the shape in this tier.
  package func algorithms(_ kernels: Kernels) -> [ConvolutionAlgorithm] {
    guard case .convolution(let form, let inputs, let outputs, let side) = shape else { return [.direct] }
    let read = direction == .forward ? side : form.outputExtent(side)
    let input = BlockedShape(
      batch: 1, channels: direction == .forward ? inputs : outputs, height: read, width: read, halo: 1)
    var algorithms: [ConvolutionAlgorithm] = [.direct]
    if kernels.table.reducedDirect != nil, ConvolutionAlgorithm.suitsDirectWords(form, channels: input.channels) {
      algorithms.append(.reducedDirect)
    }
    if let winograd = WinogradForm(form, direction), winograd.tiles(input) != nil {
      algorithms.append(.winograd)
      if CompactWeights.suits(outputs: outputs, inputs: inputs), form != .transposed2x {
        algorithms.append(.compactWinograd)
      }
      if CompactWeights.suits(outputs: outputs, inputs: inputs), WinogradForm(form, direction, .small) != nil {
        algorithms.append(.smallCompactWinograd)
      }
      if kernels.table.reduced != nil {
        algorithms.append(.reducedWinograd)
        if WinogradForm(form, direction, .small) != nil { algorithms.append(.smallReducedWinograd) }
      }
    }
    if direction == .forward, kernels.table.int8.isFast { algorithms.append(.int8) }
    return algorithms
  }

  /// Median seconds of `runs` calls after one that does not count, and what they execute.
  package func time(
    _ algorithm: ConvolutionAlgorithm, runs: Int, kernels: Kernels
  ) -> (seconds: Double, execution: ConvolutionExecution) {
    let body: () -> Void
    let execution: ConvolutionExecution
    switch shape {
    case .convolution(let form, let inputs, let outputs, let side):
      (body, execution) = convolution(form, inputs, outputs, side, algorithm, kernels)
    case .dense(let inputs, let outputs):
      body = dense(inputs, outputs, kernels)
      execution = ConvolutionExecution(matrixWork: work, transformByteCount: 0)
    }
    body()
    let clock = ContinuousClock()
    let times = (0..<max(1, runs)).map { _ in clock.measure(body) / .seconds(1) }.sorted()
    let middle = times.count / 2
    return (times.count % 2 == 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2, execution)
  }

  private func convolution(
    _ form: ConvolutionForm, _ inputs: Int, _ outputs: Int, _ side: Int, _ algorithm: ConvolutionAlgorithm,
    _ kernels: Kernels
  ) -> (() -> Void, ConvolutionExecution) {
    let written = form.outputExtent(side)
    let x = BlockedShape(batch: 1, channels: inputs, height: side, width: side, halo: 1)
    let y = BlockedShape(batch: 1, channels: outputs, height: written, width: written, halo: 1)
    let (from, to) = direction == .forward ? (x, y) : (y, x)
    let rowLength = inputs * form.kernel * form.kernel, weights = Self.values(outputs * rowLength)
    let packed: PackedConvolution
    let isCompactible = CompactWeights.suits(outputs: outputs, inputs: inputs) && !form.foldsTaps
    if algorithm == .compactWinograd || algorithm == .smallCompactWinograd
      || algorithm == .reducedDirect && isCompactible
    {
      let compact = try! CompactWeights(
        outputs: outputs, inputs: inputs, kernel: form.kernel,
        element: algorithm == .reducedDirect ? .word : .half, kernels: kernels
      ) { rows in
        Array(weights[rows.lowerBound * rowLength..<rows.upperBound * rowLength])
      }
      packed = try! PackedConvolution(compact, form: form, direction: direction, kernels: kernels, algorithm: algorithm)
    } else {
      packed = try! PackedConvolution(
        weights: weights, outputChannels: outputs, inputChannels: inputs, form: form, direction: direction,
        kernels: kernels, algorithm: algorithm)
    }
    let plan = ConvolutionPlan(packed, input: from, output: to, kernels: kernels)
    let source = Self.filled(from.elementCount), target = try! AlignedFloats(count: to.elementCount)
    let workspace = try! AlignedFloats(count: plan.workspaceByteCount / 4)
    let body = {
      kernels.convolve(
        plan, input: source.base, output: target.base,
        workspace: plan.workspaceByteCount == 0 ? nil : UnsafeMutableRawPointer(workspace.base))
    }
    return (body, plan.execution)
  }

  private func dense(_ inputs: Int, _ outputs: Int, _ kernels: Kernels) -> () -> Void {
    let halves = try! AlignedFloats(count: (inputs * outputs + 1) / 2)
    let bits = UnsafeMutableRawPointer(halves.base)
    for (i, value) in Self.values(inputs * outputs).enumerated() {
      bits.storeBytes(of: Float16(value).bitPattern, toByteOffset: 2 * i, as: UInt16.self)
    }
    let x = Self.filled((inputs + 15) & ~15), y = Self.filled((outputs + 15) & ~15)
    let (inputStride, outputStride) = (x.count, y.count)
    return { [direction] in
      let weights = DenseWeights(base: halves.base, element: .f16, outputs: outputs, inputs: inputs)
      if direction == .forward {
        kernels.dense(
          output: y.base, outputRowStride: outputStride, input: x.base, inputRowStride: inputStride, rows: 1,
          weights: weights, bias: nil, activation: .none)
      } else {
        kernels.denseBackwardData(
          gradInput: x.base, gradInputRowStride: inputStride, gradOutput: y.base, gradOutputRowStride: outputStride,
          rows: 1, weights: weights)
      }
    }
  }

  private static func values(_ count: Int) -> [Float] { (0..<count).map { Float($0 % 17) * 0.01 - 0.07 } }

  private static func filled(_ count: Int) -> AlignedFloats {
    let floats = try! AlignedFloats(count: count)
    for (i, value) in values(count).enumerated() { floats.base[i] = value }
    return floats
  }
}
