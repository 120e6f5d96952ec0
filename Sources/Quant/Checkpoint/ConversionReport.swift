import Quant

/// What deserves a look in a conversion, and the option that helps. In JSON it is its text.
package struct ConversionWarning: Codable, Equatable, Sendable, ExpressibleByStringInterpolation {
  package var text: String
  /// The option with its value: "perceptual-input torchvision".
  package var remedy: String?

  package init(_ text: String, remedy: String? = nil) {
    self.text = text
    self.remedy = remedy
  }

  package init(stringLiteral text: String) { self.init(text) }
  package init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(String.self)) }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// What a conversion found, concluded and left out, for the user to judge.
package struct ConversionReport: Codable, Equatable, Sendable {
  package struct Source: Codable, Equatable, Sendable {
    package var part: String
    package var path: String
    package var format: String
    package var byteCount: Int
    package var sha256: String
    package var tensorCount: Int
    /// What the names were stripped of; empty where nothing was.
    package var prefix: String
  }

  package var sources: [Source]
  /// Resolution, layers, channels and so on, from names and shapes.
  package var inferred: [String]
  /// What deserves a look.
  package var warnings: [ConversionWarning]
  /// Names in the checkpoints that nothing was taken from.
  package var ignored: [String]
  /// What was measured of the whole model, and what followed from it.
  package var measured: [String]
  package var specification: ModelSpecification
  package var precision: WeightsPrecision
  /// The model file.
  package var path: String
  package var byteCount: Int
  package var sha256: String
  package var tensorCount: Int
  package var weightCount: Int

  /// For a terminal, without the warnings.
  package var text: String {
    var lines: [String] = []
    for source in sources {
      lines.append(
        "\(source.part): \(source.path) (\(source.format), \(source.tensorCount) tensors, \(megabytes(source.byteCount)))"
      )
      lines.append("  SHA-256 \(source.sha256)")
      if !source.prefix.isEmpty { lines.append("  names without '\(source.prefix)'") }
    }
    lines += section("inferred", inferred, limit: 40)
    let counters = ignored.filter { $0.hasSuffix(".num_batches_tracked") }
    lines += section("ignored", ignored.filter { !$0.hasSuffix(".num_batches_tracked") }, limit: 12)
    if !counters.isEmpty { lines.append("ignored: \(counters.count) counters (….num_batches_tracked)") }
    lines += section("measured", measured, limit: 8)
    lines.append(
      "written: \(path) (\(precision.rawValue), \(tensorCount) tensors, \(weightCount) weights, \(megabytes(byteCount)))"
    )
    lines.append("  SHA-256 \(sha256)")
    return lines.joined(separator: "\n")
  }

  private func section(_ title: String, _ entries: [String], limit: Int) -> [String] {
    let shown = entries.prefix(limit).map { "\(title): \($0)" }
    return entries.count > limit ? shown + ["\(title): … and \(entries.count - limit) more"] : shown
  }

  private func megabytes(_ byteCount: Int) -> String {
    if byteCount < 1_000_000 { return "\((byteCount + 999) / 1000) kB" }
    let tenths = (byteCount + 50_000) / 100_000
    return "\(tenths / 10).\(tenths % 10) MB"
  }
}
