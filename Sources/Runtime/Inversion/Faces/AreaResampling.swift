import Imaging
import Runtime

extension Image8 {
  /// A part of the picture at another size as [3, H, W], (x − 127.5) / 128: each pixel the plain mean of all source pixels that
  /// it touches (PyTorch's adaptive average pooling, which `interpolate(mode="area")` is).
  func areaResampled(
    rows: Range<Int>, columns: Range<Int>, height newHeight: Int, width newWidth: Int, kernels: Kernels? = nil
  ) -> [Float] {
    /// The source pixels of each target.
    func windows(_ range: Range<Int>, _ count: Int) -> [Range<Int>] {
      (0..<count).map {
        range.lowerBound + $0 * range.count / count..<range.lowerBound + (($0 + 1) * range.count + count - 1) / count
      }
    }
    let rowWindows = windows(rows, newHeight), columnWindows = windows(columns, newWidth)
    let plane = newHeight * newWidth
    let start = columns.lowerBound * 3, count = columns.count * 3
    var result = [Float](repeating: 0, count: 3 * plane)
    result.withUnsafeMutableBufferPointer { result in
      pixels.withUnsafeBufferPointer { source in
        let target = UnsafeSendable(result.baseAddress!)
        func line(_ row: Int) {
          withUnsafeTemporaryAllocation(of: UInt32.self, capacity: count) { sums in
            sums.initialize(repeating: 0)
            for sourceRow in rowWindows[row] {
              let pixels = source.baseAddress! + sourceRow * width * 3 + start
              for index in 0..<count { sums[index] &+= UInt32(pixels[index]) }
            }
            for column in 0..<newWidth {
              let window = columnWindows[column]
              var total = SIMD4<UInt32>()
              for place in window {
                let index = (place - columns.lowerBound) * 3
                total &+= SIMD4(sums[index], sums[index + 1], sums[index + 2], 0)
              }
              let area = Float(rowWindows[row].count * window.count)
              for channel in 0..<3 {
                target.value[channel * plane + row * newWidth + column] =
                  (Float(total[channel]) / area - 127.5) * 0.0078125
              }
            }
          }
        }
        if let kernels {
          kernels.forEachPlane(newHeight, cost: rows.count * count / 4) { line($0) }
        } else {
          for row in 0..<newHeight { line(row) }
        }
      }
    }
    return result
  }
}

/// Rows are written by several threads, each to its own.
private struct UnsafeSendable: @unchecked Sendable {
  let value: UnsafeMutablePointer<Float>
  init(_ value: UnsafeMutablePointer<Float>) { self.value = value }
}
