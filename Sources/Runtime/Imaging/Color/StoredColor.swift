/// What the samples of a picture mean.
enum StoredColor: Equatable, Sendable {
  /// IEC 61966-2-1, and what says nothing about itself.
  case sRGB
  /// The primaries of sRGB, and samples that are linear light to the power of this exponent (PNG's `gAMA`).
  case gamma(Double)
  /// Primaries and transfer function, without a profile (PNG's `cHRM` and `cICP`).
  case described(ColorDescription)
  /// An ICC profile.
  case profile([UInt8])
}

/// An RGB color space by its chromaticities (CIE 1931 xy) and its transfer function.
struct ColorDescription: Equatable, Sendable {
  enum Transfer: Equatable, Sendable {
    case sRGB
    /// Samples are linear light to the power of this exponent.
    case gamma(Double)
    /// SMPTE ST 2084, with diffuse white at 203 cd/m² (ITU-R BT.2408); what is brighter is clipped.
    case perceptualQuantizer
    /// ITU-R BT.2100 hybrid log-gamma, with diffuse white at 75 % of the signal; what is brighter is clipped.
    case hybridLogGamma

    /// Linear light of a sample in 0...1, 1 for diffuse white.
    func linear(_ sample: Double) -> Double {
      switch self {
      case .sRGB: return sample <= 0.04045 ? sample / 12.92 : power((sample + 0.055) / 1.055, 2.4)
      case .gamma(let exponent): return power(sample, 1 / exponent)
      case .perceptualQuantizer:
        let root = power(sample, 1 / 78.84375)
        return min(
          1, power(max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root), 1 / 0.1593017578125) * 10_000 / 203)
      case .hybridLogGamma:
        let (a, b, c) = (0.17883277, 0.28466892, 0.55991073)
        func scene(_ v: Double) -> Double { v <= 0.5 ? v * v / 3 : (exponential((v - c) / a) + b) / 12 }
        return min(1, scene(sample) / scene(0.75))
      }
    }
  }
  var white: SIMD2<Double>
  var red: SIMD2<Double>, green: SIMD2<Double>, blue: SIMD2<Double>
  var transfer: Transfer

  static let d65 = SIMD2(0.3127, 0.3290)
  static let sRGB = ColorDescription(
    white: d65, red: SIMD2(0.64, 0.33), green: SIMD2(0.30, 0.60), blue: SIMD2(0.15, 0.06), transfer: .sRGB)

  /// Whether the chromaticities are those of sRGB, but for rounding.
  var hasPrimariesOfSRGB: Bool {
    let other = Self.sRGB
    return [white - other.white, red - other.red, green - other.green, blue - other.blue].allSatisfy {
      abs($0.x) < 0.002 && abs($0.y) < 0.002
    }
  }

  /// From the code points of ITU-T H.273 that PNG's `cICP` holds; nil for those that pictures do not use.
  init?(primaries: UInt8, transfer: UInt8) {
    self = Self.sRGB
    switch primaries {
    case 1: break
    case 9:
      (red, green, blue) = (SIMD2(0.708, 0.292), SIMD2(0.170, 0.797), SIMD2(0.131, 0.046))
    case 11:
      white = SIMD2(0.314, 0.351)
      (red, green, blue) = (SIMD2(0.680, 0.320), SIMD2(0.265, 0.690), SIMD2(0.150, 0.060))
    case 12:
      (red, green, blue) = (SIMD2(0.680, 0.320), SIMD2(0.265, 0.690), SIMD2(0.150, 0.060))
    default: return nil
    }
    switch transfer {
    // Pictures in the transfer functions of BT.709 and BT.2020 are shown as those of sRGB.
    case 1, 6, 13, 14, 15: self.transfer = .sRGB
    case 4: self.transfer = .gamma(1 / 2.2)
    case 5: self.transfer = .gamma(1 / 2.8)
    case 8: self.transfer = .gamma(1)
    case 16: self.transfer = .perceptualQuantizer
    case 18: self.transfer = .hybridLogGamma
    default: return nil
    }
  }

  init(
    white: SIMD2<Double>, red: SIMD2<Double>, green: SIMD2<Double>, blue: SIMD2<Double>, transfer: Transfer
  ) {
    self.white = white
    self.red = red
    self.green = green
    self.blue = blue
    self.transfer = transfer
  }
}
