import Files
import ArgumentParser
import FoundationEssentials
import SIMDKernels
import Workflows

/// `idinv-lite bench quality-task`: the process that `bench quality` starts for each configuration.
struct BenchQualityTask: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quality-task", abstract: "One configuration of 'bench quality', told by standard input.",
    shouldDisplay: false)

  func run() throws {
    try reporting {
      let input = try StandardStreams.readInput()
      guard let task = try? JSONText.decode(MeasuringTask.self, from: input) else {
        throw Failure(.usage, "bench quality-task: is started by 'bench quality' alone")
      }
      // A process of its own, which computes where its parent was allowed to.
      if Processor.allowedCPUs != task.cpus { _ = Processor.confine(to: task.cpus) }
      try task.run { event in
        let line = String(decoding: try JSONEncoder().encode(event), as: UTF8.self)
        try StandardStreams.printOutput("\(line)\n")
      }
    }
  }
}
