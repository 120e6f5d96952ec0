import Quant

/// A 3×3 transposed convolution of stride 2 and the filter [1,3,3,1]⊗[1,3,3,1]/16 behind it, as StyleGAN2 doubles its feature
/// maps (Karras et al., CVPR 2020), on the small image: each of the four phases of the large one is a 3×3 convolution.
///
/// In one dimension the transposed convolution gives t[2i + k] += x[i]·w[k], and the filter y[n] = Σₘ f[m]·t[n + m − 1], f =
/// [1,3,3,1]/4. So
///
///     y[2i]     = (f₀w₁ + f₁w₂) x[i−1] + (f₁w₀ + f₂w₁ + f₃w₂) x[i] + f₃w₀ x[i+1]
///     y[2i + 1] = f₀w₂ x[i−1] + (f₀w₀ + f₁w₁ + f₂w₂) x[i] + (f₂w₀ + f₃w₁) x[i+1]
package enum UpsamplingPhases {
  /// Phase → tap → the share of each of the kernel's three weights.
  private static let shares: [[[Double]]] = [
    [[0, 0.25, 0.75], [0.75, 0.75, 0.25], [0.25, 0, 0]],
    [[0, 0, 0.25], [0.25, 0.75, 0.75], [0.75, 0.25, 0]],
  ]

  /// Output channels of a phase: whole blocks of 16, as `PixelShuffle` takes them.
  package static func phaseChannels(_ outputs: Int) -> Int { (outputs + 15) & ~15 }

  /// [O, I, 3, 3] → [4·O₁₆, I, 3, 3]; rows beyond O of each phase are zero.
  package static func weights(_ values: [Float], outputs: Int, inputs: Int) -> [Float] {
    precondition(values.count == outputs * inputs * 9, "weights must be [O][I][3][3]")
    let phase = phaseChannels(outputs)
    var result = [Float](repeating: 0, count: 4 * phase * inputs * 9)
    // The tensor product of two phases: [tap][kernel], 9 by 9.
    for index in 0..<4 {
      var matrix = [Float](repeating: 0, count: 81)
      for tap in 0..<9 {
        for k in 0..<9 {
          matrix[tap * 9 + k] = Float(shares[index / 2][tap / 3][k / 3] * shares[index % 2][tap % 3][k % 3])
        }
      }
      values.withUnsafeBufferPointer { values in
        result.withUnsafeMutableBufferPointer { result in
          for pair in 0..<outputs * inputs {
            let from = pair &* 9, to = (index &* phase &* inputs &+ pair) &* 9
            for tap in 0..<9 {
              var sum: Float = 0
              for k in 0..<9 { sum += matrix[tap &* 9 &+ k] * values[from &+ k] }
              result[to &+ tap] = sum
            }
          }
        }
      }
    }
    return result
  }
}

extension ConvolutionWeights {
  /// The four phases of an up-sampling convolution by a tensor [O, I, 3, 3] of a mapped model file, without bias.
  ///
  /// They are made of the file's weights whenever they are packed, so that neither the file nor the memory holds them as
  /// floats. They cannot be read in the file itself: `.streamed` storage is compact storage here.
  package convenience init(
    upsampling tensor: WeightTensor, storage: WeightStorage = .fastest, int8: Int8Permission = .refused
  ) {
    let (outputs, inputs) = (tensor.shape[0], tensor.shape[1])
    self.init(
      name: tensor.name, outputChannels: 4 * UpsamplingPhases.phaseChannels(outputs), inputChannels: inputs,
      form: .same(kernel: 3), mayBeHalves: tensor.dtype != .f32, int8: int8, storage: storage
    ) {
      defer { tensor.adviseDontNeed() }
      return UpsamplingPhases.weights(tensor.floats(), outputs: outputs, inputs: inputs)
    }
  }
}

extension SquaredWeights {
  /// Of a tensor [O, I, k, k] of a mapped model file.
  package convenience init(_ tensor: WeightTensor) {
    self.init(name: tensor.name, outputs: tensor.shape[0], inputs: tensor.shape[1]) {
      defer { tensor.adviseDontNeed() }
      return tensor.floats()
    }
  }
}
