import Inversion

// The claims of the paper, each held against what was measured: where the order is another, the report says so.

extension EvaluationResults {
  /// Fills `findings`.
  package mutating func compareWithPaper() {
    findings = reconstructionFindings + analysisFindings + editFindings + ablationFindings + interpolationFindings
  }

  /// The least share of images that a boundary flips where it does what its name says.
  package static let flippedGoal = 0.9

  private func row(_ method: InversionMethod) -> Method? { reconstruction.first { $0.method == method } }

  private var reconstructionFindings: [Finding] {
    var findings: [Finding] = []
    func order(
      _ claim: String, _ first: InversionMethod, _ second: InversionMethod, _ name: String,
      _ value: (Method) -> Double?
    ) {
      guard let a = row(first).flatMap(value), let b = row(second).flatMap(value) else { return }
      findings.append(
        Finding(
          claim: claim, holds: a < b,
          numbers: "\(name): \(first.title) \(Figure.significant(a)), \(second.title) \(Figure.significant(b))",
          images: plan.reconstructionCount))
    }
    order(
      "The domain-guided encoder reconstructs better than the conventional one", .encoder, .conventional,
      "MSE, pixels in ±1"
    ) { $0.mse_pm1 }
    order("Refinement reconstructs better than the encoder alone", .inDomain, .encoder, "MSE, pixels in ±1") {
      $0.mse_pm1
    }
    order(
      "Free optimization, which has no other goal, is closest in pixels", .image2StyleGAN, .inDomain,
      "MSE, pixels in ±1"
    ) { $0.mse_pm1 }
    order(
      "In-domain reconstructions look more real than those of free optimization", .inDomain, .image2StyleGAN,
      "Fréchet distance"
    ) { $0.frechet_distance }
    order("In-domain reconstructions look more real than the encoder's", .inDomain, .encoder, "Fréchet distance") {
      $0.frechet_distance
    }
    order(
      "The domain-guided encoder's look more real than the conventional one's", .encoder, .conventional,
      "Fréchet distance"
    ) { $0.frechet_distance }
    order("In-domain codes lie nearer to the domain than free ones", .inDomain, .image2StyleGAN, "mean((z − E(G(z)))²)")
    { $0.in_domain_mean_square }
    order("In-domain inversion is faster than free optimization", .inDomain, .image2StyleGAN, "seconds per image") {
      $0.seconds_per_image
    }
    return findings
  }

  private var analysisFindings: [Finding] {
    guard let ours = analysis.first(where: { $0.method == .inDomain }),
      let theirs = analysis.first(where: { $0.method == .image2StyleGAN })
    else { return [] }
    var wins = 0
    var list: [String] = []
    for (a, b) in zip(ours.attributes, theirs.attributes) {
      guard let x = a.average_precision, let y = b.average_precision else { continue }
      if x > y { wins += 1 }
      list.append("\(a.name) \(Figure.fixed(x, 3)) against \(Figure.fixed(y, 3))")
    }
    guard !list.isEmpty else { return [] }
    return [
      Finding(
        claim: "In-domain codes tell attributes better than free ones", holds: wins * 2 > list.count,
        numbers: "average precision higher for \(wins) of \(list.count): \(list.joined(separator: ", "))",
        images: plan.analysisCount)
    ]
  }

  private var editFindings: [Finding] {
    guard let ours = edits.first(where: { $0.method == .inDomain })?.edits.boundaries, !ours.isEmpty else { return [] }
    return [
      Finding(
        claim: "Each boundary changes the attribute that it is named after, in 90 % of the images or more",
        holds: ours.allSatisfy { $0.flipped_share >= Self.flippedGoal },
        numbers: ours.map { "\($0.name) \(Figure.fixed($0.flipped_share * 100, 0)) %" }.joined(separator: ", "),
        images: plan.editCount),
      Finding(
        claim: "and the others by less", holds: ours.allSatisfy { $0.others_change < $0.named_change },
        numbers: ours.map {
          "\($0.name) \(Figure.fixed($0.named_change, 2)), others \(Figure.fixed($0.others_change, 2))"
        }.joined(separator: "; ") + " deviations", images: plan.editCount),
    ]
  }

  private var ablationFindings: [Finding] {
    func course(_ claim: String, _ name: String, rises: Bool, _ value: (Ablation) -> Double?) -> Finding? {
      let values = ablation.compactMap { row in value(row).map { (lambda: row.lambda_domain, value: $0) } }
      guard values.count > 1, let first = values.first, let last = values.last else { return nil }
      let list = values.map { "\(Figure.significant($0.value)) at \(Figure.label(Double($0.lambda)))" }
      return Finding(
        claim: claim, holds: rises ? last.value > first.value : last.value < first.value,
        numbers: "\(name) by λ: \(list.joined(separator: ", "))", images: plan.ablationCount)
    }
    return [
      course("A larger λ_dom reconstructs worse", "MSE", rises: true) { $0.mse_pm1 },
      course("A larger λ_dom keeps codes nearer to the domain", "mean((z − E(G(z)))²)", rises: false) {
        $0.in_domain_mean_square
      },
      course("A larger λ_dom makes more edits succeed", "share", rises: true) { $0.flipped_share },
      course("A larger λ_dom leaves other attributes alone", "change in deviations", rises: false) {
        $0.others_change_deviations
      },
      course("A larger λ_dom makes edited images look more real", "Fréchet distance", rises: false) {
        $0.edited_frechet_distance
      },
    ].compactMap { $0 }
  }

  private var interpolationFindings: [Finding] {
    guard let ours = interpolation.first(where: { $0.method == .inDomain })?.interpolation,
      let theirs = interpolation.first(where: { $0.method == .image2StyleGAN })?.interpolation
    else { return [] }
    var findings = [
      Finding(
        claim: "The way between in-domain codes is smoother than between free ones",
        holds: ours.unevenness < theirs.unevenness,
        numbers: "longest step over the mean one: \(Figure.significant(ours.unevenness)) against "
          + Figure.significant(theirs.unevenness), images: plan.interpolationCount)
    ]
    if let a = ours.halfway_frechet_distance, let b = theirs.halfway_frechet_distance {
      findings.append(
        Finding(
          claim: "and halfway its images look more real", holds: a < b,
          numbers: "Fréchet distance \(Figure.significant(a)) against \(Figure.significant(b))",
          images: plan.interpolationCount))
    }
    return findings
  }
}
