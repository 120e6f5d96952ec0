import Files
import Reports
import Workflows

/// The text of a progress bar; the drawing is `ProgressBar`'s.
enum ProgressLine {
  /// One line of at most `width` columns. Where it is narrow, parts are left out, the least important first.
  ///
  /// - Parameter secondsPerStep: `nil` while unknown; neither pace nor remaining time are shown then.
  static func text(
    _ state: ProgressState, secondsPerStep: Double?, width: Int, isUnicode: Bool
  ) -> String {
    let share = state.stepsInAll > 0 ? Double(state.stepsDone) / Double(state.stepsInAll) : 0
    var head = printed("%3d%%", Int((share * 100).rounded(.down)))
    if state.imageCount > 1 { head += "  \(state.image + 1)/\(state.imageCount)" }
    // In the order in which they are given up when it gets narrow: the last goes first.
    var parts = ["step \(state.step)/\(state.stepCount)"]
    if let secondsPerStep {
      let remaining = Double(state.stepsInAll - state.stepsDone) * secondsPerStep
      parts.append("ETA \(clock(remaining))")
      parts.append("\(pace(secondsPerStep)) s/step")
    }
    if let first = state.losses.first { parts.append("\(first.name) \(number(first.value))") }
    parts.append(shortened(state.name, to: 24, isUnicode: isUnicode))
    if state.losses.count > 1 {
      parts.append(state.losses.dropFirst().map { "\($0.name) \(number($0.value))" }.joined(separator: "  "))
    }
    let smallestBar = 10
    while !parts.isEmpty, length(head, parts) + smallestBar + 3 > width { parts.removeLast() }
    let room = width - length(head, parts) - 3
    guard room >= smallestBar else { return String(head.prefix(max(0, width))) }
    let bar = drawn(share, columns: min(room, 30), isUnicode: isUnicode)
    return ([bar + " " + head] + parts).joined(separator: "  ")
  }

  /// Hours, minutes and seconds as `1:02:03` or `2:03`.
  static func clock(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e7 else { return "--:--" }
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    return hours > 0
      ? printed("%d:%02d:%02d", hours, minutes, rest) : printed("%d:%02d", minutes, rest)
  }

  private static func length(_ head: String, _ parts: [String]) -> Int {
    parts.reduce(head.count) { $0 + $1.count + 2 }
  }

  private static func pace(_ seconds: Double) -> String {
    printed(seconds < 0.1 ? "%.3f" : seconds < 10 ? "%.2f" : "%.1f", seconds)
  }

  private static func number(_ value: Double) -> String { printed("%.4g", value) }

  /// A name cut in the middle: both ends tell names of one series apart. Control characters become `?`.
  private static func shortened(_ name: String, to count: Int, isUnicode: Bool) -> String {
    let clean = PlainText.line(name)
    guard clean.count > count else { return clean }
    let dots = isUnicode ? "…" : ".."
    let left = (count - dots.count) / 2
    return "\(clean.prefix(left))\(dots)\(clean.suffix(count - dots.count - left))"
  }

  private static func drawn(_ share: Double, columns: Int, isUnicode: Bool) -> String {
    let share = min(max(share, 0), 1)
    guard isUnicode else {
      let full = Int(share * Double(columns - 2))
      return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: columns - 2 - full) + "]"
    }
    let eighths = Int(share * Double(columns) * 8)
    let full = eighths / 8
    let blocks = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let last = full < columns ? blocks[eighths % 8] : ""
    return String(repeating: "█", count: full) + last
      + String(repeating: "·", count: columns - full - last.count)
  }
}
