import ArgumentParser
import Files
import Foundation
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

  @OptionGroup var output: OutputOption
  @OptionGroup var reporting: ReportingOptions

  func run() throws {
    try reporting {
      Signals.install()
      let shards = try ShardFolders(folders)
      try output.folder.prepare()
      let lines = Array(0..<shards.description.list.count)
      var names: [String] = []
      for line in lines {
        let record = try shards.record(line)
        if record.inverted != nil { names.append(record.name) }
      }
      try output.folder.claim(
        by: "merge",
        names.flatMap { name in InvertedImage.suffixes.map { "\(name)_\($0).png" } } + ResultFolder.inversionFiles,
        inputs: folders + folders.flatMap { folder in ResultFolder.inversionFiles.map { "\(folder)/\($0)" } })
      guard !Folder.exists(output.folder.path(InversionJournal.name)) else {
        throw Failure(
          .cannotCreate,
          "\(output.folder.path(InversionJournal.name)): holds results of another run; expected another folder")
      }
      let context = self.reporting.context()
      for line in lines {
        if Signals.cancellation.isCancelled { throw Cancelled() }
        let record = try shards.record(line)
        try takePictures(of: record, from: shards.folder(ofLine: line))
        context.update(ProgressState(name: record.name, step: line + 1, stepCount: lines.count))
      }
      context.pause()
      guard !names.isEmpty else {
        throw Failure(.badData, "\(folders[0]): no shard has a single image that could be inverted")
      }
      let outcome = try InversionResults(
        description: shards.description, output: output.folder, lines: lines, invertedCount: names.count,
        record: { try shards.record($0) }, seconds: shards.seconds, isComplete: true
      ).write()
      try output.folder.synchronize(names.flatMap { name in InvertedImage.suffixes.map { "\(name)_\($0).png" } })
      try self.reporting.finish(outcome, output.folder)
    }
  }

  private func takePictures(of record: InversionRecord, from folder: String) throws {
    guard let image = record.inverted else { return }
    for (suffix, digest) in zip(InvertedImage.suffixes, image.pictures) {
      let name = "\(record.name)_\(suffix).png"
      let source = "\(folder)/\(name)"
      let bytes: [UInt8]
      do throws(FileError) {
        bytes = try InputFile.bytes(of: source)
      } catch {
        throw Failure(Workflows.status(of: error), "\(error); expected the picture that the shard wrote")
      }
      guard FileDigest(bytes) == digest else {
        throw Failure(
          .badData, "\(source): is not the picture that the shard wrote; 'idinv-lite invert --resume' makes it again")
      }
      // Never a link: what is done to one folder would be done to the other.
      try output.folder.write(bytes, name, isSynced: false)
    }
  }
}
