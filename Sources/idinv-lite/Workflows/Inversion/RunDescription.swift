import Files
import Imaging
import Inversion
import Quant
import Runtime

/// What a run of `invert` is: the header of its journal. Two runs whose results may be mixed agree in model, options and
/// list; the processor and the number of threads may differ.
package struct RunDescription: Codable {
  /// An option with its value, in the order of the command's help.
  package struct Option: Codable, Equatable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }
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

  /// Why results of the other run do not belong to this one; nil where they do.
  package func mismatch(_ other: RunDescription) -> String? {
    if modelIdentity != other.modelIdentity {
      return "another model (\(other.model), identity \(other.modelIdentity.prefix(12))…; "
        + "expected that of \(model), \(modelIdentity.prefix(12))…)"
    }
    if options != other.options {
      let ours = options.filter { !other.options.contains($0) }
      let theirs = other.options.filter { !options.contains($0) }
      func text(_ options: [Option]) -> String {
        options.isEmpty ? "the defaults" : options.map { "\($0.name) \($0.value)" }.joined(separator: " ")
      }
      return "other options (\(text(theirs)); expected \(text(ours)))"
    }
    if identity != other.identity { return "other options" }
    if list != other.list {
      return other.list.count == list.count
        ? "another list of images (other names)"
        : "another list of images (\(other.list.count); expected \(list.count))"
    }
    return nil
  }

  /// As `mismatch`, for the results of the same shard, which are computed alike.
  package func mismatchOfRun(_ other: RunDescription) -> String? {
    if let mismatch = mismatch(other) { return mismatch }
    if shard != other.shard { return "another shard (\(other.shard); expected \(shard))" }
    return compute == other.compute ? nil : "other arithmetic (\(other.compute); expected \(compute))"
  }

  /// What this very run has left in a folder, if it is done: the path of its summary, and how many images it skipped.
  package func finished(in folder: OutputFolder) -> (summary: String, skippedCount: Int)? {
    let summary = folder.path("summary.json")
    guard !Folder.exists(folder.path(InversionJournal.name)),
      let finished = InversionSummary.finishedRun(summary), finished.run == digest
    else { return nil }
    return (summary, finished.skippedCount)
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
