import SIMDKernels

// The few names of the kernel layer that a network is written in. Everything else stays below this module.
package typealias Kernels = SIMDKernels.Kernels
package typealias Activation = SIMDKernels.Activation
package typealias ConvolutionForm = SIMDKernels.ConvolutionForm
package typealias ProductArithmetic = SIMDKernels.ProductArithmetic

extension Shape {
  /// An image tensor [batch, channels, height, width], with the zero border that convolutions read.
  package static func image(batch: Int, channels: Int, height: Int, width: Int) -> Shape {
    .blocked(BlockedShape(batch: batch, channels: channels, height: height, width: width, halo: 1))
  }

  /// A dense tensor [rows, columns].
  package static func matrix(rows: Int, columns: Int) -> Shape {
    .dense(DenseShape(rows: rows, columns: columns))
  }

  /// Extents without padding: [N, C, H, W] or [rows, columns].
  package var extents: [Int] {
    switch self {
    case .blocked(let s): [s.batch, s.channels, s.height, s.width]
    case .dense(let s): [s.rows, s.columns]
    }
  }
}
