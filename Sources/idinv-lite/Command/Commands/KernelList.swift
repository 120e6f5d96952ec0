import ArgumentParser
import Reports
import SIMDKernels
import Workflows

/// `idinv-lite kernels`
struct KernelList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels", abstract: "List the instruction sets and kernels in use on this machine.",
    discussion: """
      Example: idinv-lite kernels --all

      IDINV_ISA limits the instruction set, for instance IDINV_ISA=scalar.
      """)

  @OptionGroup(title: "Speed and memory") var engine: EngineOptions

  @OptionGroup var reporting: ReportingOptions

  @Flag(help: "List the kernels of all instruction sets, not only those in use.")
  var all = false

  private struct Listing: Encodable {
    struct Kernel: Encodable {
      var slot: String
      var name: String
      var tier: String
      var in_force: Bool
    }
    var tier: String
    var available_tiers: [String]
    var compiled_tiers: [String]
    var threads: Int
    /// Numbers of the CPUs that are computed on.
    var cpus: [Int]
    /// Optional instructions of this CPU.
    var features: [String]
    var kernels: [Kernel]
  }

  func run() throws {
    try reporting {
      let kernels = try engine.kernels()
      let listed = kernels.describe().filter { all || $0.isInForce }
      if reporting.json {
        try JSONOutput.print(
          Listing(
            tier: kernels.table.tier.rawValue, available_tiers: Kernels.availableTiers.map(\.rawValue),
            compiled_tiers: KernelRegistry.compiledTiers.map(\.rawValue), threads: kernels.threadCount,
            cpus: Processor.allowedCPUs, features: Processor.features,
            kernels: listed.map {
              .init(slot: $0.slot, name: $0.name, tier: $0.tier.rawValue, in_force: $0.isInForce)
            }))
        return
      }
      if reporting.quiet { return }
      var text = "tier in force: \(kernels.table.tier.rawValue) (this machine runs "
      text += Kernels.availableTiers.map(\.rawValue).joined(separator: ", ")
      text += "); threads: \(kernels.threadCount), on CPUs \(rangeText(Processor.allowedCPUs))\n"
      let features = Processor.features
      text += "optional instructions: \(features.isEmpty ? "none" : features.joined(separator: ", "))\n\n"
      let width = listed.map(\.slot.count).max() ?? 0
      for kernel in listed {
        let slot = kernel.slot.column(width)
        text += "\(kernel.isInForce ? "*" : " ") \(slot)  \(kernel.name)\n"
      }
      try StandardStreams.printOutput(text)
    }
  }
}
