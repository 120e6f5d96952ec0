import Files
import Foundation
import Quant

/// What the checkpoints cannot say. The defaults are those of the published models.
package struct ConversionOptions: Equatable, Sendable {
  package var precision: WeightsPrecision = .f32
  /// Exceptions to the precision, by tensor name in the model file.
  package var precisionOverrides: [String: DType] = [:]
  /// Whether the generator's image passes through tanh; nil: as the program has it that wrote the checkpoint.
  package var finalTanh: Bool?
  /// Where a file has several copies of a network, what the wanted one's name contains; nil: the running average.
  package var which: String?
  /// Whether the encoder was built with `use_wscale`.
  package var encoderWScale = false
  /// Which encoder of pSp's family it is; nil for what the file says.
  package var encoderKind: StyleHeadsKind?
  /// Truncation; where both are nil the checkpoint's buffer counts, else ψ 0.7 on 8 layers.
  package var truncationPsi: Float?
  package var truncationLayers: Int?
  package var pixelMinimum: Float = -1
  package var pixelMaximum: Float = 1
  /// What the perceptual network reads; nil: what its weights tell, or as published.
  package var perceptualInput: PerceptualInput?
  /// Layers of the perceptual network to keep; nil: up to the ReLU of conv4_3 in a VGG16, all in others.
  package var perceptualLayers: Int?
  /// Whether tensors in a network's modules that the published code does not have are ignored. They would probably
  /// change its output, so they are refused otherwise.
  package var ignoresUnknownTensors = false
  package var licence = ""
  package var note = ""
  package var creator = "idinv-lite"

  package init() {}
}

/// Turns checkpoints into one model file: looks at names and shapes, folds constants and statistics into the weights,
/// quantises, writes. One tensor is in memory at a time.
package struct Conversion {
  /// Paths; at least one.
  package var generator: String?
  package var encoder: String?
  package var perceptual: String?
  /// Needs `perceptual`.
  package var attributes: String?
  package var judge: String?
  /// The three checkpoints of an MTCNN, in any order.
  package var detector: [String] = []
  /// LPIPS's linear layers and the network that they weigh, in any order; one file where it holds both.
  package var lpips: [String] = []
  package var identity: String?
  package var options: ConversionOptions

  package init(
    generator: String? = nil, encoder: String? = nil, perceptual: String? = nil,
    attributes: String? = nil, judge: String? = nil, detector: [String] = [],
    lpips: [String] = [], identity: String? = nil,
    options: ConversionOptions = ConversionOptions()
  ) {
    self.generator = generator
    self.encoder = encoder
    self.perceptual = perceptual
    self.attributes = attributes
    self.judge = judge
    self.detector = detector
    self.lpips = lpips
    self.identity = identity
    self.options = options
  }

  /// Converts and writes `output`; nothing is left behind after an error.
  ///
  /// - Parameter progress: gets the share done, 0 to 1, after each tensor.
  /// - Throws: any `CheckpointError`; what concerns the output is in `.modelFile`.
  package func run(
    to output: String, progress: ((Double) -> Void)? = nil
  ) throws(CheckpointError) -> ConversionReport {
    let plans = try planned()
    let (readers, tensors, specification) = (plans.readers, plans.tensors, plans.specification)
    try checkAgreement(specification)
    let ignored = try ignoredNames(readers)
    let sources = try hashed(readers)
    do throws(ModelFileError) { try specification.validate() } catch { throw .modelFile(error) }
    let (byteCount, weightCount) = try write(tensors, specification, sources, to: output, progress)
    let sha256 = try hash(output)
    return ConversionReport(
      sources: sources, inferred: readers.flatMap(\.inferred), warnings: readers.flatMap(\.warnings),
      ignored: ignored, specification: specification, precision: options.precision, path: output,
      byteCount: byteCount, sha256: sha256, tensorCount: tensors.count, weightCount: weightCount)
  }

  private func checkAgreement(_ specification: ModelSpecification) throws(CheckpointError) {
    if let found = specification.attributes?.resolution,
      let wanted = specification.imageResolution, wanted != found
    {
      throw .mismatch(
        what: "the attribute network's resolution", found: "\(found) (\(attributes ?? ""))",
        expected: "\(wanted), as the other networks'")
    }
    guard let generator = specification.generator, let encoder = specification.encoder else { return }
    let pairs = [
      // Encoders with heads read images of a size of their own.
      (
        "resolution", generator.resolution,
        encoder.architecture.readsGeneratorsSize ? encoder.resolution : generator.resolution
      ),
      ("number of layers", generator.layerCount, encoder.layerCount),
      ("dimension of w", generator.wDimension, encoder.wDimension),
      ("number of image channels", generator.imageChannels, encoder.imageChannels),
    ]
    for (what, wanted, found) in pairs where wanted != found {
      throw .mismatch(
        what: "the encoder's \(what)", found: "\(found) (\(self.encoder ?? ""))",
        expected: "\(wanted), as the generator's (\(self.generator ?? ""))")
    }
  }

  private func ignoredNames(_ readers: [PartReader]) throws(CheckpointError) -> [String] {
    var ignored: [String] = []
    // One file may hold several networks.
    var used: [String: Set<String>] = [:]
    for reader in readers { used[reader.checkpoint.path, default: []].formUnion(reader.usedNames) }
    for reader in readers {
      let unused = reader.unused()
      if let first = unused.unknown.first, !options.ignoresUnknownTensors {
        throw .tensor(
          name: first,
          found: "a tensor that the published \(reader.part.rawValue) does not have"
            + (unused.unknown.count > 1 ? " (and \(unused.unknown.count - 1) more)" : ""),
          expected: "none; ignoring it may change the output, and has to be asked for")
      }
      let others = used[reader.checkpoint.path] ?? []
      ignored += (unused.unknown + unused.ignored).filter { !others.contains($0) && !ignored.contains($0) }
    }
    return ignored
  }

  private func hashed(_ readers: [PartReader]) throws(CheckpointError) -> [ConversionReport.Source] {
    var sources: [ConversionReport.Source] = [], digests: [String: String] = [:]
    for reader in readers {
      let checkpoint = reader.checkpoint
      let digest = if let known = digests[checkpoint.path] { known } else { try hash(checkpoint.path) }
      digests[checkpoint.path] = digest
      sources.append(
        .init(
          part: reader.part.rawValue, path: checkpoint.path, format: checkpoint.format.rawValue,
          byteCount: checkpoint.byteCount, sha256: digest, tensorCount: checkpoint.names.count,
          prefix: reader.prefix))
    }
    return sources
  }

  /// Of a folder, the digest of its files' digests and names, in order.
  private func hash(_ path: String) throws(CheckpointError) -> String {
    if let folder = try? FileFolder(path) {
      var whole = SHA256()
      for name in folder.fileNames {
        whole.update([UInt8]("\(try hash("\(path)/\(name)"))  \(name)\n".utf8))
      }
      return whole.hexDigest()
    }
    do throws(ModelFileError) { return try SHA256.hexDigest(ofFile: path) } catch { throw .modelFile(error) }
  }

  private func write(
    _ tensors: [PlannedTensor], _ specification: ModelSpecification, _ sources: [ConversionReport.Source],
    to output: String, _ progress: ((Double) -> Void)?
  ) throws(CheckpointError) -> (byteCount: Int, weightCount: Int) {
    let metadata = ModelMetadata(
      specification: specification, precision: options.precision,
      sources: sources.map {
        ModelSource(
          part: $0.part, file: PathText.lastComponent(of: $0.path), byteCount: $0.byteCount,
          sha256: $0.sha256)
      }, licence: options.licence, note: options.note, creator: options.creator)
    let policy = QuantisationPolicy(precision: options.precision, overrides: options.precisionOverrides)
    let total = requiredTensors(of: specification).reduce(0) { $0 + $1.elementCount }
    var done = 0
    let writer: ModelFileWriter
    do throws(ModelFileError) {
      writer = try ModelFileWriter(path: output, metadata: metadata, policy: policy)
    } catch {
      throw .modelFile(error)
    }
    for tensor in tensors {
      let values = try tensor.values()
      do throws(ModelFileError) { try writer.write(tensor.name, values) } catch { throw .modelFile(error) }
      done += values.count
      progress?(Double(done) / Double(max(1, total)))
    }
    do throws(ModelFileError) { return (try writer.finish(), done) } catch { throw .modelFile(error) }
  }
}
