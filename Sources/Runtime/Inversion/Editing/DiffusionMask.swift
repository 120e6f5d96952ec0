import Glibc
import Imaging

/// What of a target is pasted into a context, and held there by the masked objective (Zhu et al., ECCV 2020, sec. 4.4).
package struct DiffusionMask: Sendable, Equatable {
  /// Side of the square pictures, R.
  package let resolution: Int
  /// Whether each pixel is the target's: [R, R].
  package let isTarget: [Bool]

  /// A square of the target. What lies outside of the picture is cut off.
  ///
  /// As published, the square begins `size / 2`, rounded down, left of and above its center.
  ///
  /// - Throws: `.badOption` if nothing or all of the picture would be the target's.
  package init(resolution: Int, size: Int, centerX: Int, centerY: Int) throws(InversionError) {
    let columns = centerX - size / 2..<centerX - size / 2 + size
    let rows = centerY - size / 2..<centerY - size / 2 + size
    try self.init(
      resolution: resolution,
      isTarget: (0..<resolution * resolution).map {
        columns.contains($0 % resolution) && rows.contains($0 / resolution)
      },
      what: "crop box", description: "\(size) × \(size) around (\(centerX), \(centerY))")
  }

  /// The bright pixels of a picture: those whose mean of red, green and blue is above the middle.
  ///
  /// - Throws: `.badOption` if nothing or all of the picture would be the target's.
  package init(_ picture: Image8) throws(InversionError) {
    precondition(picture.width == picture.height)
    let pixels = picture.pixels
    let isBright = (0..<picture.width * picture.height).map { pixel -> Bool in
      let red = Int(pixels[3 * pixel]), green = Int(pixels[3 * pixel + 1]), blue = Int(pixels[3 * pixel + 2])
      return red + green + blue > 3 * 127
    }
    try self.init(resolution: picture.width, isTarget: isBright, what: "mask", description: "bright pixels")
  }

  private init(resolution: Int, isTarget: [Bool], what: String, description: String) throws(InversionError) {
    let count = isTarget.lazy.filter { $0 }.count
    guard count > 0, count < isTarget.count else {
      throw .badOption(
        name: what, expected: "a part of the picture's \(resolution) × \(resolution) pixels",
        found: "\(description), which is \(count == 0 ? "none" : "all") of them")
    }
    self.resolution = resolution
    self.isTarget = isTarget
  }

  /// The published square, 110 pixels around (125, 145) of 256, at the same share of other pictures.
  package static func publishedBox(resolution: Int) -> (size: Int, centerX: Int, centerY: Int) {
    func scaled(_ pixels: Int) -> Int { (2 * pixels * resolution + 256) / 512 }
    return (max(1, scaled(110)), scaled(125), scaled(145))
  }

  /// The mask of the objective: 1 for the target's pixels, [3, R, R].
  package var values: [Float] {
    let plane = isTarget.map { $0 ? Float(1) : 0 }
    return plane + plane + plane
  }

  /// White for the target's pixels.
  package var picture: Image8 {
    Image8(
      height: resolution, width: resolution, pixels: isTarget.flatMap { [UInt8](repeating: $0 ? 255 : 0, count: 3) })
  }

  /// 10 log₁₀(255² / MSE) within the mask, in dB; infinite for equal pixels.
  package func psnr(_ a: Image8, _ b: Image8) -> Double {
    precondition(a.width == resolution && a.height == resolution && b.width == resolution && b.height == resolution)
    var sum = 0
    var count = 0
    for pixel in isTarget.indices where isTarget[pixel] {
      for channel in 3 * pixel..<3 * pixel + 3 {
        let difference = Int(a.pixels[channel]) - Int(b.pixels[channel])
        sum += difference * difference
        count += 1
      }
    }
    return 10 * log10(255 * 255 * Double(count) / Double(sum))
  }

  /// The target's pixels on the context: x = m·target + (1 − m)·context.
  package func paste(_ target: Image8, onto context: Image8) -> Image8 {
    precondition(target.width == resolution && target.height == resolution)
    precondition(context.width == resolution && context.height == resolution)
    var pixels = context.pixels
    for pixel in isTarget.indices where isTarget[pixel] {
      for channel in 3 * pixel..<3 * pixel + 3 { pixels[channel] = target.pixels[channel] }
    }
    return Image8(height: resolution, width: resolution, pixels: pixels)
  }
}
