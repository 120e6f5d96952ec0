import Foundation

/// The mean of a StyleGAN2 mapping network's w over random z, for files that do not state it.
enum MeanCode {
  /// As the published scripts take.
  static let sampleCount = 4096

  private static let slope: Float = 0.2, epsilon: Float = 1e-8

  /// The same numbers each time: z are normal deviates of a fixed seed.
  ///
  /// - Parameter layers: dense layers with all constants folded in, [O, I] and [O]; leaky ReLU behind each.
  static func estimate(_ layers: [(weight: [Float], bias: [Float])]) -> [Float] {
    guard let first = layers.first, let last = layers.last else { return [] }
    var random = Deviates(state: 0x6964_696e_7600_0002)
    var mean = [Double](repeating: 0, count: last.bias.count)
    // Several z at a time, so that a weight that is read is used often.
    let batch = 16, inputs = first.weight.count / first.bias.count
    for _ in 0..<sampleCount / batch {
      var features = (0..<batch).map { _ in normalized((0..<inputs).map { _ in random.next() }) }
      for layer in layers { features = apply(layer, to: features) }
      for row in features { for (index, value) in row.enumerated() { mean[index] += Double(value) } }
    }
    return mean.map { Float($0 / Double(sampleCount)) }
  }

  private static func normalized(_ z: [Float]) -> [Float] {
    let square = z.reduce(0) { $0 + $1 * $1 } / Float(max(1, z.count))
    let factor = 1 / (square + epsilon).squareRoot()
    return z.map { $0 * factor }
  }

  private static func apply(_ layer: (weight: [Float], bias: [Float]), to rows: [[Float]]) -> [[Float]] {
    let outputs = layer.bias.count, inputs = layer.weight.count / max(1, outputs)
    // Feature by feature, the rows side by side: sums of several rows at once.
    let width = rows.count
    var columns = [Float](repeating: 0, count: inputs * width)
    for (r, row) in rows.enumerated() { for i in 0..<inputs { columns[i * width + r] = row[i] } }
    var results = [[Float]](repeating: [Float](repeating: 0, count: outputs), count: width)
    var sums = [Float](repeating: 0, count: width)
    layer.weight.withUnsafeBufferPointer { weight in
      columns.withUnsafeBufferPointer { columns in
        for o in 0..<outputs {
          for r in 0..<width { sums[r] = layer.bias[o] }
          sums.withUnsafeMutableBufferPointer { sums in
            for i in 0..<inputs {
              let w = weight[o &* inputs &+ i]
              for r in 0..<width { sums[r] += w * columns[i &* width &+ r] }
            }
          }
          for r in 0..<width { results[r][o] = sums[r] > 0 ? sums[r] : sums[r] * slope }
        }
      }
    }
    return results
  }

  /// Normal deviates by Box and Muller's method from SplitMix64.
  private struct Deviates {
    var state: UInt64
    private var spare: Double?

    init(state: UInt64) { self.state = state }

    private mutating func uniform() -> Double {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
    }

    mutating func next() -> Float {
      if let spare {
        self.spare = nil
        return Float(spare)
      }
      let radius = (-2 * log(1 - uniform())).squareRoot(), angle = 2 * Double.pi * uniform()
      spare = radius * sin(angle)
      return Float(radius * cos(angle))
    }
  }
}
