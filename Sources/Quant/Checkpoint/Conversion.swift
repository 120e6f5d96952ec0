import Files
import Glibc
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
/// quantizes, writes. One tensor is in memory at a time.
package struct Conversion {
  /// The checkpoints of each network: one, or a detector's three and LPIPS's two in any order.
  package var checkpoints: [NetworkPart: [String]]
  package var options: ConversionOptions
  /// What is measured of the model before its file gets its name; nil: nothing.
  package var measurement: Measurement?

  /// A measurement that the model file is to state.
  package struct Measurement {
    /// Whether such a model is measured.
    package var applies: (ModelSpecification) -> Bool
    /// The measurement of the model in a file; nil where it cannot be made. It asks now and then whether to go on.
    package var run: Run
    package typealias Run = (_ path: String, _ goesOn: () -> Bool) -> ModelFindings?

    package init(applies: @escaping (ModelSpecification) -> Bool, run: @escaping Run) {
      self.applies = applies
      self.run = run
    }
  }

  /// - Parameters:
  ///   - networks: the checkpoint of each; a network without one is left out. `attributes` needs `perceptual`.
  ///   - detector: the three checkpoints of an MTCNN, or the folder with them.
  ///   - lpips: its linear layers and the network that they weigh, in one or two files.
  package init(
    _ networks: [NetworkPart: String?] = [:], detector: [String] = [], lpips: [String] = [],
    options: ConversionOptions = ConversionOptions()
  ) {
    checkpoints = networks.compactMapValues { $0.map { [$0] } }
    if let folder = detector.first, detector.count == 1, (try? Folder.kind(of: folder)) == .folder {
      checkpoints[.detector] = DetectorPlan.fileNames.map { PathText.path($0, in: folder) }
    } else if !detector.isEmpty {
      checkpoints[.detector] = detector
    }
    if !lpips.isEmpty { checkpoints[.lpips] = lpips }
    self.options = options
  }

  /// All checkpoints, in the order of the file.
  package var paths: [String] { NetworkPart.allCases.flatMap { checkpoints[$0] ?? [] } }

  /// Converts and writes `output`; nothing is left behind after an error.
  ///
  /// - Parameter progress: gets the share done, 0 to 1, after each tensor.
  /// - Throws: any `CheckpointError`; what concerns the output is in `.modelFile`.
  package func run(
    to output: String, progress: ((Double) -> Void)? = nil
  ) throws(CheckpointError) -> ConversionReport {
    let report = try run(to: output) { share in
      progress?(share)
      return true
    }
    guard let report else { preconditionFailure("a conversion that nobody ended has a report") }
    return report
  }

  /// The same for a run that may be ended.
  ///
  /// - Parameter goesOn: gets the share done after each tensor; false ends the conversion.
  /// - Returns: nil where it was ended; then nothing is left behind.
  package func run(
    to output: String, while goesOn: (Double) -> Bool
  ) throws(CheckpointError) -> ConversionReport? {
    var draft = ConversionDraft(options)
    for part in NetworkPart.allCases {
      guard let paths = checkpoints[part] else { continue }
      var opened: [Checkpoint] = []
      for path in paths {
        do { opened.append(try CheckpointReader.open(path)) } catch { throw error.located(in: path) }
      }
      do throws(CheckpointError) {
        try part.conversion.plan(opened, in: &draft)
      } catch {
        throw Recognition.named(error, of: part, in: opened)
      }
    }
    let ignored = try ignoredNames(draft.readers)
    let sources = try hashed(draft.readers)
    do throws(ModelFileError) { try draft.specification.validate() } catch { throw .modelFile(error) }
    guard let written = try write(draft, sources, to: output, goesOn) else { return nil }
    let sha256 = try hash(output)
    return ConversionReport(
      sources: sources, inferred: draft.readers.flatMap(\.inferred), warnings: draft.readers.flatMap(\.warnings),
      ignored: ignored, measured: written.statements, specification: written.specification,
      precision: options.precision, path: output, byteCount: written.byteCount, sha256: sha256,
      tensorCount: draft.tensors.count,
      weightCount: written.weightCount)
  }

  private func ignoredNames(_ readers: [PartReader]) throws(CheckpointError) -> [String] {
    var ignored: [String] = []
    // One file may hold several networks.
    var used: [String: Set<String>] = [:]
    for reader in readers { used[reader.checkpoint.path, default: []].formUnion(reader.usedNames) }
    for reader in readers {
      let unused = reader.unused()
      if let first = unused.unknown.first, !options.ignoresUnknownTensors {
        let error = CheckpointError.tensor(
          name: first,
          found: "a tensor that the published \(reader.part.rawValue) does not have"
            + (unused.unknown.count > 1 ? " (and \(unused.unknown.count - 1) more)" : ""),
          expected: "none; ignoring it may change the output, and has to be asked for")
        throw Recognition.named(error, of: reader.part, in: [reader.checkpoint])
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

  private struct Written {
    var specification: ModelSpecification
    var byteCount: Int
    var weightCount: Int
    var statements: [String] = []
  }

  private func write(
    _ draft: ConversionDraft, _ sources: [ConversionReport.Source], to output: String, _ goesOn: (Double) -> Bool
  ) throws(CheckpointError) -> Written? {
    let metadata = ModelMetadata(
      specification: draft.specification, precision: options.precision,
      sources: sources.map {
        ModelSource(
          part: $0.part, file: PathText.lastComponent(of: $0.path), byteCount: $0.byteCount,
          sha256: $0.sha256)
      }, licence: options.licence, note: options.note, creator: options.creator)
    let policy = QuantizationPolicy(precision: options.precision, overrides: options.precisionOverrides)
    let total = requiredTensors(of: draft.specification).reduce(0) { $0 + $1.elementCount }
    var done = 0
    let measurement = measurement.flatMap { $0.applies(draft.specification) ? $0 : nil }
    let writer: ModelFileWriter
    do throws(ModelFileError) {
      writer = try ModelFileWriter(
        path: output, metadata: metadata, policy: policy, hasRoomForFindings: measurement != nil)
    } catch {
      throw .modelFile(error)
    }
    for tensor in draft.tensors {
      let values = try tensor.values()
      do throws(ModelFileError) { try writer.write(tensor.name, values) } catch { throw .modelFile(error) }
      done += values.count
      guard goesOn(Double(done) / Double(max(1, total))) else { return nil }
    }
    do throws(ModelFileError) {
      guard let measurement else {
        return Written(specification: draft.specification, byteCount: try writer.finish(), weightCount: done)
      }
      var statements: [String] = []
      let byteCount = try writer.finish { path in
        let findings = measurement.run(path) { goesOn(1) }
        statements = findings?.statements ?? []
        return (findings, goesOn(1))
      }
      return byteCount.map {
        Written(
          specification: writer.metadata.specification, byteCount: $0, weightCount: done, statements: statements)
      }
    } catch {
      throw .modelFile(error)
    }
  }
}
