import ArgumentParser

/// `idinv-lite bench`
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure speed on this machine, and what quality it buys.",
    discussion: """
      Without a subcommand it is 'bench speed', with its options: 'idinv-lite bench --graph'. 'bench quality' inverts images by \
      many configurations, measures time, memory and quality of each, and draws the ones worth using; 'bench optimisers' says \
      when each optimiser reaches the published result.
      """,
    subcommands: [BenchSpeed.self, BenchQuality.self, BenchOptimisers.self, BenchKernels.self, BenchQualityTask.self],
    defaultSubcommand: BenchSpeed.self)
}
