import Files
import Glibc
import Reports

/// The journal of one run of `invert`: which images are done, and the way back to what is known about them. What stays
/// in memory is a few bytes per image.
package final class InversionJournal {
  package static let name = "inversion.journal"

  private typealias File = Journal<RunDescription, InversionRecord>
  private struct Place {
    var number: Int
    var isInverted: Bool
  }
  private let file: File
  private var places: [Int: Place] = [:]
  private var reads = InterruptedReads<Int>()
  /// Wall time of the run, up to its last record.
  package private(set) var elapsed = 0.0

  /// Goes on with the journal of the same run, or begins one.
  ///
  /// - Throws: where results of an unfinished run would be lost, or would be mixed with those of another.
  package convenience init(at path: String, for description: RunDescription, resumes: Bool) throws {
    guard Folder.exists(path), try !File.isUnbegun(path) else {
      try self.init(creating: path, description)
      return
    }
    let found = try InversionJournal(opening: path, isAppending: false)
    let count = found.count
    // Without results it holds what ended the program, if it is of this run.
    guard !resumes || count == 0 && description.mismatchOfRun(found.description) != nil else {
      try self.init(opening: path, isAppending: true)
      guard let reason = description.mismatchOfRun(self.description) else { return }
      throw RunIdentity.refusal(at: path, reason)
    }
    guard count == 0 else {
      throw Failure(
        .cannotCreate, at: path, remedies: ["resume"],
        "holds results of \(counted(count, "image")) of an unfinished run; expected to resume it, or another folder; delete "
          + "the file to begin anew")
    }
    try self.init(creating: path, description)
  }

  private init(creating path: String, _ description: RunDescription) throws {
    file = try File(creating: path, header: description)
  }

  /// - Parameters:
  ///   - isAppending: whether the run is to go on; otherwise its results are only read.
  package init(opening path: String, isAppending: Bool) throws {
    var places: [Int: Place] = [:]
    var elapsed = 0.0
    var records: [(line: Int, codeCount: Int)] = []
    var reads = InterruptedReads<Int>()
    file = try File(opening: path, isAppending: isAppending) { record, number in
      Self.follow(record, &reads)
      guard record.isFinal else {
        records.append((record.line, -2))
        return
      }
      // A later record of an image takes the place of an earlier one.
      places[record.line] = Place(number: number, isInverted: record.inverted != nil)
      elapsed = max(elapsed, record.elapsed.isFinite ? record.elapsed : 0)
      let count = record.inverted.map { $0.isSound(codeCount: $0.code.values.count) ? $0.code.values.count : -1 }
      records.append((record.line, count ?? -2))
    }
    let description = file.header
    guard description.version == 2, (1...10_000_000).contains(description.list.count),
      Shard(argument: description.shard.description) != nil, (1...4096).contains(description.layerCount),
      (1...1 << 20).contains(description.codeDimension), (1...1 << 16).contains(description.resolution),
      RunDescription.snapshotCounts.contains(description.snapshotCount)
    else {
      throw Failure(.badData, at: path, "is no journal of this version; delete it to begin anew")
    }
    let codeCount = description.layerCount * description.codeDimension
    for (number, record) in records.enumerated() {
      guard (0..<description.list.count).contains(record.line), description.shard.contains(record.line),
        record.codeCount == -2 || record.codeCount == codeCount
      else {
        throw Failure(
          .badData, at: path,
          "record \(number + 1) belongs to no image of this run (number \(record.line) of "
            + "\(description.list.count)), or to no code of [\(description.layerCount), \(description.codeDimension)]; "
            + "delete the file to begin anew")
      }
    }
    self.places = places
    self.elapsed = elapsed
    self.reads = reads
  }

  package var path: String { file.path }
  package var description: RunDescription { file.header }
  /// Images that are done, those skipped among them.
  package var count: Int { places.count }
  /// Whether an image has a code.
  package func isInverted(_ line: Int) -> Bool { places[line]?.isInverted ?? false }
  /// Records that were lost to damage; their images are to be done again.
  package var damagedCount: Int { file.damagedCount }

  /// Whether the program ended while it read this image.
  func isSuspect(_ line: Int) -> Bool { reads.isSuspect(line) }
  /// Whether it did so twice in a row, the second time while it read this image alone.
  func isFatal(_ line: Int, source: FileDigest?) -> Bool { reads.isFatal(line, source: source) }

  private static func follow(_ record: InversionRecord, _ reads: inout InterruptedReads<Int>) {
    switch record.outcome {
    case .reading: reads.begin(record.line, source: record.source)
    case .read, .inverted: reads.end(record.line)
    // Either it was read, or it is not to be read again.
    case .skipped: break
    }
  }

  package func append(_ record: InversionRecord) throws {
    let number = try file.append(record)
    Self.follow(record, &reads)
    guard record.isFinal else { return }
    places[record.line] = Place(number: number, isInverted: record.inverted != nil)
    elapsed = record.elapsed
  }

  /// What is known about an image; nil where it is not done.
  package func record(ofLine line: Int) throws -> InversionRecord? {
    try places[line].map { try file.record($0.number) }
  }

  package func sync() throws { try file.sync() }
  package func remove() { file.remove() }
}
