import ArgumentParser
import Workflows

/// `--memory-budget`.
struct MemoryOption: ParsableArguments {
  @Option(
    name: .customLong("memory-budget"), parsing: .unconditional,
    help: ArgumentHelp(
      "Maximum memory of the process: bytes, or 256M, 1G. The run gets slower if it must. Default: what the machine or "
        + "its control group has left, minus a reserve.", valueName: "size"))
  var budget: ByteSize?

  var limit: MemoryLimit { MemoryLimit(byteCount: budget?.byteCount) }
}

/// A number of bytes, as people write it: 4096, 256M, 1.5G; K, M and G are powers of 1024.
struct ByteSize: ExpressibleByArgument {
  var byteCount: Int

  init(byteCount: Int) { self.byteCount = byteCount }

  init?(argument: String) {
    var digits = Substring(argument), factor = 1.0
    if let last = digits.last, let power = ["K", "M", "G"].firstIndex(of: last.uppercased()) {
      digits.removeLast()
      factor = [0x1p10, 0x1p20, 0x1p30][power]
    }
    guard digits.allSatisfy({ ("0"..."9").contains($0) || $0 == "." }), let value = Double(digits), value > 0,
      value * factor <= 0x1p60
    else { return nil }
    byteCount = Int(value * factor)
  }
}

extension MemoryChoice {
  func announce(_ reporting: ReportingOptions) throws {
    if let line, !reporting.quiet, !reporting.json { try StandardStreams.printOutput("\(line)\n") }
  }
}
