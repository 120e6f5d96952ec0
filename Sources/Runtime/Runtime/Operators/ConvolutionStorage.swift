import Quant
import SIMDKernels

/// Where the weights of a convolution come from: a tensor of a model file, or a function that makes them.
struct ConvolutionSource: Sendable {
  let tensor: WeightTensor?
  /// For int8: the scales, in memory that stays.
  let scales: ConstantBuffer?
  private let load: @Sendable () -> [Float]

  init(_ tensor: WeightTensor) {
    self.tensor = tensor
    scales = tensor.dtype == .i8 ? tensor.scales.map(ConstantBuffer.init) : nil
    load = { tensor.floats() }
  }

  init(_ load: @escaping @Sendable () -> [Float]) {
    tensor = nil
    scales = nil
    self.load = load
  }

  /// Calls `body` with all weights as floats; the file's pages are given back. Planning gets memory that it must not touch.
  func withValues<Result>(
    count: Int, isPlanning: Bool, _ body: (UnsafeBufferPointer<Float>) throws(GraphError) -> Result
  ) throws(GraphError) -> Result {
    if isPlanning { return try body(UnsafeBufferPointer(start: UnsafePointer(bitPattern: 64), count: count)) }
    let values = load()
    tensor?.adviseDontNeed()
    var outcome: Swift.Result<Result, GraphError>?
    values.withUnsafeBufferPointer { values in
      do throws(GraphError) { outcome = .success(try body(values)) } catch { outcome = .failure(error) }
    }
    return try outcome!.get()
  }

  /// Compact weights that stay in the file; nil for weights of no file.
  func borrowed(inputs: Int, kernel: Int) -> CompactWeights? {
    guard let tensor, let element else { return nil }
    let weights = tensor.withUnsafeBytes { bytes in
      DenseWeights(base: bytes.baseAddress!, element: element, outputs: tensor.shape[0], inputs: tensor.rowLength)
    }
    return CompactWeights(borrowing: weights, inputs: inputs, kernel: kernel, owner: Owner(source: self))
  }

  private struct Owner: Sendable { let source: ConvolutionSource }

  private var element: DenseWeights.Element? {
    switch tensor?.dtype {
    case .f32: .f32
    case .f16: .f16
    case .i8: scales.map { .int8(scales: $0.base) }
    default: nil
    }
  }

  /// Packs panels, of a file without all of the weights as floats at one time.
  func packed(
    outputs: Int, inputs: Int, kernel: Int, element: CompactWeights.Element, kernels: Kernels
  ) throws(GraphError) -> CompactWeights {
    defer { tensor?.adviseDontNeed() }
    let values = tensor != nil || kernels.isPlanning ? [] : load(), rowLength = inputs * kernel * kernel
    do throws(OutOfMemory) {
      return try CompactWeights(
        outputs: outputs, inputs: inputs, kernel: kernel, element: element, kernels: kernels
      ) { rows in
        tensor?.floats(rows: rows) ?? Array(values[rows.lowerBound * rowLength..<rows.upperBound * rowLength])
      }
    } catch {
      throw .outOfMemory(byteCount: error.byteCount)
    }
  }
}

extension ConvolutionWeights {
  /// Whether the direct algorithm can read these weights as halves or in the file.
  var isCompactible: Bool { CompactWeights.suits(outputs: outputChannels, inputs: inputChannels) }

  /// The one copy that both directions read; nil where the algorithm's weights are packed floats.
  ///
  /// The direct algorithm folds the taps of upsampling while it widens them, for which packed floats of f32 files and of
  /// the fastest storage are the better bargain.
  func compactWeights(
    _ algorithm: ConvolutionAlgorithm, for kernels: Kernels
  ) throws(GraphError) -> CompactWeights? {
    switch algorithm {
    case .compactWinograd, .smallCompactWinograd: break
    case .direct:
      guard isCompactible, storage != .fastest || mayBeHalves && !form.foldsTaps else { return nil }
    case .reducedDirect:
      guard isCompactible, storage != .fastest || !form.foldsTaps && !hasOwnBackward else { return nil }
    case .winograd, .reducedWinograd, .smallReducedWinograd, .int8: return nil
    }
    let element: CompactWeights.Element =
      algorithm == .reducedDirect && !form.foldsTaps ? .word : mayBeHalves ? .half : .float
    let key = CompactPacking(element: element, tier: kernels.table.tier, isPlanned: kernels.isPlanning)
    if let existing = compact.withLock({ $0[key] }) { return existing }
    // Single precision is not thrown away; where memory is short it is read in the file, as it is.
    let borrows = storage == .streamed || storage == .compact && !mayBeHalves
    let made: CompactWeights
    if borrows, let borrowed = source.borrowed(inputs: inputChannels, kernel: form.kernel) {
      made = borrowed
    } else {
      made = try source.packed(
        outputs: outputChannels, inputs: inputChannels, kernel: form.kernel, element: element, kernels: kernels)
    }
    return compact.withLock { $0.keep(made, for: key) }
  }

  /// Gives the file's pages back that a use has brought in.
  func didUse() {
    if storage == .streamed { source.tensor?.adviseDontNeed() }
  }

  /// Bytes that are read where they lie in the file, and stay in memory.
  package var mappedByteCount: Int {
    storage == .compact && !mayBeHalves && isUsed && isCompactible ? source.tensor?.byteCount ?? 0 : 0
  }

  /// Bytes of packed weights, by how they are packed.
  package var packedByteCounts: [(packing: String, byteCount: Int)] {
    var counts = compact.withLock { $0.values.map { ($0.byteCount > 0 ? "compact" : "streamed", $0.byteCount) } }
    for (key, packing) in packed.withLock({ $0 }) where packing.byteCount > 0 {
      counts.append(("\(key.algorithm) \(key.direction == .forward ? "forward" : "backward")", packing.byteCount))
    }
    return counts.sorted { $0.0 < $1.0 }
  }
}
