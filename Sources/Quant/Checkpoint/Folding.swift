/// The arithmetic that turns trained parameters into weights that are used as they stand: constants and statistics are
/// multiplied in, in double precision, and rounded once.
package enum Folding {
  /// Each value times a constant.
  static func scaled(_ values: consuming [Float], by factor: Double) -> [Float] {
    if factor == 1 { return values }
    for index in values.indices { values[index] = Float(Double(values[index]) * factor) }
    return values
  }

  /// Row `r` of the first dimension times `factors[r]`.
  ///
  /// Consumes its argument, so that the encoder's head, half a gigabyte, is not in memory twice.
  static func scaledRows(_ values: consuming [Float], by factors: [Double]) -> [Float] {
    guard !factors.isEmpty, !factors.allSatisfy({ $0 == 1 }) else { return values }
    let length = values.count / factors.count
    for (row, factor) in factors.enumerated() {
      for index in row * length..<(row + 1) * length { values[index] = Float(Double(values[index]) * factor) }
    }
    return values
  }

  /// 3×3 kernels with both axes the other way round.
  static func flippedKernels(_ values: [Float]) -> [Float] {
    values.indices.map { values[$0 / 9 * 9 + 8 - $0 % 9] }
  }

  /// Equalized learning rate (Karras et al., ICLR 2018, section 4.1): the constant `gain / √fanIn`.
  static func weightScale(fanIn: Int, gain: Double = 2.0.squareRoot()) -> Double {
    gain / Double(fanIn).squareRoot()
  }

  /// Fused up-sampling weights [3, 3, I, O] as the [O, I, 3, 3] of a convolution on the nearest-upsampled input.
  ///
  /// The published code sums the zero-padded kernel `w` with itself shifted by one in each direction, and transposes with
  /// stride 2, padding 1. In one dimension, with `K[a] = w[a] + w[a−1]`:
  /// `y[p] = Σᵢ x[i]·K[p+1−2i] = Σᵢ x[i]·(w[p+1−2i] + w[p−2i])`. The upsampled `u[2i] = u[2i+1] = x[i]` turns this into
  /// `Σ_q u[q]·w[p+1−q]`, which is the correlation `Σ_s c[s]·u[p−1+s]` with `c[s] = w[2−s]`: the kernel flipped.
  package static func unfused(_ values: [Float], inputs: Int, outputs: Int, scale: Double) -> [Float] {
    var result = [Float](repeating: 0, count: values.count)
    for y in 0..<3 {
      for x in 0..<3 {
        for input in 0..<inputs {
          let from = ((2 - y) * 3 + 2 - x) * inputs * outputs + input * outputs
          for output in 0..<outputs {
            result[(output * inputs + input) * 9 + y * 3 + x] = Float(Double(values[from + output]) * scale)
          }
        }
      }
    }
    return result
  }
}

/// Batch normalization in inference, as a factor and an offset per channel: `y = factor·x + offset`.
struct BatchNormalization {
  var factors: [Double]
  var offsets: [Double]

  static let epsilon = 1e-5

  /// `factor = γ / √(σ² + ε)`, `offset = β − μ·factor`; nothing where there is none (`name` nil).
  ///
  /// - Throws: `.tensor` where a variance is negative.
  init(_ reader: PartReader, _ name: String?, channels: Int) throws(CheckpointError) {
    guard let name else {
      self.init(factors: Array(repeating: 1, count: channels), offsets: Array(repeating: 0, count: channels))
      return
    }
    try self.init(
      reader, gamma: "\(name).weight", beta: "\(name).bias", mean: "\(name).running_mean",
      variance: "\(name).running_var")
  }

  /// TensorFlow's, behind the layer of that scope.
  init(tensorFlow reader: PartReader, _ scope: String) throws(CheckpointError) {
    let name = "\(scope)/batch_norm"
    try self.init(
      reader, gamma: "\(name)/gamma", beta: "\(name)/beta", mean: "\(name)/moving_mean",
      variance: "\(name)/moving_variance")
  }

  private init(factors: [Double], offsets: [Double]) {
    self.factors = factors
    self.offsets = offsets
  }

  private init(
    _ reader: PartReader, gamma: String, beta: String, mean: String, variance: String
  ) throws(CheckpointError) {
    let (gammas, betas) = (try reader.doubles(gamma), try reader.doubles(beta))
    let (means, variances) = (try reader.doubles(mean), try reader.doubles(variance))
    guard variances.allSatisfy({ $0 >= 0 }) else {
      throw .tensor(name: reader.fileName(variance), found: "a negative variance", expected: "none below 0")
    }
    let factors = zip(gammas, variances).map { $0 / ($1 + Self.epsilon).squareRoot() }
    self.factors = factors
    offsets = betas.indices.map { betas[$0] - means[$0] * factors[$0] }
  }

  /// Factor and offset as the tensors `name.scale` and `name.shift`, for what cannot take them in.
  static func tensors(
    _ name: String, _ read: @escaping () throws(CheckpointError) -> BatchNormalization
  ) -> [PlannedTensor] {
    [
      PlannedTensor(name: "\(name).scale") { () throws(CheckpointError) in try read().factors.map { Float($0) } },
      PlannedTensor(name: "\(name).shift") { () throws(CheckpointError) in try read().offsets.map { Float($0) } },
    ]
  }
}

/// A layer that takes the normalization behind it in: y = factor·(scale·W·x + bias) + offset.
struct FoldedLayer {
  var reader: PartReader
  var weight: String
  var bias: String?
  var scale = 1.0
  var normalization: () throws(CheckpointError) -> BatchNormalization

  /// As the tensors `name.weight` [rows, …] and `name.bias`.
  func tensors(_ name: String) -> [PlannedTensor] {
    [
      PlannedTensor(name: "\(name).weight") { () throws(CheckpointError) in
        let factors = try normalization().factors
        return Folding.scaledRows(try reader.floats(weight), by: factors.map { $0 * scale })
      },
      PlannedTensor(name: "\(name).bias") { () throws(CheckpointError) in
        let norm = try normalization()
        let bias = try bias.map { name throws(CheckpointError) in try reader.doubles(name) }
        return norm.offsets.indices.map { (row: Int) -> Float in
          let value: Double = bias?[row] ?? 0
          return Float(value * norm.factors[row] + norm.offsets[row])
        }
      },
    ]
  }
}
