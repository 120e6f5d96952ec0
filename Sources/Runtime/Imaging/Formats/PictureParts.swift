/// Parts of picture files that have a format of their own, without a file around them: what the fuzzer looks at by itself.
package enum PictureParts {
  /// The orientation that an EXIF block states; nil where the bytes are none.
  package static func orientation(ofExif bytes: [UInt8]) -> Orientation? {
    guard let exif = Exif(bytes) else { return nil }
    _ = exif.describingUprightPixels()
    return exif.orientation
  }

  /// A pixel of mean samples in sRGB by an ICC profile of colors, or of inks; nil where the profile is of no use for that.
  package static func meanColor(by profile: [UInt8]) -> [UInt8]? {
    for channels in [SampleLayout.Channels.rgb, .cmyk] {
      let layout = SampleLayout(channels: channels)
      guard let transform = ColorTransform(toSRGBFrom: .profile(profile), layout: layout) else { continue }
      let samples = [UInt8](repeating: 128, count: layout.pixelByteCount)
      var result = [UInt8](repeating: 0, count: 3)
      transform(samples, &result, pixelCount: 1)
      return result
    }
    return nil
  }
}
