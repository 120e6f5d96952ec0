import Files

/// A run of `invert` that has done all it had to do, as its summary tells.
struct FinishedRun {
  /// `RunDescription.digest`; nil where another command, or a version without it, has written the summary.
  let run: String?
  let skippedCount: Int
  /// Nil in summaries of versions that did not tell it.
  let identity: RunIdentity?
  let list: RunDescription.List?
  let shard: Shard
  let compute: String

  private struct Summary: Decodable {
    struct Skipped: Decodable {}
    var complete: Bool
    var run: String?
    var skipped: [Skipped]?
    var model: String?
    var model_identity: String?
    var options: [RunIdentity.Option]?
    var list: RunDescription.List?
    var shard: String?
    var compute: String?
  }

  /// Nil where there is no summary, or it is that of a run that was interrupted.
  init?(_ path: String) {
    guard let bytes = try? InputFile.bytes(of: path),
      let summary = try? JSONText.decode(Summary.self, from: bytes), summary.complete
    else { return nil }
    run = summary.run
    skippedCount = summary.skipped?.count ?? 0
    list = summary.list
    shard = summary.shard.flatMap { Shard(argument: $0) } ?? .whole
    compute = summary.compute ?? ""
    if let model = summary.model, let modelIdentity = summary.model_identity, let options = summary.options {
      identity = RunIdentity(model: model, modelIdentity: modelIdentity, options: options)
    } else {
      identity = nil
    }
  }
}
