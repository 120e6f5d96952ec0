import ArgumentParser
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
      hard-linked if the file system can, else copied.
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
      try output.folder.check(
        names.flatMap { name in InvertedImage.suffixes.map { "\(name)_\($0).png" } } + ResultFolder.inversionFiles,
        inputs: folders.flatMap { folder in ResultFolder.inversionFiles.map { "\(folder)/\($0)" } })
      guard !FileManager.default.fileExists(atPath: output.folder.path(InversionJournal.name)) else {
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
      for name in names {
        for suffix in InvertedImage.suffixes { try AtomicFile.sync(output.folder.path("\(name)_\(suffix).png")) }
      }
      try AtomicFile.sync(output.folder.root)
      try self.reporting.finish(outcome, output.folder)
    }
  }

  private func takePictures(of record: InversionRecord, from folder: String) throws {
    guard let image = record.inverted else { return }
    for (suffix, digest) in zip(InvertedImage.suffixes, image.pictures) {
      let name = "\(record.name)_\(suffix).png"
      let source = "\(folder)/\(name)"
      guard let data = FileManager.default.contents(atPath: source) else {
        throw Failure(.missingInput, "\(source): no such file; expected the picture that the shard wrote")
      }
      guard FileDigest([UInt8](data)) == digest else {
        throw Failure(
          .badData, "\(source): is not the picture that the shard wrote; 'idinv-lite invert --resume' makes it again")
      }
      unlink(output.folder.path(name))
      if link(source, output.folder.path(name)) != 0 {
        try AtomicFile.write([UInt8](data), to: output.folder.path(name), isSynced: false)
      }
    }
  }
}
