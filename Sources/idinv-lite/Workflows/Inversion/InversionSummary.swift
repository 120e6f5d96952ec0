import Files
import Foundation
import Inversion
import Reports

/// `summary.json`: every figure with its unit or range in its key.
package struct InversionSummary: Encodable {
  package struct Objective: Codable {
    package var iterations: Int
    /// nil where the optimiser finds its step sizes itself.
    package var learning_rate: Float?
    package var lambda_perceptual: Float
    package var lambda_domain: Float

    package init(_ options: InversionOptions, of model: Model) throws {
      iterations = options.iterations
      learning_rate = try options.optimiser == .auto && model.curvature() != nil ? nil : options.learningRate
      lambda_perceptual = options.weights.perceptual
      lambda_domain = options.weights.domain
    }
  }
  package struct Figures: Encodable {
    package var mse_pm1: Double
    package var psnr_db: Double
    package var ssim: Double?
    package var in_domain_mean_square: Double?
    package var in_domain_l2: Double?
  }
  package struct Image: Encodable {
    package var name: String
    package var path: String
    package var steps: Int
    package var stopped: Bool
    /// steps, budget, target, patience, converged or interrupted.
    package var stop_reason: String
    /// The step that evaluated the code of least total loss.
    package var best_step: Int
    package var seconds: Double
    package var encoded: Figures
    package var inverted: Figures
    package var first_losses: Losses?
    package var last_losses: Losses?

    package init(_ record: InversionRecord, _ image: InvertedImage) {
      name = record.name
      path = record.path
      steps = image.stepCount
      stopped = image.wasStopped
      stop_reason = image.stopReason.rawValue
      best_step = image.bestStep
      seconds = image.seconds
      encoded = Figures(image.startFigures)
      inverted = Figures(image.resultFigures)
      first_losses = steps > 0 ? image.losses(atStep: 1) : nil
      last_losses = steps > 0 ? image.losses(atStep: steps) : nil
    }
  }

  package var model: String
  package var weights: String
  package var compute: String
  /// Step time, clock rates and temperature, from the start to the end of the run.
  package var conditions: ConditionCourse.Summary?
  package var tier: String
  package var threads: Int
  package var version: String
  package var objective: Objective
  package var complete: Bool
  /// Tells whether a finished folder holds this very run: model, options, list and shard.
  package var run: String
  package var shard: String?
  package var seconds: Double
  package var median_psnr_db: Double
  package var skipped: [SkippedImage]
  /// How many images ended why: {"budget": 3}.
  package var stop_reasons: [String: Int]
  package var memory: MemoryUse?

  package init(
    _ description: RunDescription, isComplete: Bool, seconds: Double, medianPSNR: Double, stops: StopCounts,
    skipped: [SkippedImage], memory: MemoryUse?
  ) {
    self.memory = memory
    model = description.model
    weights = description.weights
    compute = description.compute
    tier = description.tier
    threads = description.threads
    version = description.program
    objective = description.objective
    complete = isComplete
    run = description.digest
    shard = description.shard.count > 1 ? description.shard.description : nil
    self.seconds = seconds
    median_psnr_db = medianPSNR
    self.skipped = skipped
    stop_reasons = stops.counts
  }

  /// Writes the file, whole or not at all.
  ///
  /// - Parameter images: path of a text that holds the elements of `images`, which may be too long for the memory.
  package func write(to path: String, images: String) throws {
    let text = try JSONOutput.text(self)
    // Keys stay sorted: this is the one that comes next.
    guard let place = text.range(of: "\n  \"median_psnr_db\"") else {
      throw Failure(.internalError, "\(path): cannot be put together")
    }
    let file = try StreamedFile(path: path)
    try file.append("\(text[..<place.lowerBound])\n\(Self.imagesBegin)\n")
    let elements = try InputFile(path: images)
    var offset = 0
    while offset < elements.byteCount {
      let piece = try elements.read(offset..<min(offset + 1 << 18, elements.byteCount))
      try file.append(Data(piece))
      offset += piece.count
    }
    try file.append("\n\(Self.imagesEnd)\(text[place.lowerBound...])")
    try file.commit()
  }

  /// What a finished run left: whether it is `run`, and whether images were skipped. nil where no finished run is there.
  package static func finishedRun(_ path: String) -> (run: String, skippedCount: Int)? {
    guard let text = try? textWithoutImages(path),
      let object = (try? JSONSerialization.jsonObject(with: text)) as? [String: Any],
      object["complete"] as? Bool == true, let run = object["run"] as? String
    else { return nil }
    return (run, (object["skipped"] as? [Any])?.count ?? 0)
  }

  /// What `write` put together, without the images, which may be too many for the memory.
  private static func textWithoutImages(_ path: String) throws -> Data {
    guard let file = FileHandle(forReadingAtPath: path) else { throw CocoaError(.fileReadNoSuchFile) }
    defer { try? file.close() }
    var kept = Data()
    var rest = Data()
    var isAmongImages = false
    while let piece = try file.read(upToCount: 1 << 18), !piece.isEmpty {
      rest.append(piece)
      while let end = rest.firstIndex(of: 0x0a) {
        let line = rest[rest.startIndex..<end]
        let text = String(decoding: line.prefix(Self.imagesBegin.utf8.count + 1), as: UTF8.self)
        if isAmongImages {
          isAmongImages = text != Self.imagesEnd
        } else if text == Self.imagesBegin {
          isAmongImages = true
        } else {
          kept.append(line)
          kept.append(0x0a)
        }
        rest = rest[(end + 1)...]
      }
      rest = Data(rest)
    }
    return kept + rest
  }

  private static let imagesBegin = "  \"images\" : ["
  private static let imagesEnd = "  ],"
}

extension InversionSummary.Figures {
  package init(_ figures: InversionReport.Figures) {
    mse_pm1 = figures.msePM1
    psnr_db = figures.psnrDB
    ssim = figures.ssim
    in_domain_mean_square = figures.inDomainMeanSquare
    in_domain_l2 = figures.inDomainL2
  }
}
