@testable import SIMDKernels
import TestSupport
import Testing

/// One copy of the weights for both directions, widened where it is used, against packed floats.
@Suite struct CompactWeightsTests {
  /// How the weights are kept.
  enum Kind: CaseIterable {
    case halves, floats, rowsF32, rowsF16, rowsInt8
  }

  @Test("Both directions agree with packed floats; without upsampling bit for bit", arguments: ConvolutionCase.all)
  func agreesWithFloats(_ test: ConvolutionCase) {
    var random = SeededRandom(5)
    let k = test.form.kernel
    let rowLength = test.i * k * k
    let halves = random.floats(test.o * rowLength).map { Float16($0) }
    let codes = random.floats(test.o * rowLength).map { Int8(max(-127, min(127, ($0 * 127).rounded()))) }
    let scales = random.floats(test.o).map { abs($0) + 0.01 }
    let xShape = BlockedShape(test.i, test.h, test.w, batch: test.batch)
    let yShape = BlockedShape(test.o, test.outputHeight, test.outputWidth, batch: test.batch)
    let x = Planar(xShape, &random).blocked(halo: 1), y = Planar(yShape, &random).blocked(halo: 1)
    for kind in Kind.allCases {
      let isInt8 = kind == .rowsInt8
      let floats = isInt8 ? codes.indices.map { Float(codes[$0]) * scales[$0 / rowLength] } : halves.map(Float.init)
      for tier in Kernels.availableTiers {
        for threadCount in [1, 3] {
          let kernels = Kernels(threadCount: threadCount, cap: tier)
          let compact = Rows(floats: floats, halves: halves, codes: codes, scales: scales)
            .compact(kind, test, kernels: kernels)
          let bytes = kind == .halves ? paddedHalves(test) : kind == .floats ? 2 * paddedHalves(test) : 0
          #expect(compact.byteCount == bytes)
          for direction in [Direction.forward, .backwardData] {
            let (from, to) = direction == .forward ? (xShape, yShape) : (yShape, xShape)
            let input = direction == .forward ? x : y
            let packed = try! PackedConvolution(
              weights: floats, outputChannels: test.o, inputChannels: test.i, form: test.form, direction: direction,
              kernels: kernels, algorithm: .direct)
            let expected = run(packed, input.base, from, to, kernels)
            let found = run(
              try! PackedConvolution(compact, form: test.form, direction: direction, kernels: kernels), input.base,
              from, to,
              kernels)
            let label = "\(kind), \(direction), \(tier.rawValue), \(threadCount) threads"
            if !test.form.foldsTaps {
              #expect(found == expected, "\(label)")
            } else {
              // Folded taps are added in single precision instead of double.
              let most = zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
              let scale = expected.reduce(0) { max($0, abs($1)) }
              #expect(most <= 1e-6 * scale, "\(label): \(most) of \(scale)")
            }
          }
        }
      }
    }
  }

  @Test("Winograd's transforms just before use agree with packed ones", arguments: ConvolutionCase.tiled)
  func winograd(_ test: ConvolutionCase) { expectAgreement(test, .compactWinograd, with: .winograd) }

  @Test("So do those of small tiles with the definition", arguments: ConvolutionCase.smallTiled)
  func smallTiles(_ test: ConvolutionCase) { expectAgreement(test, .smallCompactWinograd, with: .direct) }

  /// `algorithm` on compact weights of all kinds, both directions, against `other` on packed ones.
  private func expectAgreement(
    _ test: ConvolutionCase, _ algorithm: ConvolutionAlgorithm, with other: ConvolutionAlgorithm
  ) {
    var random = SeededRandom(6)
    let rowLength = test.i * 9
    let halves = random.floats(test.o * rowLength).map { Float16($0) }, floats = halves.map(Float.init)
    let rows = Rows(floats: floats, halves: halves, codes: [], scales: [])
    let xShape = BlockedShape(test.i, test.h, test.w, batch: test.batch)
    let yShape = BlockedShape(test.o, test.outputHeight, test.outputWidth, batch: test.batch)
    let x = Planar(xShape, &random).blocked(halo: 1), y = Planar(yShape, &random).blocked(halo: 1)
    for tier in Kernels.availableTiers {
      for direction in [Direction.forward, .backwardData] {
        let (from, to) = direction == .forward ? (xShape, yShape) : (yShape, xShape)
        let input = direction == .forward ? x : y
        var first: [Float]?
        // With the least cache each chunk is one block of channels, and each image goes alone.
        let ways: [(Int, Kind, Int?)] = [(1, .halves, nil), (3, .halves, 1), (2, .floats, nil), (2, .rowsF16, nil)]
        for (threadCount, kind, cache) in ways {
          var kernels = Kernels(threadCount: threadCount, cap: tier)
          if let cache {
            kernels.cacheByteCount = cache
            kernels.passByteCount = cache
          }
          let compact = rows.compact(kind, test, kernels: kernels)
          let found = run(
            try! PackedConvolution(
              compact, form: test.form, direction: direction, kernels: kernels, algorithm: algorithm),
            input.base, from, to, kernels)
          let label = "\(kind), \(direction), \(tier.rawValue), \(threadCount) threads"
          if let first {
            #expect(found == first, "\(label): differs from one thread")
            continue
          }
          first = found
          let packed = try! PackedConvolution(
            weights: floats, outputChannels: test.o, inputChannels: test.i, form: test.form, direction: direction,
            kernels: kernels, algorithm: other)
          let expected = run(packed, input.base, from, to, kernels)
          // Transformed in single precision instead of double.
          let most = zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
          let scale = expected.reduce(0) { max($0, abs($1)) }
          #expect(most <= 3e-6 * scale, "\(label): \(most) of \(scale)")
        }
      }
    }
  }

  @Test("Sizes can be had without touching a weight")
  func planning() {
    let kernels = Kernels(threadCount: 2).planning
    let compact = try! CompactWeights(outputs: 48, inputs: 40, kernel: 3, kernels: kernels) { _ in
      Issue.record("asked for weights")
      return []
    }
    #expect(compact.byteCount == 48 * 48 * 9 * 2)
    let nowhere = UnsafeBufferPointer<Float>(start: UnsafePointer(bitPattern: 64), count: 512 * 512 * 9)
    for algorithm in [ConvolutionAlgorithm.direct, .winograd] {
      let packed = try! PackedConvolution(
        weights: nowhere, outputChannels: 512, inputChannels: 512, form: .same(kernel: 3), direction: .forward,
        kernels: kernels, algorithm: algorithm)
      #expect(packed.byteCount >= 512 * 512 * 9 * 4)
    }
  }

  private func paddedHalves(_ test: ConvolutionCase) -> Int {
    func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
    return padded(test.o) * padded(test.i) * test.form.kernel * test.form.kernel * 2
  }

  private func run(
    _ packed: PackedConvolution, _ input: UnsafePointer<Float>, _ from: BlockedShape, _ to: BlockedShape,
    _ kernels: Kernels
  ) -> [Float] {
    let plan = ConvolutionPlan(packed, input: from, output: to, kernels: kernels)
    let workspace = GuardedBuffer(plan.workspaceByteCount / 4), output = GuardedBuffer(to.elementCount)
    kernels.convolve(plan, input: input, output: output.base, workspace: UnsafeMutableRawPointer(workspace.base))
    #expect(workspace.isGuarded && output.isGuarded, "wrote outside of its memory")
    return output.values
  }

  /// Weights as a file has them, in memory that compact weights keep alive.
  private struct Rows {
    var floats: [Float], halves: [Float16], codes: [Int8], scales: [Float]

    func compact(_ kind: Kind, _ test: ConvolutionCase, kernels: Kernels) -> CompactWeights {
      let k = test.form.kernel, rowLength = test.i * k * k
      func borrow(_ bytes: RawCopy, _ element: DenseWeights.Element, _ owners: [RawCopy]) -> CompactWeights {
        CompactWeights(
          borrowing: DenseWeights(base: bytes.base, element: element, outputs: test.o, inputs: rowLength),
          inputs: test.i, kernel: k, owner: owners)
      }
      switch kind {
      case .halves, .floats:
        let floats = floats
        return try! CompactWeights(
          outputs: test.o, inputs: test.i, kernel: k, element: kind == .halves ? .half : .float, kernels: kernels
        ) {
          Array(floats[$0.lowerBound * rowLength..<$0.upperBound * rowLength])
        }
      case .rowsF32:
        let bytes = RawCopy(floats)
        return borrow(bytes, .f32, [bytes])
      case .rowsF16:
        let bytes = RawCopy(halves.map(\.bitPattern))
        return borrow(bytes, .f16, [bytes])
      case .rowsInt8:
        let bytes = RawCopy(codes), factors = RawCopy(scales)
        return borrow(bytes, .int8(scales: factors.base.assumingMemoryBound(to: Float.self)), [bytes, factors])
      }
    }
  }

  /// Exactly the bytes of an array: a read past them is a read of memory that is not ours.
  private final class RawCopy: @unchecked Sendable {
    let base: UnsafeRawPointer

    init<Element>(_ values: [Element]) {
      let bytes = values.count * MemoryLayout<Element>.stride
      let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      values.withUnsafeBytes { memory.copyMemory(from: $0.baseAddress!, byteCount: bytes) }
      base = UnsafeRawPointer(memory)
    }

    deinit { base.deallocate() }
  }
}
