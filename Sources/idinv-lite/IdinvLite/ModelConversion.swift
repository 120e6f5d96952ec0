import Checkpoint
import FoundationEssentials
import Quant

/// Trained checkpoints that become one model file.
public struct ModelConversion: Sendable {
  /// How weights are stored.
  public enum Precision: String, Sendable, CaseIterable {
    case f32, f16, int8
  }

  /// What the perceptual network was trained on.
  public enum PerceptualInput: String, Sendable, CaseIterable {
    /// BGR less a mean, as published.
    case caffe
    case torchvision
  }

  /// Checkpoints whose networks are recognized; they fill the parts that have no path of their own.
  public var files: [String] = []
  /// Paths of the parts; at least one, or a file. `attributes` needs `perceptual`, whose feature it reads.
  public var generator: String?
  public var encoder: String?
  public var perceptual: String?
  public var attributes: String?
  public var precision = Precision.f16
  /// Whether the generator's image passes through tanh; nil: as the program has it that wrote the checkpoint.
  public var finalTanh: Bool?
  /// Whether the encoder was built with `use_wscale`.
  public var encoderWScale = false
  /// Truncation factor ψ and number of truncated layers; nil for the checkpoint's own, else 0.7 and 8.
  public var truncationPsi: Float?
  public var truncationLayers: Int?
  /// Layers of the perceptual network to keep; nil: up to the ReLU of conv4_3 in a VGG16, all in others.
  public var perceptualLayers: Int?
  /// Nil: what the weights tell, else Caffe's.
  public var perceptualInput: PerceptualInput?
  /// Interval of pixel values.
  public var pixelRange: ClosedRange<Float> = -1...1
  /// Whether tensors that the published networks do not have are ignored instead of refused.
  public var ignoresUnknownTensors = false
  /// Terms under which the weights may be used, and where they come from; kept in the file.
  public var licence = ""
  public var note = ""

  public init(
    generator: String? = nil, encoder: String? = nil, perceptual: String? = nil, attributes: String? = nil,
    precision: Precision = .f16
  ) {
    self.generator = generator
    self.encoder = encoder
    self.perceptual = perceptual
    self.attributes = attributes
    self.precision = precision
  }

  /// Converts, and writes a model file, whole or not at all.
  ///
  /// - Parameters:
  ///   - output: the model file (`.idinv`).
  ///   - progress: told the share done, 0 to 1.
  /// - Throws: `.missingFile`, `.inputOutput`; `.badData` where a checkpoint is damaged or of no known network;
  ///   `.cannotCreate`; `.invalidArgument`.
  public func run(
    to output: String, progress: (@Sendable (Double) -> Void)? = nil
  ) throws(IdinvError) -> ConversionSummary {
    let paths = files + [generator, encoder, perceptual, attributes].compactMap { $0 }
    guard generator != nil || encoder != nil || perceptual != nil || !files.isEmpty else {
      throw IdinvError(.invalidArgument, "conversion: expected a generator, an encoder or a perceptual network")
    }
    guard pixelRange.lowerBound < pixelRange.upperBound, pixelRange.lowerBound.isFinite, pixelRange.upperBound.isFinite
    else { throw IdinvError(.invalidArgument, "pixel range: expected two numbers, found \(pixelRange)") }
    guard !paths.contains(output) else {
      throw IdinvError(.invalidArgument, "\(output): is one of the checkpoints; expected another name", path: output)
    }
    let given = Conversion(
      [.generator: generator, .encoder: encoder, .perceptual: perceptual, .attributes: attributes], options: resolved)
    let report = try IdinvError.wrapping(path: paths.count == 1 ? paths[0] : nil) {
      try given.assigning(files).conversion.run(to: output, progress: progress)
    }
    return ConversionSummary(report)
  }

  private var resolved: ConversionOptions {
    var options = ConversionOptions()
    options.precision =
      switch precision {
      case .f32: .f32
      case .f16: .f16
      case .int8: .int8
      }
    options.finalTanh = finalTanh
    options.encoderWScale = encoderWScale
    options.truncationPsi = truncationPsi
    options.truncationLayers = truncationLayers
    options.perceptualLayers = perceptualLayers
    options.perceptualInput = perceptualInput.map { $0 == .caffe ? .caffe : .torchvision }
    options.pixelMinimum = pixelRange.lowerBound
    options.pixelMaximum = pixelRange.upperBound
    options.ignoresUnknownTensors = ignoresUnknownTensors
    options.licence = licence
    options.note = note
    options.creator = "idinv-lite \(idinvLiteVersion)"
    return options
  }
}

/// What a conversion found, concluded and left out.
public struct ConversionSummary: Sendable {
  /// The model file, its size and its SHA-256 (64 lowercase hexadecimal digits).
  public let path: String
  public let byteCount: Int
  public let sha256: String
  /// Resolution, layers, channels and so on, from names and shapes.
  public let inferred: [String]
  /// What deserves a look.
  public let warnings: [String]
  /// Names in the checkpoints that nothing was taken from.
  public let ignored: [String]
  /// All of this as JSON, as the command's `convert --json` prints it.
  public let json: String

  init(_ report: ConversionReport) {
    path = report.path
    byteCount = report.byteCount
    sha256 = report.sha256
    inferred = report.inferred
    warnings = report.warnings.map(\.text)
    ignored = report.ignored
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    json = (try? encoder.encode(report)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
