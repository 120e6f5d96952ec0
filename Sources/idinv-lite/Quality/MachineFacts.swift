import Foundation
import SIMDKernels

/// On what something was measured.
struct MachineFacts: Codable {
  /// As the system calls it.
  var processor: String
  var tier: String
  /// Processes that waited for the processor on average, in the last minute: 0 on a quiet machine.
  var load_average: Double?

  init(_ kernels: Kernels) {
    tier = kernels.table.tier.rawValue
    var average = [0.0]
    load_average = getloadavg(&average, 1) == 1 ? average[0] : nil
    processor = Self.processorName()
  }

  private static func processorName() -> String {
    let text = { (path: String) in (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
    let lines = text("/proc/cpuinfo").split(separator: "\n")
    // x86 names the processor, the Raspberry Pi's kernel the board; others have a device tree.
    for key in ["model name", "Model"] {
      if let line = lines.first(where: { $0.hasPrefix(key) }), let colon = line.firstIndex(of: ":") {
        return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      }
    }
    let board = text("/proc/device-tree/model").trimmingCharacters(in: .controlCharacters)
    return board.isEmpty ? "unknown" : board
  }
}
