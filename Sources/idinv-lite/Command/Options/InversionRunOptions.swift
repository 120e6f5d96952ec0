import ArgumentParser
import Workflows

/// How the images of an inversion are divided, resumed and shown.
struct InversionRunOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: ArgumentHelp("Number of intermediate images in the report.", valueName: "n"))
  var snapshots = 5

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Save the state of the optimization every N steps, for --resume; 0 for never.", valueName: "n"))
  var checkpointEvery = 0

  @Flag(help: "Continue an interrupted or killed run with the same options and output folder.")
  var resume = false

  @OptionGroup private var sideBySide: BatchOption

  @Option(
    help: ArgumentHelp(
      "Process only part I of N of the images, into a separate folder, on this or another machine; "
        + "'idinv-lite merge' joins the folders. auto: the part of this task of a Slurm array; auto/N also of a "
        + "Kubernetes Indexed Job.", valueName: "i/n"))
  var shard = ShardChoice.whole

  @Flag(help: "An image that cannot be read is no failure: the exit code is 0.")
  var skipBad = false

  mutating func validate() throws {
    guard RunDescription.snapshotCounts.contains(snapshots) else {
      throw ValidationError(
        "--snapshots: expected 0 to \(RunDescription.snapshotCounts.upperBound), found \(snapshots)")
    }
    guard checkpointEvery >= 0 else {
      throw ValidationError("--checkpoint-every: expected 0 or more, found \(checkpointEvery)")
    }
  }

  var batch: Int { sideBySide.batch }
}
