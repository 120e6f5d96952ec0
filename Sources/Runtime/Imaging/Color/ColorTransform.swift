import CLCMS
import Glibc

func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
func exponential(_ value: Double) -> Double { exp(value) }

/// From stored samples to 8-bit sRGB, or back, by Little CMS: relative colorimetric, with black point compensation of inks.
final class ColorTransform {
  private let handle: cmsHTRANSFORM

  /// - Returns: nil where the profile is damaged, or is of another color model than the samples.
  init?(toSRGBFrom color: StoredColor, layout: SampleLayout) {
    guard let profile = Profile(color), let format = profile.format(of: layout),
      let sRGB = Profile(.sRGB),
      let handle = cmsCreateTransform(
        profile.handle, format, sRGB.handle, idinv_lcms_rgb8(), UInt32(INTENT_RELATIVE_COLORIMETRIC),
        profile.isOfInks ? UInt32(cmsFLAGS_BLACKPOINTCOMPENSATION) : 0)
    else { return nil }
    self.handle = handle
  }

  /// From 8-bit sRGB to the colors of a profile.
  ///
  /// - Returns: nil where the profile does not tell the way back.
  init?(fromSRGBTo color: StoredColor) {
    let layout = SampleLayout()
    guard let sRGB = Profile(.sRGB), let profile = Profile(color), let format = profile.format(of: layout),
      let handle = cmsCreateTransform(
        sRGB.handle, idinv_lcms_rgb8(), profile.handle, format, UInt32(INTENT_RELATIVE_COLORIMETRIC), 0)
    else { return nil }
    self.handle = handle
  }

  deinit { cmsDeleteTransform(handle) }

  /// Transforms pixels; the target may be the source where their formats are the same.
  func callAsFunction(_ source: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, pixelCount: Int) {
    cmsDoTransform(handle, source, target, UInt32(pixelCount))
  }

  /// Whether no 8-bit color moves by more than one: a profile of sRGB. Such pixels are kept as they are.
  static func isIdentity(_ color: StoredColor) -> Bool {
    guard let transform = ColorTransform(toSRGBFrom: color, layout: SampleLayout()) else { return false }
    var colors: [UInt8] = []
    for red in stride(from: 0, through: 255, by: 15) {
      for green in stride(from: 0, through: 255, by: 15) {
        for blue in stride(from: 0, through: 255, by: 15) { colors += [UInt8(red), UInt8(green), UInt8(blue)] }
      }
    }
    var result = [UInt8](repeating: 0, count: colors.count)
    colors.withUnsafeBufferPointer { source in
      result.withUnsafeMutableBufferPointer {
        transform(source.baseAddress!, $0.baseAddress!, pixelCount: source.count / 3)
      }
    }
    return zip(colors, result).allSatisfy { abs(Int($0) - Int($1)) <= 1 }
  }
}

/// A color profile, open.
private final class Profile {
  let handle: cmsHPROFILE
  private let model: UInt32

  /// Larger ones are taken for attacks: those of printers have 2 MB.
  static let byteLimit = 16 << 20

  init?(_ color: StoredColor) {
    var opened: cmsHPROFILE?
    switch color {
    case .sRGB: opened = cmsCreate_sRGBProfile()
    case .profile(let bytes):
      guard bytes.count <= Self.byteLimit else { return nil }
      opened = cmsOpenProfileFromMem(bytes, UInt32(bytes.count))
    case .gamma(let exponent):
      var description = ColorDescription.sRGB
      description.transfer = .gamma(exponent)
      opened = Self.create(description)
    case .described(let description): opened = Self.create(description)
    }
    guard let opened else { return nil }
    handle = opened
    model = cmsGetColorSpace(opened).rawValue
  }

  deinit { cmsCloseProfile(handle) }

  var isOfInks: Bool { model == cmsSigCmykData.rawValue }

  /// How Little CMS calls rows of this layout; nil where the profile is not of their color model.
  func format(of layout: SampleLayout) -> UInt32? {
    let isWide = layout.bitDepth == 16
    switch (model, layout.channels) {
    case (cmsSigRgbData.rawValue, .rgb), (cmsSigRgbData.rawValue, .rgbAlpha):
      return (isWide ? idinv_lcms_rgb16() : idinv_lcms_rgb8()) | Self.extra(layout.channels.count - 3)
    case (cmsSigGrayData.rawValue, .rgb), (cmsSigGrayData.rawValue, .rgbAlpha):
      // Gray is stored three times: the first counts.
      guard layout.isGray else { return nil }
      return (isWide ? idinv_lcms_gray16() : idinv_lcms_gray8()) | Self.extra(layout.channels.count - 1)
    case (cmsSigCmykData.rawValue, .cmyk): return idinv_lcms_cmyk8()
    case (cmsSigCmykData.rawValue, .invertedCMYK): return idinv_lcms_cmyk8() | Self.reversed
    default: return nil
    }
  }

  /// `EXTRA_SH` and `FLAVOR_SH`: samples that are passed over, and 255 for no ink.
  private static func extra(_ count: Int) -> UInt32 { UInt32(count) << 7 }
  private static let reversed: UInt32 = 1 << 13

  private static func create(_ color: ColorDescription) -> cmsHPROFILE? {
    func xyY(_ point: SIMD2<Double>) -> cmsCIExyY { cmsCIExyY(x: point.x, y: point.y, Y: 1) }
    let points = [color.white, color.red, color.green, color.blue]
    guard points.allSatisfy({ (point: SIMD2<Double>) -> Bool in point.x > 0 && point.y > 0 && point.x + point.y <= 1 })
    else { return nil }
    var white = xyY(color.white)
    var primaries = cmsCIExyYTRIPLE(Red: xyY(color.red), Green: xyY(color.green), Blue: xyY(color.blue))
    let table = (0...4095).map { (index: Int) -> UInt16 in
      let linear = color.transfer.linear(Double(index) / 4095)
      return UInt16(min(max(linear, 0), 1) * 65535 + 0.5)
    }
    guard let curve = cmsBuildTabulatedToneCurve16(nil, UInt32(table.count), table) else { return nil }
    defer { cmsFreeToneCurve(curve) }
    var curves: [OpaquePointer?] = [curve, curve, curve]
    return cmsCreateRGBProfile(&white, &primaries, &curves)
  }
}
