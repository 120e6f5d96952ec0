import SIMDKernels

/// What a convolution costs, for comparing ways to save memory: in operations of a direct convolution that take as long.
/// Rough, by measurement of layers of the published networks.
extension ConvolutionWeights {
  /// One direction, as it is used.
  struct Use: Sendable {
    var algorithm: ConvolutionAlgorithm
    /// The algorithm of compact weights.
    var compactAlgorithm: ConvolutionAlgorithm
    /// By definition.
    var work: Int
  }

  func noteUse(
    _ direction: Direction, _ algorithm: ConvolutionAlgorithm, compactly compactAlgorithm: ConvolutionAlgorithm,
    reading input: BlockedShape
  ) {
    var trained = input
    if direction == .backwardData {
      (trained.height, trained.width) = (form.inputExtent(input.height), form.inputExtent(input.width))
    }
    let work = work(on: trained)
    uses.withLock {
      $0[direction] = Use(
        algorithm: algorithm, compactAlgorithm: compactAlgorithm, work: max(work, $0[direction]?.work ?? 0))
    }
  }

  package var isUsed: Bool { uses.withLock { !$0.isEmpty } }

  /// Of all directions that are used.
  package var cost: Double { Direction.allCases.reduce(0) { $0 + cost($1) } }

  func cost(_ direction: Direction) -> Double {
    guard let use = uses.withLock({ $0[direction] }) else { return 0 }
    return cost(use.work, use.algorithm, storage)
  }

  private func cost(_ work: Int, _ algorithm: ConvolutionAlgorithm, _ storage: WeightStorage) -> Double {
    Self.share(form, algorithm) * Double(work) + costOfWidening(storage, algorithm)
  }

  /// What `storage: .compact` would add.
  package var costOfCompactness: Double {
    uses.withLock { uses in
      uses.values.reduce(0) { sum, use in
        sum + cost(use.work, use.compactAlgorithm, .compact) - cost(use.work, use.algorithm, storage)
      }
    }
  }

  /// Bytes that `storage: .compact` would save.
  package var savedByCompactness: Int {
    guard isUsed, isCompactible, storage == .fastest else { return 0 }
    let halves = CompactWeights.byteCount(outputs: outputChannels, inputs: inputChannels, kernel: form.kernel)
    return packedByteCounts.reduce(0) { $0 + $1.byteCount }
      - (mayBeHalves ? halves : source.tensor?.byteCount ?? 2 * halves)
  }

  /// Time of an algorithm's operation by definition, against a direct one.
  private static func share(_ form: ConvolutionForm, _ algorithm: ConvolutionAlgorithm) -> Double {
    switch (form, algorithm) {
    case (.same, .direct), (.downsample2x, .direct): 1
    case (.same, .winograd): 0.35
    case (.same, .compactWinograd): 0.3
    case (.same, .smallCompactWinograd): 0.5
    case (.same, .reducedWinograd): 0.25
    case (.same, .smallReducedWinograd): 0.4
    case (.same, .reducedDirect), (.downsample2x, .reducedDirect): 0.55
    case (.same, .int8), (.downsample2x, .int8): 0.28
    case (.transposed2x, .direct): 1
    case (.transposed2x, .winograd): 0.65
    case (.transposed2x, .reducedWinograd): 0.35
    case (.transposed2x, .reducedDirect): 0.55
    case (.transposed2x, .int8): 0.28
    // Never taken.
    case (.downsample2x, _), (.transposed2x, _): 1
    // The direct algorithm folds four products of nine into one.
    case (.upsample2x, .direct): 0.45
    case (.upsample2x, .winograd): 0.27
    case (.upsample2x, .compactWinograd), (.upsample2x, .smallCompactWinograd): 0.2
    case (.upsample2x, .reducedWinograd), (.upsample2x, .smallReducedWinograd): 0.2
    case (.upsample2x, .reducedDirect): 0.25
    case (.upsample2x, .int8): 0.13
    }
  }

  /// Per use: each weight is widened once or more, and transformed, in about as long as so many operations take.
  private func costOfWidening(_ storage: WeightStorage, _ algorithm: ConvolutionAlgorithm) -> Double {
    let perWeight: Double
    switch (algorithm, storage) {
    case (.winograd, _), (.reducedWinograd, _), (.smallReducedWinograd, _), (.int8, _), (.direct, .fastest),
      (.reducedDirect, .fastest):
      return 0
    // Words lie as products take them, unless taps are folded or they are made of a file's floats.
    case (.reducedDirect, .compact) where !form.foldsTaps && mayBeHalves: return 0
    case (.direct, .compact), (.reducedDirect, .compact): perWeight = 20
    case (.direct, .streamed), (.reducedDirect, .streamed): perWeight = 100
    case (.compactWinograd, .fastest), (.compactWinograd, .compact): perWeight = 70
    case (.compactWinograd, .streamed): perWeight = 150
    case (.smallCompactWinograd, .fastest), (.smallCompactWinograd, .compact): perWeight = 40
    case (.smallCompactWinograd, .streamed): perWeight = 120
    }
    return perWeight * Double(outputChannels * inputChannels * kernelArea)
  }
}

extension Direction {
  static let allCases: [Direction] = [.forward, .backwardData]
}
