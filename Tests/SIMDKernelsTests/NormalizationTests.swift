import SIMDKernels
import TestSupport
import Testing

@Suite struct NormalizationTests {
  static let epsilon: Float = 1e-5

  /// Mean, 1/√(var + ε) and Σg, Σg·x̂ by definition.
  struct Reference {
    var mean: [[Double]] = [], rstd: [[Double]] = [], sum: [[Double]] = [], dot: [[Double]] = []
    init(_ x: Planar, _ g: Planar) {
      let count = Double(x.h * x.w)
      for i in 0..<x.n {
        var means: [Double] = [], rstds: [Double] = [], sums: [Double] = [], dots: [Double] = []
        for k in 0..<x.c {
          let plane = ((i * x.c + k) * x.h * x.w)..<((i * x.c + k + 1) * x.h * x.w)
          let mean = x.values[plane].reduce(0, +) / count
          let variance = x.values[plane].reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
          let rstd = 1 / (variance + Double(NormalizationTests.epsilon)).squareRoot()
          means.append(mean)
          rstds.append(rstd)
          sums.append(g.values[plane].reduce(0, +))
          dots.append(zip(g.values[plane], x.values[plane]).reduce(0) { $0 + $1.0 * ($1.1 - mean) * rstd })
        }
        mean.append(means)
        rstd.append(rstds)
        sum.append(sums)
        dot.append(dots)
      }
    }
  }

  @Test("Statistics, modulation and both gradients")
  func modulation() {
    for (c, h, w) in awkwardShapes {
      var random = SeededRandom(11)
      let shape = BlockedShape(c, h, w, batch: 2)
      let x = Planar(shape, &random).map { _, k, _, _, v in v * Double(k + 1) / 8 + Double(k % 5) }
      let g = Planar(shape, &random)
      let reference = Reference(x, g)
      let input = x.blocked(halo: 1), gradient = g.blocked(halo: 1)
      let styles = DenseShape(rows: 2, columns: 2 * c)
      let style = denseBuffer(2, 2 * c) { _, _ in random.float() }
      let padded = shape.paddedChannels
      let label = "\((c, h, w))"

      func pair(_ a: [[Double]], _ b: [[Double]], padding: Double) -> [Double] {
        let zeros = [Double](repeating: 0, count: padded - c), rest = [Double](repeating: padding, count: padded - c)
        return (0..<2).flatMap { i -> [Double] in [a[i], zeros, b[i], rest].flatMap { $0 } }
      }
      let ofZeros = 1 / Double(NormalizationTests.epsilon).squareRoot()
      let statistics = GuardedBuffer(shape.statisticsCount), sums = GuardedBuffer(shape.statisticsCount)
      let expectedStatistics = pair(reference.mean, reference.rstd, padding: ofZeros)
      verify(flat: expectedStatistics, tolerance: Tolerance.statistics, "statistics \(label)") {
        $0.channelStatistics(statistics: $1, input: input.base, shape: shape, epsilon: NormalizationTests.epsilon)
        for i in 0..<shape.statisticsCount { statistics.base[i] = Float(expectedStatistics[i]) }
      }

      let modulated = x.map { i, k, _, _, v in
        let row = i * styles.rowStride
        return (v - reference.mean[i][k]) * reference.rstd[i][k] * (1 + Double(style.base[row + k]))
          + Double(style.base[row + c + k])
      }
      for halo in [0, 1] {
        verify(modulated, halo: halo, tolerance: Tolerance.statistics, "modulate \(label)") {
          $0.normalizeModulate(
            output: $1, input: input.base, statistics: statistics.base, style: style.base,
            styleRowStride: styles.rowStride, shape: shape, outputShape: BlockedShape(c, h, w, batch: 2, halo: halo))
        }
      }

      let unused = [Double](repeating: 0, count: styles.rowStride - 2 * c)
      let gradStyle = (0..<2).flatMap { i -> [Double] in reference.dot[i] + reference.sum[i] + unused }
      let magnitude = Double(h * w)
      verify(flat: gradStyle, tolerance: Tolerance.statistics, scale: magnitude, "gradient of style \(label)") {
        $0.modulationGradientSums(
          sums: sums.base, gradOutput: gradient.base, gradOutputShape: shape, input: input.base,
          statistics: statistics.base, shape: shape)
        $0.styleGradient(
          gradStyle: $1, shape: styles, sums: sums.base,
          sumsShape: DenseShape(rows: 2, columns: 2 * shape.paddedChannels), channels: c)
      }
      #expect(sums.isGuarded)
      let count = Double(h * w)
      let gradInput = g.map { i, k, y, column, v in
        let normalized = (x[i, k, y, column] - reference.mean[i][k]) * reference.rstd[i][k]
        return (1 + Double(style.base[i * styles.rowStride + k])) * reference.rstd[i][k]
          * (v - reference.sum[i][k] / count - normalized * reference.dot[i][k] / count)
      }
      let scale = reference.rstd.joined().max()! * 2
      verify(gradInput, tolerance: Tolerance.statistics, scale: scale, "gradient of data \(label)") {
        $0.normalizeModulateBackwardData(
          gradInput: $1, gradOutput: gradient.base, gradOutputShape: shape, input: input.base,
          statistics: statistics.base, style: style.base, styleRowStride: styles.rowStride, sums: sums.base,
          shape: shape)
      }
    }
  }

  @Test("Variance does not cancel where the mean is large")
  func largeMean() {
    var random = SeededRandom(12)
    let shape = BlockedShape(16, 64, 64)
    let x = Planar(shape, &random).map { _, _, _, _, v in Double(Float(v + 1000)) }
    let reference = Reference(x, x), input = x.blocked(halo: 1)
    for tier in Kernels.availableTiers {
      let statistics = GuardedBuffer(shape.statisticsCount)
      Kernels(cap: tier).channelStatistics(
        statistics: statistics.base, input: input.base, shape: shape, epsilon: NormalizationTests.epsilon)
      for k in 0..<16 {
        #expect(abs(Double(statistics.base[16 + k]) / reference.rstd[0][k] - 1) < 1e-3, "\(tier.rawValue)")
      }
    }
  }
}
