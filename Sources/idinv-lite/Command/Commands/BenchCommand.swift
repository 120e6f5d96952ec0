import ArgumentParser

/// `idinv-lite bench`
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure speed on this machine, and quality against time.",
    discussion: """
      Examples:
        idinv-lite bench --graph
        idinv-lite bench quality images/ -o quality

      Without a subcommand this is 'bench speed'.
      """,
    subcommands: [BenchSpeed.self, BenchQuality.self, BenchOptimizers.self, BenchKernels.self, BenchQualityTask.self],
    defaultSubcommand: BenchSpeed.self)
}
