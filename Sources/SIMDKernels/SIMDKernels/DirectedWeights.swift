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
}
