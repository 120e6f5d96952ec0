import Glibc
import Inversion

/// `quality.json`: every figure with its unit or range in its key.
package struct QualityResults: Encodable {
  /// One configuration. Figures are means over the images; times are those of each image's median round.
  package struct Row: Encodable {
    package var id: String
    /// `encoder` for the encoder alone.
    package var optimizer: String
    package var iterations: Int
    package var weights: String
    package var compute: String
    package var threads: Int
    /// Why it could not be measured; then there are no figures.
    package var failure: String?
    /// Evaluations of the objective: fewer than `iterations` where the optimizer converged.
    package var steps_per_image: Double?
    package var seconds_per_image: Double?
    package var cpu_seconds_per_image: Double?
    /// From the start of a process to its first image; median.
    package var startup_seconds: Double?
    package var peak_rss_bytes: Int?
    package var total_loss: Double?
    package var pixel_loss: Double?
    package var perceptual_loss: Double?
    /// The in-domain score mean((z − E(G(z)))²).
    package var domain_loss: Double?
    package var psnr_db: Double?
    package var ssim: Double?
    package var lpips_style: Double?
    /// LPIPS, and the cosine of the identity network's vectors, where there are their networks.
    package var lpips: Double?
    package var identity: Double?
    package var edits_flipped_share: Double?
    package var edits_mean_steps: Double?
    package var edits_others_change_deviations: Double?
    /// Whether no other configuration is both faster, by `clock`, and lower in total loss.
    package var is_on_front: Bool
    package var rounds: [Round]
    package var images: [Image]

    package init(
      id: String, optimizer: String, iterations: Int, weights: String, compute: String, threads: Int,
      failure: String? = nil, steps_per_image: Double? = nil, seconds_per_image: Double? = nil,
      cpu_seconds_per_image: Double? = nil, startup_seconds: Double? = nil, peak_rss_bytes: Int? = nil,
      total_loss: Double? = nil, pixel_loss: Double? = nil, perceptual_loss: Double? = nil,
      domain_loss: Double? = nil, psnr_db: Double? = nil, ssim: Double? = nil, lpips_style: Double? = nil,
      edits_flipped_share: Double? = nil, edits_mean_steps: Double? = nil,
      edits_others_change_deviations: Double? = nil, is_on_front: Bool, rounds: [Round], images: [Image]
    ) {
      self.id = id
      self.optimizer = optimizer
      self.iterations = iterations
      self.weights = weights
      self.compute = compute
      self.threads = threads
      self.failure = failure
      self.steps_per_image = steps_per_image
      self.seconds_per_image = seconds_per_image
      self.cpu_seconds_per_image = cpu_seconds_per_image
      self.startup_seconds = startup_seconds
      self.peak_rss_bytes = peak_rss_bytes
      self.total_loss = total_loss
      self.pixel_loss = pixel_loss
      self.perceptual_loss = perceptual_loss
      self.domain_loss = domain_loss
      self.psnr_db = psnr_db
      self.ssim = ssim
      self.lpips_style = lpips_style
      self.edits_flipped_share = edits_flipped_share
      self.edits_mean_steps = edits_mean_steps
      self.edits_others_change_deviations = edits_others_change_deviations
      self.is_on_front = is_on_front
      self.rounds = rounds
      self.images = images
    }

    /// Seconds per image of one round, to show how much the machine wavered.
    package struct Round: Encodable {
      package var seconds_per_image: Double

      package init(seconds_per_image: Double) {
        self.seconds_per_image = seconds_per_image
      }
    }
    package struct Image: Encodable {
      package var name: String
      package var steps: Int
      package var seconds: Double
      package var cpu_seconds: Double
      package var quality: InversionQuality

      package init(name: String, steps: Int, seconds: Double, cpu_seconds: Double, quality: InversionQuality) {
        self.name = name
        self.steps = steps
        self.seconds = seconds
        self.cpu_seconds = cpu_seconds
        self.quality = quality
      }
    }
  }

  /// What can be bought with time or memory.
  package enum Measure: String, Encodable, CaseIterable {
    case total_loss, psnr_db, lpips_style, domain_loss, edits_others_change_deviations
  }

  /// What counts as time.
  package enum Clock: String, Encodable, CaseIterable { case wall, processor }

  package var version: String
  package var model: String
  package var model_identity: String
  package var weights_of_file: String
  package var machine: MachineFacts
  /// What fronts and curves go by.
  package var clock: Clock
  package var rounds: Int
  package var images: Int
  package var edited_images: Int
  /// Of each process; absent where none was asked for.
  package var memory_budget_bytes: Int?
  package var configurations: [Row]
  /// The configurations that no other one beats in both time and a measure, from the fastest to the best.
  package var fronts: [String: [String]] = [:]
  /// The published procedure, with the first weights, arithmetic and threads of the grid.
  package var published: String?
  /// The fastest configuration whose total loss is that of the published procedure, or less.
  package var as_good_as_published: String?
  package var seconds: Double
  package var notes: [String]
  package var skipped: [SkippedImage]

  package init(
    version: String, model: String, model_identity: String, weights_of_file: String, machine: MachineFacts,
    clock: Clock, rounds: Int, images: Int, edited_images: Int, memory_budget_bytes: Int? = nil,
    configurations: [Row], fronts: [String: [String]] = [:], published: String? = nil,
    as_good_as_published: String? = nil, seconds: Double, notes: [String], skipped: [SkippedImage]
  ) {
    self.version = version
    self.model = model
    self.model_identity = model_identity
    self.weights_of_file = weights_of_file
    self.machine = machine
    self.clock = clock
    self.rounds = rounds
    self.images = images
    self.edited_images = edited_images
    self.memory_budget_bytes = memory_budget_bytes
    self.configurations = configurations
    self.fronts = fronts
    self.published = published
    self.as_good_as_published = as_good_as_published
    self.seconds = seconds
    self.notes = notes
    self.skipped = skipped
  }

  /// Places of the configurations that no other one beats in time and a measure, from the fastest to the best.
  package func front(_ measure: Measure) -> [Int] {
    ParetoFront.indices(
      of: configurations.map { row in
        (cost: time(row) ?? .nan, error: row.value(measure).map { $0 * measure.sign } ?? .nan)
      })
  }

  /// Seconds per image, by the clock that counts.
  package func time(_ row: Row) -> Double? { clock == .wall ? row.seconds_per_image : row.cpu_seconds_per_image }

  package var front: [Row] { front(.total_loss).map { configurations[$0] } }

  package func row(_ id: String?) -> Row? { configurations.first { $0.id == id } }
}

extension QualityResults.Measure {
  /// −1 where more is better.
  package var sign: Double { self == .psnr_db ? -1 : 1 }
}

extension QualityResults.Row {
  package func value(_ measure: QualityResults.Measure) -> Double? {
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
  package func csv() -> String {
    var table = CSVTable([
      "id", "optimizer", "iterations", "weights", "compute", "threads", "is_on_front", "steps_per_image",
      "seconds_per_image", "cpu_seconds_per_image", "startup_seconds", "peak_rss_bytes", "total_loss", "pixel_loss",
      "perceptual_loss", "domain_loss", "psnr_db", "ssim", "lpips_style", "edits_flipped_share", "edits_mean_steps",
      "edits_others_change_deviations", "lpips", "identity",
    ])
    for row in configurations {
      let head = [
        row.id, row.optimizer, "\(row.iterations)", row.weights, row.compute, "\(row.threads)",
        row.is_on_front ? "1" : "0",
      ]
      let figures: [Double?] = [
        row.steps_per_image, row.seconds_per_image, row.cpu_seconds_per_image, row.startup_seconds,
        row.peak_rss_bytes.map(Double.init), row.total_loss, row.pixel_loss, row.perceptual_loss, row.domain_loss,
        row.psnr_db, row.ssim, row.lpips_style, row.edits_flipped_share, row.edits_mean_steps,
        row.edits_others_change_deviations, row.lpips, row.identity,
      ]
      table.add(head + figures.map(Self.field))
    }
    return table.text
  }

  /// One line for each configuration and image.
  package func imagesCSV() -> String {
    var table = CSVTable([
      "id", "image", "steps", "seconds", "cpu_seconds", "total_loss", "pixel_loss", "perceptual_loss", "domain_loss",
      "psnr_db", "ssim", "lpips_style", "lpips", "identity",
    ])
    for row in configurations {
      for image in row.images {
        let losses = image.quality.losses
        let figures: [Double?] = [
          image.seconds, image.cpu_seconds, Double(losses.total), Double(losses.pixel), Double(losses.perceptual),
          Double(losses.domain), image.quality.psnr_db, image.quality.ssim, image.quality.lpips_style,
          image.quality.lpips, image.quality.identity,
        ]
        let head = [row.id, image.name, "\(image.steps)"]
        table.add(head + figures.map(Self.field))
      }
    }
    return table.text
  }

  private static func field(_ value: Double?) -> String {
    guard let value else { return "" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}
