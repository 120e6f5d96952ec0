import Checkpoint
import Files

/// The jobs' files: a folder for each, named by its id.
///
/// `job.json` is the record; `input.png` the picture as the model sees it; `encoded.png`, `result.png` and the codes
/// `encoded_codes.npy` and `inverted_codes.npy` [1, L, D] come with the result. Each file is whole or absent, and the record is
/// written last, so that a job of which the record says "done" has all of them.
struct JobFolder: Sendable {
  let path: String

  /// - Throws: `ServerError.folderNotUsable`.
  init(_ path: String) throws(ServerError) {
    self.path = path
    do throws(FileError) {
      try Folder.create(path)
    } catch {
      throw .folderNotUsable(path: path, reason: "\(error)")
    }
    // Pictures of people: nobody else's.
    Folder.makePrivate(path)
  }

  func file(_ name: String, of id: String) -> String { "\(path)/\(id)/\(name)" }

  /// The records of an earlier server, oldest first. Folders without a readable record are removed: their upload was never
  /// acknowledged.
  func records() -> [JobRecord] {
    let names = (try? Folder.names(in: path)) ?? []
    var records: [JobRecord] = []
    for name in names where RandomName.isValid(name) {
      if let bytes = read("job.json", of: name), let record = try? JSONBody.decode(JobRecord.self, bytes),
        record.id == name
      {
        records.append(record)
      } else {
        remove(name)
      }
    }
    return records.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
  }

  func create(_ id: String) throws(FileError) { try Folder.create("\(path)/\(id)") }

  func write(_ record: JobRecord) throws(FileError) { try write(JSONBody.encode(record), "job.json", of: record.id) }

  func write(_ bytes: [UInt8], _ name: String, of id: String) throws(FileError) {
    try AtomicFile.write(bytes, to: file(name, of: id), links: .replaced)
  }

  func write(code: [Float], layerCount: Int, _ name: String, of id: String) throws(CheckpointError) {
    try NumpyArray(shape: [1, layerCount, code.count / layerCount], floats: code).write(to: file(name, of: id))
  }

  /// - Returns: nil where there is no such file.
  func read(_ name: String, of id: String) -> [UInt8]? {
    try? InputFile.bytes(of: file(name, of: id))
  }

  func code(_ name: String, of id: String) throws(CheckpointError) -> [Float] {
    try NumpyArray.read(file(name, of: id)).floats
  }

  func remove(_ id: String) { Folder.removeTree("\(path)/\(id)") }
}
