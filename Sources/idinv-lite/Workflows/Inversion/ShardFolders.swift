import Files
import Imaging

/// The folders of all shards of one list, finished and belonging together.
package struct ShardFolders {
  /// Of the whole.
  package let description: RunDescription
  /// Work of all shards.
  package let seconds: Double
  /// By number of the shard.
  private let shards: [ShardFolder]

  /// - Throws: where a shard is missing, given twice, unfinished, or of another model, list or set of options.
  package init(_ folders: [String]) throws {
    var found: [Int: ShardFolder] = [:]
    var first: (folder: String, description: RunDescription)?
    for folder in folders {
      let path = "\(folder)/\(InversionJournal.name)"
      guard Folder.exists(path) else {
        throw Failure(.missingInput, at: path, "no such file; expected the folder of one shard's run")
      }
      let journal = try InversionJournal(opening: path, isAppending: false)
      let shard = journal.description.shard
      if let first {
        if let reason = first.description.mismatch(journal.description) {
          throw Failure(.badData, at: folder, "is of \(reason); all shards must be of one run like \(first.folder)")
        }
        guard shard.count == first.description.shard.count else {
          throw Failure(
            .badData, at: folder,
            "is shard \(shard); expected one of \(first.description.shard.count), like \(first.folder)")
        }
      } else {
        first = (folder, journal.description)
      }
      if let other = found[shard.number] {
        throw Failure(.badData, at: folder, "is shard \(shard), and so is \(other.folder); expected each shard once")
      }
      found[shard.number] = (folder, journal)
    }
    guard let first else { throw Failure(.usage, "merge: expected the folders of all shards") }
    let shards = try Self.complete(found, of: first.description)
    try Self.checkNames(shards, of: first.description)
    var description = first.description
    description.shard = .whole
    let journals = shards.map(\.journal)
    description.tier = Set(journals.map(\.description.tier)).sorted().joined(separator: ", ")
    self.shards = shards
    self.description = description
    seconds = journals.reduce(0) { $0 + $1.elapsed }
  }

  private typealias ShardFolder = (folder: String, journal: InversionJournal)

  /// All shards in order, each with all of its images.
  private static func complete(
    _ found: [Int: ShardFolder], of description: RunDescription
  ) throws -> [ShardFolder] {
    let count = description.shard.count
    let missing = (1...count).filter { found[$0] == nil }
    guard missing.isEmpty else {
      let names = missing.prefix(10).map { "\($0)/\(count)" }.joined(separator: ", ")
      throw Failure(.badData, "merge: shard\(missing.count == 1 ? "" : "s") \(names) missing; expected all \(count)")
    }
    let shards = (1...count).map { found[$0]! }
    for shard in shards {
      let expected = Array(shard.journal.description.shard.lines(of: description.list.count)).count
      guard shard.journal.count == expected else {
        throw Failure(
          .badData, at: shard.folder,
          "shard \(shard.journal.description.shard) has \(shard.journal.count) of its \(expected) images; "
            + "expected a finished run: resuming it does the rest")
      }
    }
    return shards
  }

  /// The names in the journals are those of the list.
  private static func checkNames(_ shards: [ShardFolder], of description: RunDescription) throws {
    let images = try (0..<description.list.count).map { line in
      let record = try shards[line % shards.count].journal.record(ofLine: line)
      return ListedImage(path: "", name: record?.name ?? "")
    }
    guard RunDescription.List(images) == description.list, !images.contains(where: { $0.name.contains("/") }) else {
      throw Failure(.badData, "merge: the names in the journals are not those of the list; expected finished shards")
    }
  }

  private func shard(ofLine line: Int) -> ShardFolder { shards[line % shards.count] }

  package func folder(ofLine line: Int) -> String { shard(ofLine: line).folder }

  package func record(_ line: Int) throws -> InversionRecord {
    let shard = shard(ofLine: line)
    guard let record = try shard.journal.record(ofLine: line) else {
      throw Failure(.badData, at: shard.folder, "has no result for line \(line + 1) of the list")
    }
    return record
  }
}
