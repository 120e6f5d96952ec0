import SIMDKernels

// The few names of the kernel layer that a network is written in. Everything else stays below this module.
public typealias Kernels = SIMDKernels.Kernels
public typealias Activation = SIMDKernels.Activation
public typealias ConvolutionForm = SIMDKernels.ConvolutionForm

extension Shape {
  /// An image tensor [batch, channels, height, width], with the zero border that convolutions read.
  public static func image(batch: Int, channels: Int, height: Int, width: Int) -> Shape {
    .blocked(BlockedShape(batch: batch, channels: channels, height: height, width: width, halo: 1))
  }

  /// A dense tensor [rows, columns].
  public static func matrix(rows: Int, columns: Int) -> Shape {
    .dense(DenseShape(rows: rows, columns: columns))
  }

  /// Extents without padding: [N, C, H, W] or [rows, columns].
  public var extents: [Int] {
    switch self {
    case .blocked(let s): [s.batch, s.channels, s.height, s.width]
    case .dense(let s): [s.rows, s.columns]
    }
  }
}
