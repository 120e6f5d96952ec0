import Glibc
import Inversion

/// What `calibrate` finds.
package struct CalibrationFigures: Encodable {
  package struct Layer: Encodable {
    package var name: String
    package var network: String
    package var output_error: Double
    package var psnr: Double?
    package var code_error: Double?
    package var is_granted: Bool

    init(_ layer: CalibrationMeasurement.Layer) {
      let isGenerator = layer.network == .generator
      name = layer.name
      network = layer.network.rawValue
      output_error = layer.outputError ?? 0
      psnr = isGenerator ? layer.networkError.psnr : nil
      code_error = isGenerator ? nil : layer.networkError.relative
      is_granted = layer.isGranted
    }

    var line: String {
      let title = name.hasSuffix(".weight") ? String(name.dropLast(7)) : name
      let error =
        psnr.map { Figure.fixed($0, 1) + " dB" } ?? Figure.fixed((code_error ?? 0) * 100, 3) + " %"
      let margin = String(repeating: " ", count: max(1, 23 - error.count))
      return "  " + title.column(32) + printed("%8.2f %%", output_error * 100) + margin + error
        + (is_granted ? "   yes" : "   no")
    }
  }
  /// The model file that was written.
  package var path: String?
  package var bytes: Int?
  package var sha256: String?
  package var samples: Int
  package var psnr: Float?
  package var code_error: Float?
  package var layers: [Layer]
  package var seconds: Double

  package init(_ result: CalibrationMeasurement.Result, samples: Int, seconds: Double) {
    self.samples = samples
    psnr = result.calibration.psnr
    code_error = result.calibration.codeError
    layers = result.layers.map(Layer.init)
    self.seconds = seconds
  }

  /// A line for each layer, and one for them all.
  package var table: String {
    let lines = ["  layer alone in 8 bits             its error   of the image or code   taken"] + layers.map(\.line)
    let count = layers.count { $0.is_granted }
    var parts = ["\(count) of \(layers.count) convolutions in 8 bits"]
    if let psnr { parts.append("images \(Figure.fixed(Double(psnr), 1)) dB or more") }
    if let code_error { parts.append("codes off by \(Figure.fixed(Double(code_error) * 100, 2)) % or less") }
    parts.append(Figure.duration(seconds))
    let place = path.map { "\($0): " } ?? ""
    let last = place + parts.joined(separator: ", ") + (sha256.map { "; SHA-256 \($0)" } ?? "")
    return (lines + [last]).joined(separator: "\n")
  }
}
