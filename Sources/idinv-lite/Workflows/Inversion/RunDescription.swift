import Files
import Imaging
import Inversion
import Quant
import Runtime

/// What a run of `invert` is: the header of its journal. Two runs whose results may be mixed agree in model, options and
/// list; the processor and the number of threads may differ.
package struct RunDescription: Codable {
  package typealias Option = RunIdentity.Option
  package struct List: Codable, Equatable {
    package var count: Int
    /// Of the images' unique names, in order: the folders may differ between machines.
    package var sha256: String

    package init(_ images: [ListedImage]) {
      count = images.count
      var hash = SHA256()
      for image in images { hash.update([UInt8](image.name.utf8) + [0x0a]) }
      sha256 = hash.hexDigest()
    }

    /// How another list differs; nil where it does not.
    func mismatch(_ other: List) -> String? {
      guard self != other else { return nil }
      return other.count == count
        ? "another list of images (other names)" : "another list of images (\(other.count); expected \(count))"
    }
  }

  /// How many pictures on the way there may be.
  package static let snapshotCounts = 0...1000

  /// `startTitle` where the optimization starts from the encoder's code.
  package static let encoderTitle = "Encoder"

  package var version = 2
  package var program = Program.version
  /// Where the model file lay.
  package var model: String
  /// SHA-256 of the model file's header.
  package var modelIdentity: String
  package var weights: String
  package var resolution: Int
  package var layerCount: Int
  package var codeDimension: Int
  package var compute: String
  package var tier: String
  package var threads: Int
  package var objective: InversionSummary.Objective
  /// Of the encoder's codes of the model's own pictures; nil where it is not known. Decides nothing: no part of the digest. Where
  /// the file does not say it, it is measured once the memory plan is made.
  package var usualInDomain: Double?
  /// Pictures on the way that the page shows of each image.
  package var snapshotCount: Int
  /// What the optimization starts from: "Encoder".
  package var startTitle: String
  /// As people read them.
  package var options: [Option]
  /// `InversionOptions.identity`, which decides.
  package var identity: String
  package var list: List
  package var shard: Shard

  package init(
    _ model: Model, _ options: InversionOptions, _ optionList: [Option], kernels: Kernels, list images: [ListedImage],
    shard: Shard
  ) throws {
    let specification = try model.generator().specification
    self.model = model.path
    modelIdentity = model.file.identity
    weights = model.file.metadata.precision.rawValue
    resolution = try model.imageResolution()
    layerCount = specification.layerCount
    codeDimension = specification.wDimension
    compute = kernels.computeName(model)
    tier = kernels.table.tier.rawValue
    threads = kernels.threadCount
    objective = try InversionSummary.Objective(options, of: model)
    snapshotCount = options.snapshotSteps.count
    switch options.start {
    case .encoder: startTitle = Self.encoderTitle
    case .mean: startTitle = "Mean code"
    case .code: startTitle = "Start code"
    }
    self.options = optionList
    identity = options.identity
    list = List(images)
    self.shard = shard
    if shard.number > images.count {
      throw Failure(
        .usage, of: "shard", "\(shard) has none of the \(images.count) images; expected fewer shards")
    }
    // A file's name says nothing about the code or the networks in it.
    if case .code(let code) = options.start {
      self.options.append(Option(name: "start code, SHA-256", value: code.hashDigest))
    }
    if let encoder = options.startEncoder {
      self.options.append(Option(name: "encoder, SHA-256 of its header", value: encoder.file.identity))
    }
  }

  private var run: RunIdentity { RunIdentity(model: model, modelIdentity: modelIdentity, options: options) }

  /// Why results of the other run do not belong to this one; nil where they do.
  package func mismatch(_ other: RunDescription) -> String? {
    if let mismatch = run.mismatch(other.run) { return mismatch }
    return identity == other.identity ? list.mismatch(other.list) : "other options"
  }

  /// As `mismatch`, for the results of the same shard, which are computed alike.
  package func mismatchOfRun(_ other: RunDescription) -> String? {
    mismatch(other) ?? mismatchOfPart(shard: other.shard, compute: other.compute)
  }

  private func mismatchOfPart(shard other: Shard, compute otherCompute: String) -> String? {
    if shard != other { return "another shard (\(other); expected \(shard))" }
    return compute == otherCompute ? nil : "other arithmetic (\(otherCompute); expected \(compute))"
  }

  /// What this very run has left in a folder, if it is done: the path of its summary, and how many images it skipped.
  ///
  /// - Throws: where the folder holds all results of another run.
  package func finished(in folder: OutputFolder) throws -> (summary: String, skippedCount: Int)? {
    let path = folder.path("summary.json")
    guard !Folder.exists(folder.path(InversionJournal.name)), let finished = FinishedRun(path) else { return nil }
    guard finished.run != digest else { return (path, finished.skippedCount) }
    throw RunIdentity.refusal(at: path, mismatch(finished))
  }

  private func mismatch(_ finished: FinishedRun) -> String {
    guard let other = finished.identity, let list = finished.list else { return "another command or version" }
    return run.mismatch(other) ?? self.list.mismatch(list)
      ?? mismatchOfPart(shard: finished.shard, compute: finished.compute) ?? "other options"
  }

  /// One text that tells runs apart whose results must not be mixed, shards too.
  package var digest: String {
    var hash = SHA256()
    var parts = [modelIdentity, identity, list.sha256, "\(list.count)", shard.description, compute]
    parts += options.flatMap { [$0.name, $0.value] }
    hash.update([UInt8](parts.joined(separator: "\0").utf8))
    return hash.hexDigest()
  }
}
