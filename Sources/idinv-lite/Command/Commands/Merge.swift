import ArgumentParser
import Files
import Glibc
import Imaging
import Workflows

/// `idinv-lite merge`
struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Join the folders of 'invert --shard' into one result folder.",
    discussion: """
      Example: idinv-lite merge part1 part2 part3 -o results

      The result is the folder that one run would have made. Checks first that all shards are there and finished, \
      that model, list and options are the same, and that every picture is the one its shard wrote. Pictures are \
      copied.
      """)

  @Argument(help: ArgumentHelp("Output folders of the shards, in any order.", valueName: "folders"))
  var folders: [String]

  @Flag(help: "An image that could not be read is no failure: the exit code is 0.")
  var skipBad = false

  @OptionGroup var output: OutputOption
  @OptionGroup var reporting: ReportingOptions

  func run() throws {
    try reporting {
      Signals.install()
      let shards = try ShardFolders(folders)
      try output.folder.prepare()
      let outcome = try MergeRun(shards, folders: folders, output: output.folder).merge(self.reporting.context())
      try self.reporting.finish(outcome, output.folder, skipsBad: skipBad)
    }
  }
}
