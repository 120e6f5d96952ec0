/// Weights as they come, seen from the direction at hand: `o` and `c` are channels written and read.
struct DirectedWeights {
  var weights: UnsafeBufferPointer<Float>
  var kernel: Int
  var inputChannels: Int
  var isTransposed: Bool

  /// The kernel that connects the channels, row-major.
  @inline(__always) func base(o: Int, c: Int) -> UnsafePointer<Float> {
    weights.baseAddress! + (isTransposed ? c &* inputChannels &+ o : o &* inputChannels &+ c) &* kernel &* kernel
  }

  /// 3×3 kernels of a block of input channels and a panel of output channels: `[tap][16][nr]`, zeros for missing channels.
  ///
  /// - Parameter flips: whether kernels are read backwards.
  func gather(
    _ panel: Panel, block: Int, inputs: Int, outputs: Int, flips: Bool, _ taps: UnsafeMutablePointer<Float>
  ) {
    let nr = panel.blocks &* 16, firstOutput = panel.firstBlock &* 16, tapStride = 16 &* nr
    let wanted = min(nr, outputs &- firstOutput), channels = min(16, inputs &- block &* 16)
    if wanted < nr || channels < 16 { taps.update(repeating: 0, count: 9 &* tapStride) }
    for n in 0..<wanted {
      for c in 0..<channels {
        let kernel = base(o: firstOutput &+ n, c: block &* 16 &+ c), target = taps + (c &* nr &+ n)
        if flips {
          for tap in 0..<9 { target[tap &* tapStride] = kernel[8 &- tap] }
        } else {
          for tap in 0..<9 { target[tap &* tapStride] = kernel[tap] }
        }
      }
    }
  }
}
