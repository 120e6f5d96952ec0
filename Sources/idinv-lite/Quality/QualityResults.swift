import Foundation
import Inversion

/// `quality.json`: every figure with its unit or range in its key.
struct QualityResults: Encodable {
  /// One configuration. Figures are means over the images; times are those of each image's median round.
  struct Row: Encodable {
    var id: String
    /// `encoder` for the encoder alone.
    var optimizer: String
    var iterations: Int
    var weights: String
    var compute: String
    var threads: Int
    /// Why it could not be measured; then there are no figures.
    var failure: String?
    /// Evaluations of the objective: fewer than `iterations` where the optimiser converged.
    var steps_per_image: Double?
    var seconds_per_image: Double?
    var cpu_seconds_per_image: Double?
    /// From the start of a process to its first image; median.
    var startup_seconds: Double?
    var peak_rss_bytes: Int?
    var total_loss: Double?
    var pixel_loss: Double?
    var perceptual_loss: Double?
    /// The in-domain score mean((z − E(G(z)))²).
    var domain_loss: Double?
    var psnr_db: Double?
    var ssim: Double?
    var lpips_style: Double?
    var edits_flipped_share: Double?
    var edits_mean_steps: Double?
    var edits_others_change_deviations: Double?
    /// Whether no other configuration is both faster, by `clock`, and lower in total loss.
    var is_on_front: Bool
    var rounds: [Round]
    var images: [Image]

    /// Seconds per image of one round, to show how much the machine wavered.
    struct Round: Encodable {
      var seconds_per_image: Double
    }
    struct Image: Encodable {
      var name: String
      var steps: Int
      var seconds: Double
      var cpu_seconds: Double
      var quality: InversionQuality
    }
  }

  /// What can be bought with time or memory.
  enum Measure: String, Encodable, CaseIterable {
    case total_loss, psnr_db, lpips_style, domain_loss, edits_others_change_deviations
  }

  /// What counts as time.
  enum Clock: String, Encodable, CaseIterable { case wall, processor }

  var version = IdinvLite.version
  var model: String
  var model_sha256: String
  var weights_of_file: String
  var machine: MachineFacts
  /// What fronts and curves go by.
  var clock: Clock
  var rounds: Int
  var images: Int
  var edited_images: Int
  /// Of each process; absent where none was asked for.
  var memory_budget_bytes: Int?
  var configurations: [Row]
  /// The configurations that no other one beats in both time and a measure, from the fastest to the best.
  var fronts: [String: [String]] = [:]
  /// The published procedure, with the first weights, arithmetic and threads of the grid.
  var published: String?
  /// The fastest configuration whose total loss is that of the published procedure, or less.
  var as_good_as_published: String?
  var seconds: Double
  var notes: [String]
  var skipped: [SkippedImage]

  init(
    _ run: QualityRun, _ measurements: [QualityConfiguration: QualityRun.Measurement], clock: Clock,
    seconds: Double, notes: [String], skipped: [SkippedImage]
  ) {
    model = run.plan.model.path
    model_sha256 = run.modelSHA
    weights_of_file = run.plan.model.file.metadata.precision.rawValue
    machine = run.machine
    self.clock = clock
    rounds = run.plan.rounds
    images = run.plan.images.count
    edited_images = run.plan.boundaries.isEmpty ? 0 : run.plan.editCount
    memory_budget_bytes = run.plan.memory.budgetByteCount
    let names = run.plan.images.map(\.name)
    configurations = run.plan.configurations.map {
      Row($0, measurements[$0], failure: run.failures[$0], names: names, roundCount: run.plan.rounds)
    }
    self.seconds = seconds
    self.notes = notes + run.notes
    self.skipped = skipped
    for measure in Measure.allCases {
      let front = front(measure).map { configurations[$0].id }
      if !front.isEmpty { fronts[measure.rawValue] = front }
    }
    for index in front(.total_loss) { configurations[index].is_on_front = true }
    comparePublished(run.plan.configurations)
  }

  /// Places of the configurations that no other one beats in time and a measure, from the fastest to the best.
  func front(_ measure: Measure) -> [Int] {
    ParetoFront.indices(
      of: configurations.map { row in
        (cost: time(row) ?? .nan, error: row.value(measure).map { $0 * measure.sign } ?? .nan)
      })
  }

  /// Seconds per image, by the clock that counts.
  func time(_ row: Row) -> Double? { clock == .wall ? row.seconds_per_image : row.cpu_seconds_per_image }

  var front: [Row] { front(.total_loss).map { configurations[$0] } }

  func row(_ id: String?) -> Row? { configurations.first { $0.id == id } }

  private mutating func comparePublished(_ all: [QualityConfiguration]) {
    guard let index = all.firstIndex(where: { $0.optimizer == .adam && $0.iterations == 100 }),
      let loss = configurations[index].total_loss
    else { return }
    published = configurations[index].id
    as_good_as_published = front.first { ($0.total_loss ?? .infinity) <= loss }?.id
  }
}

extension QualityResults.Measure {
  /// −1 where more is better.
  var sign: Double { self == .psnr_db ? -1 : 1 }
}

extension QualityResults.Row {
  init(
    _ configuration: QualityConfiguration, _ measurement: QualityRun.Measurement?, failure: String?, names: [String],
    roundCount: Int
  ) {
    id = configuration.id
    optimizer = configuration.optimizer?.rawValue ?? "encoder"
    iterations = configuration.iterations
    weights = configuration.weights.rawValue
    compute = configuration.compute
    threads = configuration.threads
    self.failure = failure
    is_on_front = false
    rounds = []
    images = []
    guard let measurement else { return }
    let timings = measurement.timings
    images = names.indices.map { index in
      Image(
        name: names[index], steps: timings[index][0].steps,
        seconds: Figure.median(timings[index].map(\.seconds)) ?? .nan,
        cpu_seconds: Figure.median(timings[index].map(\.cpuSeconds)) ?? .nan, quality: measurement.qualities[index])
    }
    rounds = (0..<(timings.map(\.count).min() ?? 0)).map { round in
      Round(seconds_per_image: timings.reduce(0) { $0 + $1[round].seconds } / Double(timings.count))
    }
    steps_per_image = mean { Double($0.steps) }
    seconds_per_image = mean(\.seconds)
    cpu_seconds_per_image = mean(\.cpu_seconds)
    startup_seconds = Figure.median(timings.flatMap { $0.map(\.startSeconds) })
    peak_rss_bytes = timings.flatMap { $0.map(\.peakBytes) }.max()
    total_loss = mean { Double($0.quality.losses.total) }
    pixel_loss = mean { Double($0.quality.losses.pixel) }
    perceptual_loss = mean { Double($0.quality.losses.perceptual) }
    domain_loss = mean { Double($0.quality.losses.domain) }
    psnr_db = mean(\.quality.psnr_db)
    ssim = mean(\.quality.ssim)
    lpips_style = mean(\.quality.lpips_style)
    if let edits = measurement.edits {
      edits_flipped_share = edits.flippedShare
      let steps = edits.boundaries.compactMap(\.mean_steps)
      edits_mean_steps = steps.isEmpty ? nil : steps.reduce(0, +) / Double(steps.count)
      edits_others_change_deviations = edits.othersChange
    }
  }

  private func mean(_ value: (Image) -> Double?) -> Double? {
    let values = images.compactMap(value)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  func value(_ measure: QualityResults.Measure) -> Double? {
    switch measure {
    case .total_loss: total_loss
    case .psnr_db: psnr_db
    case .lpips_style: lpips_style
    case .domain_loss: domain_loss
    case .edits_others_change_deviations: edits_others_change_deviations
    }
  }
}

// MARK: Tables

extension QualityResults {
  /// One line for each configuration; an empty field where there is no figure.
  func csv() -> String {
    var lines = [
      "id,optimizer,iterations,weights,compute,threads,is_on_front,steps_per_image,seconds_per_image,"
        + "cpu_seconds_per_image,startup_seconds,peak_rss_bytes,total_loss,pixel_loss,perceptual_loss,domain_loss,psnr_db,"
        + "ssim,lpips_style,edits_flipped_share,edits_mean_steps,edits_others_change_deviations"
    ]
    for row in configurations {
      let head = [
        row.id, row.optimizer, "\(row.iterations)", row.weights, row.compute, "\(row.threads)",
        row.is_on_front ? "1" : "0",
      ]
      let figures: [Double?] = [
        row.steps_per_image, row.seconds_per_image, row.cpu_seconds_per_image, row.startup_seconds,
        row.peak_rss_bytes.map(Double.init), row.total_loss, row.pixel_loss, row.perceptual_loss, row.domain_loss,
        row.psnr_db, row.ssim, row.lpips_style, row.edits_flipped_share, row.edits_mean_steps,
        row.edits_others_change_deviations,
      ]
      lines.append((head + figures.map(Self.field)).joined(separator: ","))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// One line for each configuration and image.
  func imagesCSV() -> String {
    var lines = [
      "id,image,steps,seconds,cpu_seconds,total_loss,pixel_loss,perceptual_loss,domain_loss,psnr_db,ssim,lpips_style"
    ]
    for row in configurations {
      for image in row.images {
        let losses = image.quality.losses
        let figures: [Double?] = [
          image.seconds, image.cpu_seconds, Double(losses.total), Double(losses.pixel), Double(losses.perceptual),
          Double(losses.domain), image.quality.psnr_db, image.quality.ssim, image.quality.lpips_style,
        ]
        let head = [row.id, EvaluationResults.field(image.name), "\(image.steps)"]
        lines.append((head + figures.map(Self.field)).joined(separator: ","))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func field(_ value: Double?) -> String {
    guard let value else { return "" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}
