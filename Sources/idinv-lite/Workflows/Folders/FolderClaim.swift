import Files
import FoundationEssentials
import Glibc
import Imaging

/// What one command has of an output folder while it runs: the folder's lock, and the list of the files that are its own.
///
/// The list stays in the folder, so that a later run of the same command knows which files of the former one it does not
/// replace, and removes them if they say nothing without the rest. Files that no list names are somebody else's: they are
/// neither replaced nor removed.
final class FolderClaim {
  /// `.idinv-files.json`: names of the files that each command has written.
  private struct Listing: Codable {
    var version = 1
    var files: [String: [String]] = [:]
  }
  static let listingName = ".idinv-files.json"

  private var lock: FolderLock?
  private var command = ""
  private var own: Set<String> = []
  private var places: OutputPlaces?

  /// - Parameter resumed: files by which a run that is to be continued is known; where one exists, the run's own checks
  ///   decide, and a folder that was copied without its list can be continued.
  /// - Throws: where another run is at work in the folder, where the folder is itself an input, where a result cannot have
  ///   its name, or where a file that no command has written has the name of a result.
  func begin(
    _ folder: OutputFolder, command: String, names: [String], inputs: [String], resumed: [String]
  ) throws {
    if lock == nil { lock = try FolderLock(folder.root) }
    let root = FileIdentity(path: folder.root)?.place
    for input in inputs where FileIdentity(path: input)?.place == root && !ResultList.isResultFolder(input) {
      throw Failure(.usage, at: input, "is the folder of the pictures; expected another folder for the results")
    }
    places = OutputPlaces(inputs: inputs)
    self.command = command
    try take(names, in: folder, isKnownRun: resumed.contains { Folder.exists(folder.path($0)) })
    AtomicFile.removeLeftovers(in: folder.root)
  }

  /// Takes further names for the command that has begun, as `begin` does.
  func extend(_ folder: OutputFolder, names: [String]) throws { try take(names, in: folder, isKnownRun: false) }

  private func take(_ names: [String], in folder: OutputFolder, isKnownRun: Bool) throws {
    for name in names { try places?.check(folder.path(name)) }
    var listing = Self.listing(of: folder)
    if !isKnownRun {
      let known = Set(listing.files.values.joined())
      for name in names where !known.contains(name) && Folder.exists(folder.path(name)) {
        throw Failure(
          .cannotCreate, at: folder.path(name),
          "exists, and is no result of this program, as far as \(Self.listingName) tells; expected another folder")
      }
    }
    own.formUnion(names)
    // Before anything is written: a run that is killed leaves files, too.
    listing.files[command] = Set(listing.files[command] ?? []).union(own).sorted()
    try write(listing, to: folder)
  }

  /// Removes what an earlier run of the command has written and this one has not replaced, or keeps it.
  func end(_ folder: OutputFolder, keepsFormer: Bool) throws {
    guard !own.isEmpty else { return }
    var listing = Self.listing(of: folder)
    var kept = own
    if keepsFormer { kept.formUnion(listing.files[command] ?? []) }
    let others = Set(listing.files.filter { $0.key != command }.flatMap(\.value))
    for name in listing.files[command] ?? []
    where !kept.contains(name) && !others.contains(name) && Self.isPlainName(name) {
      let path = folder.path(name)
      if places?.isInput(path) == false { Folder.removeFile(path) }
    }
    // Not what could have been written: a file that gets such a name later is the user's.
    listing.files[command] = kept.filter { Folder.exists(folder.path($0)) }.sorted()
    try write(listing, to: folder)
  }

  /// A list that somebody else has put there must not lead out of the folder.
  private static func isPlainName(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(UInt8(ascii: "/"))
  }

  /// What cannot be read is no list of this program's: nothing is removed by it.
  private static func listing(of folder: OutputFolder) -> Listing {
    guard let bytes = try? InputFile.bytes(of: folder.path(listingName), limit: 1 << 28),
      let listing = try? JSONText.decode(Listing.self, from: bytes), listing.version == 1
    else { return Listing() }
    return listing
  }

  private func write(_ listing: Listing, to folder: OutputFolder) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try folder.write([UInt8](try encoder.encode(listing)), Self.listingName, isSynced: false)
  }
}
