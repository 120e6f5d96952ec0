import Glibc
import Reports
import SIMDKernels

extension MachineFacts {
  package init(_ kernels: Kernels) {
    var average = [0.0]
    let isKnown = getloadavg(&average, 1) == 1
    let machine = MachineDescription(topology: CoreTopology(), used: [])
    self.init(
      processor: machine.board ?? machine.cpus.first?.model ?? machine.architecture,
      tier: kernels.table.tier.rawValue, load_average: isKnown ? average[0] : nil)
  }
}
