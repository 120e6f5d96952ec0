/// A photograph that edited faces are put into: its own pixels, upright, in its own colors where there is a way back to them.
///
/// What no patch reaches stays as it was, bit by bit. Rows come one after the other, so that memory does not grow with the
/// photograph.
package struct EditablePhoto {
  private let file: PictureFile
  private let colors: Colors?
  /// Whether the pixels have the colors of the file's profile, which then belongs to them.
  private let keepsProfile: Bool
  private var patches: [(patch: FacePatch, frame: FaceFrame)] = []

  /// The way between the stored colors and sRGB.
  private struct Colors {
    var toSRGB: ColorTransform
    var fromSRGB: ColorTransform
  }

  package init(_ file: PictureFile) {
    self.file = file
    let header = file.header
    let isRGB = header.layout.channels == .rgb || header.layout.channels == .rgbAlpha
    guard isRGB, !header.layout.isGray, case .profile = header.color else {
      colors = nil
      keepsProfile = false
      return
    }
    guard !ColorTransform.isIdentity(header.color) else {
      colors = nil
      keepsProfile = true
      return
    }
    if let toSRGB = ColorTransform(toSRGBFrom: header.color, layout: SampleLayout()),
      let fromSRGB = ColorTransform(fromSRGBTo: header.color)
    {
      colors = Colors(toSRGB: toSRGB, fromSRGB: fromSRGB)
    } else {
      colors = nil
    }
    keepsProfile = colors != nil
  }

  /// Puts a patch where a face is.
  ///
  /// - Parameter frame: the face's square, in the upright photograph.
  package mutating func put(_ patch: FacePatch, at frame: FaceFrame) { patches.append((patch, frame)) }

  /// What the photograph says about itself, for upright pixels.
  package var metadata: ImageMetadata { file.header.metadata.describingUprightPixels(keepsProfile: keepsProfile) }

  /// Writes the upright photograph with its patches.
  package func write(_ format: PictureFormat, to sink: @escaping ByteSink) throws {
    let size = PictureSize(width: file.header.width, height: file.header.height)
    let encoder = try format.encoder(size, metadata: metadata, to: sink)
    try rows { try encoder.append($0) }
    try encoder.finish()
  }

  /// The rows of the upright photograph with its patches, from the top.
  package func rows(_ take: (UnsafePointer<UInt8>) throws -> Void) throws {
    let width = file.header.width
    try file.uprightRows(keepsColors: keepsProfile) { row, pixels in
      for (patch, frame) in patches {
        blend(patch, frame, row: row, UnsafeMutableBufferPointer(start: pixels, count: width * 3))
      }
      try take(pixels)
    }
  }

  /// The whole photograph, in memory.
  package func picture() throws -> Image8 {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(file.header.width * file.header.height * 3)
    try rows { pixels.append(contentsOf: UnsafeBufferPointer(start: $0, count: file.header.width * 3)) }
    return Image8(height: file.header.height, width: file.header.width, pixels: pixels)
  }

  private func blend(_ patch: FacePatch, _ frame: FaceFrame, row: Int, _ pixels: UnsafeMutableBufferPointer<UInt8>) {
    let bounds = frame.bounds
    let columns = max(0, bounds.lower.x)..<max(0, min(pixels.count / 3, bounds.upper.x + 1))
    guard row >= bounds.lower.y, row <= bounds.upper.y, !columns.isEmpty else { return }
    let place = UnsafeMutableBufferPointer(rebasing: pixels[columns.lowerBound * 3..<columns.upperBound * 3])
    let before = [UInt8](place)
    if let colors { transform(place, colors.toSRGB) }
    var changed = [Bool](repeating: false, count: columns.count)
    for (index, column) in columns.enumerated() {
      changed[index] = blend(patch, frame, SIMD2(Double(column), Double(row)), place, at: index * 3)
    }
    guard let colors else { return }
    if changed.contains(true) { transform(place, colors.fromSRGB) }
    for index in changed.indices where !changed[index] {
      for sample in index * 3..<index * 3 + 3 { place[sample] = before[sample] }
    }
  }

  /// Changes a pixel of sRGB; tells whether it did.
  private func blend(
    _ patch: FacePatch, _ frame: FaceFrame, _ point: SIMD2<Double>, _ line: UnsafeMutableBufferPointer<UInt8>,
    at index: Int
  ) -> Bool {
    let offset = point - frame.center
    let scale = 1 / (frame.x * frame.x).sum()
    let s = ((offset * frame.x).sum() * scale + 1) / 2, t = ((offset * frame.y).sum() * scale + 1) / 2
    guard s > 0, s < 1, t > 0, t < 1 else { return false }
    let weight = patch.weight(s, t)
    guard weight > 0 else { return false }
    let value = patch.value(s, t)
    var isChanged = false
    for channel in 0..<3 {
      let own = line[index + channel]
      let target = patch.isDifference ? Float(own) + value[channel] : value[channel]
      let result = roundedByte(Float(own) + weight * (target - Float(own)))
      isChanged = isChanged || result != own
      line[index + channel] = result
    }
    return isChanged
  }

  private func transform(_ line: UnsafeMutableBufferPointer<UInt8>, _ transform: ColorTransform) {
    transform(line.baseAddress!, line.baseAddress!, pixelCount: line.count / 3)
  }
}
