import Dispatch
import Workflows

/// A progress bar on standard error; where that is not a terminal, a line a minute. Silent with `--quiet`.
///
/// Draws at most ten times a second: a step may take a millisecond. Not shared between threads.
final class ProgressBar {
  private let isShown: Bool
  /// Seconds from line to line where there is no terminal; nil for a bar.
  private let lineInterval: Double?
  private let isUnicode: Bool
  private let write: (String) -> Void
  private let now: () -> Double
  private var isDrawn = false
  private var lastDrawing = -Double.infinity
  /// Time and steps at the last update, for the pace.
  private var lastUpdate: (time: Double, steps: Int)?
  private var secondsPerStep: Double?

  /// A bar on standard error.
  convenience init(isQuiet: Bool = false) {
    self.init(
      isShown: !isQuiet, lineInterval: StandardStreams.errorIsTerminal ? nil : 60,
      isUnicode: StandardStreams.localeIsUnicode,
      now: { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 },
      write: { _ = StandardStreams.write([UInt8]($0.utf8), to: 2) })
  }

  /// A bar with another clock and another place to go to.
  init(
    isShown: Bool, lineInterval: Double? = nil, isUnicode: Bool, now: @escaping () -> Double,
    write: @escaping (String) -> Void
  ) {
    self.isShown = isShown
    self.lineInterval = lineInterval
    lastDrawing = lineInterval == nil ? -.infinity : now()
    self.isUnicode = isUnicode
    self.now = now
    self.write = write
  }

  deinit { clear() }

  /// Takes note of the state, and draws it if the last drawing is long enough ago or the run is over.
  func update(_ state: ProgressState) {
    guard isShown else { return }
    let time = now()
    measure(state, time)
    if let lineInterval {
      guard time - lastDrawing >= lineInterval else { return }
      lastDrawing = time
      let line = ProgressLine.text(state, secondsPerStep: secondsPerStep, width: 120, isUnicode: false)
      // The bar is for eyes that see it move.
      write("idinv-lite: \(line.drop { $0 != "]" }.dropFirst().trimmingPrefix(while: \.isWhitespace))\n")
      return
    }
    guard time - lastDrawing >= 0.1 || state.stepsDone == state.stepsInAll else { return }
    lastDrawing = time
    // One column stays free: a full line would wrap on some terminals.
    let line = ProgressLine.text(
      state, secondsPerStep: secondsPerStep, width: StandardStreams.errorWidth - 1, isUnicode: isUnicode)
    write(Self.clearLine + line)
    isDrawn = true
  }

  /// Removes the bar; the next update draws it anew.
  func clear() {
    guard isDrawn else { return }
    write(Self.clearLine)
    isDrawn = false
    lastDrawing = -.infinity
  }

  /// The pace is a running mean over about twenty updates, so that a slow first step is forgotten.
  private func measure(_ state: ProgressState, _ time: Double) {
    defer { lastUpdate = (time, state.stepsDone) }
    guard let lastUpdate, state.stepsDone > lastUpdate.steps else { return }
    let pace = (time - lastUpdate.time) / Double(state.stepsDone - lastUpdate.steps)
    secondsPerStep = secondsPerStep.map { $0 + (pace - $0) * 0.1 } ?? pace
  }

  private static let clearLine = "\r\u{1B}[2K"
}
