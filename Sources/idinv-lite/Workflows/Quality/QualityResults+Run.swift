import Inversion
import Reports

extension QualityResults {
  package init(
    _ run: QualityRun, _ measurements: [QualityConfiguration: QualityRun.Measurement], clock: Clock,
    seconds: Double, notes: [String], skipped: [SkippedImage]
  ) {
    let plan = run.plan
    let names = plan.images.map(\.name)
    self.init(
      version: Program.version, model: plan.model.path, model_identity: run.modelIdentity,
      weights_of_file: plan.model.file.metadata.precision.rawValue, machine: run.machine, clock: clock,
      rounds: plan.rounds, images: plan.images.count, edited_images: plan.boundaries.isEmpty ? 0 : plan.editCount,
      memory_budget_bytes: plan.memory.budgetByteCount,
      configurations: plan.configurations.map {
        Row($0, measurements[$0], failure: run.failures[$0], names: names, roundCount: plan.rounds)
      }, seconds: seconds, notes: notes + run.notes, skipped: skipped)
    for measure in Measure.allCases {
      let front = front(measure).map { configurations[$0].id }
      if !front.isEmpty { fronts[measure.rawValue] = front }
    }
    for index in front(.total_loss) { configurations[index].is_on_front = true }
    comparePublished(plan.configurations)
  }

  private mutating func comparePublished(_ all: [QualityConfiguration]) {
    guard let index = all.firstIndex(where: { $0.optimizer == .adam && $0.iterations == 100 }),
      let loss = configurations[index].total_loss
    else { return }
    published = configurations[index].id
    as_good_as_published = front.first { ($0.total_loss ?? .infinity) <= loss }?.id
  }
}

extension QualityResults.Row {
  package init(
    _ configuration: QualityConfiguration, _ measurement: QualityRun.Measurement?, failure: String?, names: [String],
    roundCount: Int
  ) {
    self.init(
      id: configuration.id, optimizer: configuration.optimizer?.rawValue ?? "encoder",
      iterations: configuration.iterations, weights: configuration.weights.rawValue, compute: configuration.compute,
      threads: configuration.threads, failure: failure, is_on_front: false, rounds: [], images: [])
    guard let measurement else { return }
    let timings = measurement.timings
    images = names.indices.map { index in
      Image(
        name: names[index], steps: timings[index][0].steps,
        seconds: Figure.median(timings[index].map(\.seconds)) ?? .nan,
        cpu_seconds: Figure.median(timings[index].map(\.cpuSeconds)) ?? .nan, quality: measurement.qualities[index])
    }
    rounds = (0..<(timings.map(\.count).min() ?? 0)).map { round in
      let sum: Double = timings.reduce(0) { $0 + $1[round].seconds }
      return Round(seconds_per_image: sum / Double(timings.count))
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
    lpips = mean(\.quality.lpips)
    identity = mean(\.quality.identity)
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
}
