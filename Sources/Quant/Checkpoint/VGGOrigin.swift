/// Where a VGG16's weights come from, which decides what its input is: nothing but the weights says so.
///
/// The two networks in use were trained apart, and fine-tuning moves first layers little: the nine weights of the first
/// filter on the first channel tell them from each other and from all others. Sources: the weights as torchvision's
/// `vgg16-397923af.pth` and Keras's `vgg16_weights_tf_dim_ordering_tf_kernels.h5` (the original ones of Caffe) have them, in
/// print in many places.
enum VGGOrigin {
  private static let torchvision: [Float] = [
    -0.5537, 0.1427, 0.5290, -0.5831, 0.3566, 0.7657, -0.6902, -0.0480, 0.4841,
  ]
  /// On the blue channel, which comes first.
  private static let caffe: [Float] = [
    0.42947, 0.37347, -0.06136, 0.27477, 0.03868, -0.36722, -0.05747, -0.26225, -0.35010,
  ]
  /// Prints have four digits, and half precision has three.
  private static let tolerance: Float = 1e-3

  /// The input that the weights want; nil where they are of neither network.
  ///
  /// - Parameter weights: the first convolution's, [64, 3, 3, 3].
  static func input(of weights: [Float]) -> PerceptualInput? {
    guard weights.count >= 27 else { return nil }
    if matches(weights[..<9], torchvision) { return .torchvision }
    if matches(weights[..<9], caffe) { return .caffe }
    return nil
  }

  /// Whether they are Caffe's with the channels in RGB order, which no one else has.
  static func isReversedCaffe(_ weights: [Float]) -> Bool { weights.count >= 27 && matches(weights[18..<27], caffe) }

  private static func matches(_ weights: ArraySlice<Float>, _ known: [Float]) -> Bool {
    zip(weights, known).allSatisfy { abs($0 - $1) <= tolerance }
  }
}
