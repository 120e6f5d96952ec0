/// A photograph that edited faces are put into: its own pixels as stored, in its own colors where there is a way back to them.
///
/// What no patch reaches stays as it was, bit by bit.
package struct EditablePhoto {
  /// As stored, not turned.
  private var picture: Image8
  private let orientation: Orientation
  private let colors: Colors?
  /// Whether the pixels have the colors of the file's profile, which then belongs to them.
  private let keepsProfile: Bool
  private let original: ImageMetadata

  /// The way between the stored colors and sRGB.
  private struct Colors {
    var toSRGB: ColorTransform
    var fromSRGB: ColorTransform
  }

  package init(_ file: PictureFile) throws(ImagingError) {
    let header = file.header
    let isRGB = header.layout.channels == .rgb || header.layout.channels == .rgbAlpha
    var colors: Colors?
    if isRGB, !header.layout.isGray, case .profile = header.color, !ColorTransform.isIdentity(header.color),
      let toSRGB = ColorTransform(toSRGBFrom: header.color, layout: SampleLayout()),
      let fromSRGB = ColorTransform(fromSRGBTo: header.color)
    {
      colors = Colors(toSRGB: toSRGB, fromSRGB: fromSRGB)
    }
    self.colors = colors
    var keepsProfile = colors != nil
    if isRGB, !header.layout.isGray, case .profile = header.color {
      keepsProfile = colors != nil || ColorTransform.isIdentity(header.color)
    }
    self.keepsProfile = keepsProfile
    picture = try file.stored(keepsColors: keepsProfile)
    orientation = header.orientation
    original = header.metadata
  }

  /// Puts a patch where a face is.
  ///
  /// - Parameter frame: the face's square, in the upright photograph.
  package mutating func put(_ patch: FacePatch, at frame: FaceFrame) {
    let size = SIMD2(picture.width, picture.height)
    var stored = frame
    stored.center = orientation.stored(frame.center, in: size)
    stored.x = orientation.storedDirection(frame.x)
    stored.y = orientation.storedDirection(frame.y)
    let bounds = stored.bounds
    let columns = max(0, bounds.lower.x)..<max(0, min(picture.width, bounds.upper.x + 1))
    let rows = max(0, bounds.lower.y)..<max(0, min(picture.height, bounds.upper.y + 1))
    guard !columns.isEmpty, !rows.isEmpty else { return }
    var line = [UInt8](repeating: 0, count: columns.count * 3)
    var changed = [Bool](repeating: false, count: columns.count)
    for row in rows {
      picture.readRow(row, columns: columns, into: &line)
      let before = line
      if let colors { transform(&line, colors.toSRGB) }
      var isChanged = false
      for column in columns {
        let place = column - columns.lowerBound
        changed[place] = blend(patch, stored, SIMD2(Double(column), Double(row)), &line, at: place * 3)
        isChanged = isChanged || changed[place]
      }
      guard isChanged else { continue }
      if let colors { transform(&line, colors.fromSRGB) }
      for place in changed.indices where !changed[place] {
        for index in place * 3..<place * 3 + 3 { line[index] = before[index] }
      }
      picture.writeRow(row, column: columns.lowerBound, line)
    }
  }

  /// Changes a pixel of sRGB; tells whether it did.
  private func blend(
    _ patch: FacePatch, _ frame: FaceFrame, _ point: SIMD2<Double>, _ line: inout [UInt8], at index: Int
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

  private func transform(_ line: inout [UInt8], _ transform: ColorTransform) {
    let count = line.count / 3
    line.withUnsafeMutableBufferPointer { transform($0.baseAddress!, $0.baseAddress!, pixelCount: count) }
  }

  /// The upright photograph, and what it says about itself.
  ///
  /// - Precondition: called once; there is no more to put into it.
  package mutating func finished() -> (picture: Image8, metadata: ImageMetadata) {
    picture.turnUpright(orientation)
    return (picture, original.describingUprightPixels(keepsProfile: keepsProfile))
  }
}

extension Image8 {
  fileprivate func readRow(_ row: Int, columns: Range<Int>, into line: inout [UInt8]) {
    let start = (row * width + columns.lowerBound) * 3
    for index in line.indices { line[index] = pixels[start + index] }
  }
}
