import Quant
import SIMDKernels

/// [1,3,3,1]⊗[1,3,3,1]/16 with zero padding 1, then every second pixel of every second row: the adjoint of `UpsampleFIR`, four times
/// a mean. Input [N, C, 2H, 2W] → [N, C, H, W].
package struct DownsampleFIR: Operator {
  package init() {}
  package var name: String { "downsample-fir" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { .blocked(try halved(inputs[0])) }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.inputs[0]), try blocked(site.output), site.kernels)
    return PreparedOperator(planes: output) { memory, plane in
      kernels.upsampleFIR2xBackward(
        gradInput: memory.output, gradOutput: memory.inputs[0], outputShape: input, inputShape: output, plane: plane)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(UpsampleFIR(), gradOutput)]
  }
}

/// The inverse of `PixelShuffle`: pixels become four phases of channels, each padded to whole blocks of 16. Input
/// [N, C, 2H, 2W] → [N, 4·C₁₆, H, W].
package struct PixelUnshuffle: Operator {
  package init() {}
  package var name: String { "pixel-unshuffle" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    var shape = try halved(inputs[0])
    shape.channels = 4 * shape.paddedChannels
    return .blocked(shape)
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.inputs[0]), try blocked(site.output), site.kernels)
    return PreparedOperator(planes: input) { memory, plane in
      kernels.pixelUnshuffle(
        output: memory.output, input: memory.inputs[0], outputShape: output, inputShape: input, plane: plane)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(PixelShuffle(channels: try blocked(graph.shape(of: node.inputs[0])).channels), gradOutput)]
  }
}

/// The filter [1,3,3,1]⊗[1,3,3,1]/64 with zero padding 2, and a 3×3 convolution of stride 2 without padding, as one 3×3 convolution
/// of the image's four phases (`PixelUnshuffle`): what stride-2 convolutions of StyleGAN2's discriminator do (Karras et al., CVPR
/// 2020), and encoders like it.
///
/// Along one axis, with f = [1,3,3,1]/8, the two are one kernel k = w ∗ f of six taps from −2 to 3 around pixel 2i. Its even taps
/// meet the even phase at i − 1, i, i + 1, its odd ones the odd phase.
package enum DownsamplingPhases {
  /// Phase → tap → the share of each of the kernel's three weights.
  private static let shares: [[[Double]]] = [
    [[0.125, 0, 0], [0.375, 0.375, 0.125], [0, 0.125, 0.375]],
    [[0.375, 0.125, 0], [0.125, 0.375, 0.375], [0, 0, 0.125]],
  ]

  /// Input channels of a phase: whole blocks of 16, as `PixelUnshuffle` makes them.
  static func phaseChannels(_ inputs: Int) -> Int { (inputs + 15) & ~15 }

  /// [O, I, 3, 3] → [O, 4·I₁₆, 3, 3]; channels beyond I of each phase are zero.
  package static func weights(_ values: [Float], outputs: Int, inputs: Int) -> [Float] {
    precondition(values.count == outputs * inputs * 9, "weights must be [O][I][3][3]")
    let phase = phaseChannels(inputs)
    var result = [Float](repeating: 0, count: outputs * 4 * phase * 9)
    for index in 0..<4 {
      // The tensor product of two phases: [tap][kernel], 9 by 9.
      var matrix: [Float] = []
      for tap in 0..<9 {
        for k in 0..<9 {
          let row = shares[index / 2][tap / 3][k / 3], column = shares[index % 2][tap % 3][k % 3]
          matrix.append(Float(row * column))
        }
      }
      for output in 0..<outputs {
        for input in 0..<inputs {
          let from = (output * inputs + input) * 9, to = ((output * 4 + index) * phase + input) * 9
          for tap in 0..<9 {
            var sum: Float = 0
            for k in 0..<9 { sum += matrix[tap * 9 + k] * values[from + k] }
            result[to + tap] = sum
          }
        }
      }
    }
    return result
  }
}

extension ConvolutionWeights {
  /// A convolution behind the filter, by a tensor [O, I, 3, 3] of a mapped model file. As with up-sampling ones, its phases are made
  /// whenever they are packed: `.streamed` storage is compact storage here.
  ///
  /// - Parameter bias: [O] or nil.
  package convenience init(
    downsampling tensor: WeightTensor, bias: [Float]?, storage: WeightStorage = .fastest
  ) {
    let (outputs, inputs) = (tensor.shape[0], tensor.shape[1])
    self.init(
      name: tensor.name, outputChannels: outputs, inputChannels: 4 * DownsamplingPhases.phaseChannels(inputs),
      form: .same(kernel: 3), bias: bias, mayBeHalves: tensor.dtype != .f32, storage: storage
    ) {
      defer { tensor.adviseDontNeed() }
      return DownsamplingPhases.weights(tensor.floats(), outputs: outputs, inputs: inputs)
    }
  }
}
