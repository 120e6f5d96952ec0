import Glibc

// What configurations are called for people: only what differs within the grid.

extension QualityResults {
  package func settingName(_ row: Row) -> String {
    var parts: [String] = []
    if varies(\.weights) { parts.append("\(row.weights) weights") }
    if varies(\.compute) { parts.append("\(row.compute) arithmetic") }
    if varies(\.threads) { parts.append("\(counted(row.threads, "thread"))") }
    return parts.joined(separator: ", ")
  }

  package func methodName(_ row: Row) -> String {
    row.optimizer == "encoder" ? "encoder" : "\(row.optimizer) \(row.iterations)"
  }

  package func name(_ row: Row) -> String {
    let setting = settingName(row)
    return setting.isEmpty ? methodName(row) : "\(methodName(row)), \(setting)"
  }

  /// In the order of the grid.
  package var settings: [String] { unique(settingName) }
  package var optimizers: [String] { unique { $0.optimizer } }

  /// Parameters that make `invert` do the same, by the names of its options. Weights are those of a model file.
  package func parameters(_ row: Row) -> [(name: String, value: String)] {
    var parameters = [("iterations", "\(row.iterations)")]
    if row.optimizer != "encoder" { parameters.insert(("optimizer", row.optimizer), at: 0) }
    if varies(\.compute) { parameters.append(("compute", row.compute)) }
    if varies(\.threads) { parameters.append(("threads", "\(row.threads)")) }
    return parameters.map { (name: $0.0, value: $0.1) }
  }

  /// The front as a table of text, in Markdown.
  package var frontTable: String {
    let head = ["configuration", "s per image", "total loss", "PSNR, dB", "LPIPS-style", "in-domain", "peak memory"]
    let lines = front.map { row in
      [
        name(row), number(time(row)), number(row.total_loss), Figure.fixed(row.psnr_db, 2), number(row.lpips_style),
        number(row.domain_loss), row.peak_rss_bytes.map(humanBytes) ?? "–",
      ]
    }
    let widths = head.indices.map { column in ([head] + lines).map { $0[column].count }.max() ?? 0 }
    func text(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { column, cell in
        let margin = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? "\(cell)\(margin)" : "\(margin)\(cell)"
      }
      return "| \(padded.joined(separator: " | ")) |\n"
    }
    let rule = widths.enumerated().map { "\(String(repeating: "-", count: $1 + 1))\($0 == 0 ? "-" : ":")" }
    return "\(text(head))|\(rule.joined(separator: "|"))|\n\(lines.map(text).joined())"
  }

  private func number(_ value: Double?) -> String { value.map { printed("%.3g", $0) } ?? "–" }

  private func varies(_ value: (Row) -> some Hashable) -> Bool { Set(configurations.map(value)).count > 1 }

  private func unique(_ name: (Row) -> String) -> [String] {
    var result: [String] = []
    for row in configurations where !result.contains(name(row)) { result.append(name(row)) }
    return result
  }
}
