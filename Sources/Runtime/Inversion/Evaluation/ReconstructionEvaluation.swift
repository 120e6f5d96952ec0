import Imaging
import Runtime

/// How well a method reconstructs a set of images: one row of the paper's table of quality and speed.
package struct ReconstructionEvaluation: Sendable, Codable {
  package struct Row: Sendable, Codable {
    package var name: String
    /// Mean squared error of pixels in −1...1.
    package var mse_pm1: Double
    package var psnr_db: Double
    package var ssim: Double?
    /// `PerceptualDistance.unitNormalized` in the model's F; nil without one.
    package var lpips_style: Double?
    /// `LearnedDistances`; nil without their networks.
    package var lpips: Double?
    package var identity: Double?
    /// mean((z − E(G(z)))²).
    package var in_domain_mean_square: Double?
    /// Of the inversion alone.
    package var seconds: Double
  }
  package var images: [Row]
  /// Fréchet distance of the reconstructions to the originals in pooled features of the judge or, without one, of the model's
  /// F: not the FID of the literature. nil without either, and for fewer than two images.
  package var frechet_distance: Double?
  /// R² of each attribute, read off the reconstructions, with what is read off the originals: 1 where a reader sees the same
  /// in both, 0 where the mean would do as well. nil without a reader, and for fewer than two images.
  package var attributes_r2: [String: Double]?
  /// Gradient energy of the reconstructions over that of the originals.
  package var sharpness: Double?
  /// `SlicedWasserstein`, times 1000.
  package var swd: [SlicedWasserstein.Level]

  /// The mean over the levels.
  package var swdMean: Double? {
    swd.isEmpty ? nil : swd.reduce(0) { $0 + $1.distance } / Double(swd.count)
  }

  package var attributesMean: Double? {
    guard let values = attributes_r2, !values.isEmpty else { return nil }
    // In one order, so that the sum is rounded alike each time.
    return values.keys.sorted().reduce(0) { $0 + values[$1, default: 0] } / Double(values.count)
  }

  package func mean(_ value: (Row) -> Double?) -> Double? {
    let values = images.compactMap(value)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}

/// An image of an evaluation.
package struct EvaluationImage: Sendable {
  package var name: String
  package var picture: Image8

  package init(name: String, picture: Image8) {
    self.name = name
    self.picture = picture
  }
}

/// A code that an inversion found, and the time that it took.
package struct EvaluatedCode: Sendable {
  /// [L, D].
  package var code: [Float]
  package var seconds: Double

  package init(code: [Float], seconds: Double) {
    self.code = code
    self.seconds = seconds
  }
}

/// The measurements of an evaluation, on images of which it keeps what all of them need.
package final class Evaluator {
  package let model: Model
  /// Who reads attributes, and in whose features Fréchet distances are measured; nil for the model itself.
  package let judge: Model?
  /// What was trained to compare pictures; nil without.
  private let metrics: LearnedMetrics?
  package let images: [EvaluationImage]
  package let range: PixelRange
  let appraiser: Appraiser
  private let tick: () throws -> Void
  private var known: [Appraisal?]
  private var patches: [Int: SlicedWasserstein] = [:]

  /// - Parameters:
  ///   - judge: who looks at the images; nil for the model itself.
  ///   - metrics: measures reconstructions beside what is built in.
  ///   - batch: pictures side by side that networks look at.
  ///   - tick: told after each picture that a network has seen; throws to stop.
  package init(
    _ model: Model, judge: Model? = nil, metrics: LearnedMetrics? = nil, images: [EvaluationImage],
    batch: Int = Appraiser.mostBatch, kernels: Kernels,
    tick: @escaping () throws -> Void = {}
  ) {
    self.model = model
    self.judge = judge
    self.metrics = metrics
    self.images = images
    self.tick = tick
    let specification = model.file.specification
    range = PixelRange(minimum: specification.pixelMinimum, maximum: specification.pixelMaximum)
    appraiser = Appraiser(model, judge: judge, batch: batch, kernels: kernels)
    known = [Appraisal?](repeating: nil, count: images.count)
  }

  /// Names of the attributes that are read.
  func attributeNames() throws -> [String] { try (judge ?? model).attributeReader().names }

  /// What the networks say about the first `count` originals, without their features.
  func originals(_ count: Int) throws -> [Appraisal] {
    try (0..<count).map { index in
      if let appraisal = known[index] { return appraisal }
      var appraisal = try appraise(images: [images[index].picture.planar(range)])[0]
      appraisal.feature = []
      known[index] = appraisal
      return appraisal
    }
  }

  func appraise(images: [[Float]]) throws -> [Appraisal] {
    let result = try appraiser.appraise(images: images)
    for _ in images { try tick() }
    return result
  }

  func appraise(codes: [[Float]]) throws -> [Appraisal] {
    let result = try appraiser.appraise(codes: codes)
    for _ in codes { try tick() }
    return result
  }

  package func picture(_ image: [Float], height: Int, width: Int) -> Image8 {
    Image8(planar: image, height: height, width: width, range: range)
  }

  /// - Parameter codes: of the first images, in order.
  package func reconstruction(_ codes: [EvaluatedCode]) throws -> ReconstructionEvaluation {
    precondition(!codes.isEmpty && codes.count <= images.count)
    var rows: [ReconstructionEvaluation.Row] = []
    var (pooled, rendered): ([Float], [[Float]]) = ([], [])
    var read: [(ours: [Float], theirs: [Float])] = []
    var energy = (ours: 0.0, theirs: 0.0)
    let side = images[0].picture.height
    for (index, code) in codes.enumerated() {
      let original = images[index].picture
      let ours = try appraise(codes: [code.code])[0]
      let theirs = try appraise(images: [original.planar(range)])[0]
      let picture = picture(ours.image, height: side, width: side)
      let learned = try metrics?(picture.planar(range), original.planar(range))
      rows.append(
        ReconstructionEvaluation.Row(
          name: images[index].name, mse_pm1: Metrics.msePM1(original, picture),
          psnr_db: Metrics.psnr(original, picture),
          ssim: Metrics.ssim(original, picture), lpips_style: ours.feature.isEmpty ? nil : ours.distance(to: theirs),
          lpips: learned?.lpips, identity: learned?.identity,
          in_domain_mean_square: ours.score.map { Double($0.meanSquare) }, seconds: code.seconds))
      pooled += ours.pooled
      rendered.append(picture.planar(range))
      read.append((ours.attributes, theirs.attributes))
      energy.ours += Sharpness.energy(rendered[index], side: side)
      energy.theirs += Sharpness.energy(original.planar(range), side: side)
    }
    return ReconstructionEvaluation(
      images: rows, frechet_distance: try frechetDistance(pooled, count: codes.count),
      attributes_r2: try agreement(read), sharpness: energy.theirs > 0 ? energy.ours / energy.theirs : nil,
      swd: originalPatches(codes.count).distances(to: SlicedWasserstein(rendered, resolution: side)))
  }

  private func agreement(_ read: [(ours: [Float], theirs: [Float])]) throws -> [String: Double]? {
    guard read.count > 1, let first = read.first, !first.theirs.isEmpty else { return nil }
    var result: [String: Double] = [:]
    for (index, name) in try attributeNames().enumerated() {
      result[name] = determination(
        of: read.map { Double($0.theirs[index]) }, by: read.map { Double($0.ours[index]) })
    }
    return result
  }

  /// Distance to the first `count` originals.
  ///
  /// - Parameter pooled: features [N, C].
  func frechetDistance(_ pooled: [Float], count: Int) throws -> Double? {
    let originals = try originals(count)
    let dimension = originals.first?.pooled.count ?? 0
    guard dimension > 0, count > 1, pooled.count > dimension else { return nil }
    return GaussianStatistics(pooled, dimension: dimension)
      .frechetDistance(to: GaussianStatistics(originals.flatMap(\.pooled), dimension: dimension))
  }

  private func originalPatches(_ count: Int) -> SlicedWasserstein {
    if let patches = patches[count] { return patches }
    let result = SlicedWasserstein(
      images.prefix(count).map { $0.picture.planar(range) }, resolution: images[0].picture.height)
    patches[count] = result
    return result
  }
}
