/// How far the engine may be from the published implementation, both in single precision.
enum Tolerance {
  /// Outputs of mapping, truncation, generator and encoder: largest absolute difference.
  static let network: Float = 1e-4
  /// Perceptual features: largest difference relative to the largest feature.
  static let features: Float = 1e-3
  /// Gradient of each loss term: largest difference relative to the largest entry.
  static let gradient: Float = 1e-4
  /// Codes along an optimization: largest absolute difference.
  static let codes: Float = 1e-3
  /// Losses along an optimization: relative.
  static let losses: Float = 1e-3
  /// PSNR of the generator against f32 weights, in dB.
  static let f16PSNR: Float = 55
  static let int8PSNR: Float = 35
}
