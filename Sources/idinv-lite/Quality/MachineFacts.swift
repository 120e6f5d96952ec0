import Foundation
import SIMDKernels

/// On what something was measured.
struct MachineFacts: Codable {
  /// What the firmware calls the board, or the system the processor.
  var processor: String
  var tier: String
  /// Processes that waited for the processor on average, in the last minute: 0 on a quiet machine.
  var load_average: Double?

  init(_ kernels: Kernels) {
    tier = kernels.table.tier.rawValue
    var average = [0.0]
    load_average = getloadavg(&average, 1) == 1 ? average[0] : nil
    let machine = MachineDescription(topology: CoreTopology(), used: [])
    processor = machine.board ?? machine.cpus.first?.model ?? machine.architecture
  }
}
