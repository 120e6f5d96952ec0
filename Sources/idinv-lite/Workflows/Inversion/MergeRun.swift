import Files
import Imaging

/// Joins the folders of all shards of a run into the folder that one run would have made.
package struct MergeRun {
  private let shards: ShardFolders
  private let output: OutputFolder
  private let lines: [Int]
  /// Images with a code, in the order of the list.
  private let names: [String]

  /// Checks, before any work is done, that there is something to join, and that the results can have their names.
  package init(_ shards: ShardFolders, folders: [String], output: OutputFolder) throws {
    self.shards = shards
    self.output = output
    lines = Array(0..<shards.description.list.count)
    names = try lines.compactMap { line in
      let record = try shards.record(line)
      return record.inverted == nil ? nil : record.name
    }
    try output.claim(
      by: "merge",
      names.flatMap { name in InvertedImage.suffixes.map { "\(name)_\($0).png" } } + ResultFolder.inversionFiles,
      inputs: folders + folders.flatMap { folder in ResultFolder.inversionFiles.map { "\(folder)/\($0)" } })
    let journal = output.path(InversionJournal.name)
    guard !Folder.exists(journal) else {
      throw Failure(.cannotCreate, at: journal, "holds results of another run; expected another folder")
    }
  }

  package func merge(_ context: RunContext) throws -> InversionOutcome {
    for line in lines {
      try context.checkCancellation()
      let record = try shards.record(line)
      try takePictures(of: record, from: shards.folder(ofLine: line))
      context.update(ProgressState(name: record.name, step: line + 1, stepCount: lines.count))
    }
    context.pause()
    guard !names.isEmpty else {
      throw Failure(.badData, at: shards.folder(ofLine: 0), "no shard has a single image that could be inverted")
    }
    let outcome = try InversionResults(
      description: shards.description, output: output, lines: lines, invertedCount: names.count,
      record: { try shards.record($0) }, seconds: shards.seconds, isComplete: true
    ).write()
    try output.synchronize()
    return outcome
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
        throw Failure(FailureKind(error), "\(error); expected the picture that the shard wrote")
      }
      guard FileDigest(bytes) == digest else {
        throw Failure(
          .badData, at: source, "is not the picture that the shard wrote; resuming the shard's run makes it again")
      }
      // Never a link: what is done to one folder would be done to the other.
      try output.write(bytes, name, isSynced: false)
    }
  }
}
