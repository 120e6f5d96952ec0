import Imaging
import Inversion

extension Model {
  /// Inverts images: encodes them, and refines the codes by domain-regularized optimization (Zhu et al., ECCV 2020).
  ///
  /// Images are refined side by side. What fails for one image does not concern the others: see `InversionResult.failures`.
  /// A cancelled task stops as `.stopAll` does.
  ///
  /// - Parameter progress: told after each step of each image, on the calling thread.
  /// - Throws: `.badData` where the model lacks a network that the options ask for; `.unavailable` without the memory; `.invalidArgument`.
  public func invert(
    _ images: [Image], options: InversionOptions = InversionOptions(),
    progress: (InversionProgress) -> InversionControl = { _ in .goOn }
  ) throws(IdinvError) -> InversionResult {
    try invert(
      count: images.count, options: options, isMasked: false,
      input: { [crop = options.crop] (index, range) throws(IdinvError) in
        InversionInput(
          try images[index].fitted(to: self.info.resolution, crop: crop, name: "image \(index)").planar(range))
      }, progress: progress)
  }

  /// Pastes a part of one image into another and finds the code of the whole: semantic diffusion (Zhu et al., sec. 4.4).
  ///
  /// The objective counts the pasted part only, without its domain term.
  ///
  /// - Parameters:
  ///   - part: which pixels are the target's.
  ///   - options: `domainWeight` is taken as 0.
  /// - Throws: as `invert`.
  public func diffuse(
    _ target: Image, into context: Image, part: DiffusionPart = .published,
    options: InversionOptions = InversionOptions(),
    progress: (InversionProgress) -> InversionControl = { _ in .goOn }
  ) throws(IdinvError) -> InversionResult {
    var options = options
    options.domainWeight = 0
    let mask = try part.mask(resolution: info.resolution)
    let pasted = mask.paste(
      try target.fitted(to: info.resolution, crop: options.crop, name: "target"),
      onto: try context.fitted(to: info.resolution, crop: options.crop, name: "context"))
    return try invert(
      count: 1, options: options, isMasked: true,
      input: { _, range in InversionInput(pasted.planar(range), mask: mask.values) }, progress: progress)
  }

  private func invert(
    count: Int, options: InversionOptions, isMasked: Bool,
    input: (Int, PixelRange) throws(IdinvError) -> InversionInput,
    progress: (InversionProgress) -> InversionControl
  ) throws(IdinvError) -> InversionResult {
    let shape = try codeShape()
    let resolved = try options.resolved(for: shape)
    try requireNetworks(resolved)
    guard count > 0 else {
      return InversionResult(codes: Codes([], shape: shape), startCodes: Codes([], shape: shape), images: [])
    }
    return try computing { engine in
      let inverter = try engine.inverter(resolved, batch: options.batch, imageCount: count, isMasked: isMasked)
      var collected = InversionCollector(count: count, shape: shape)
      var given: [Int] = []
      var unread = 0..<count
      var isStopped = false
      try inverter.invert(
        next: {
          while !isStopped, !Task.isCancelled, let index = unread.popFirst() {
            do {
              let picture = try input(index, engine.pixelRange)
              given.append(index)
              return picture
            } catch {
              collected.outcomes[index] = .failure(IdinvError(error))
            }
          }
          return nil
        },
        didStep: { number, report in
          let control = progress(
            InversionProgress(
              image: given[number], imageCount: count, step: report.state.step, plannedSteps: report.plannedSteps,
              losses: Losses(report.losses), seconds: report.seconds,
              bestCode: Codes(report.state.bestCode, shape: shape)))
          if control == .stopAll || Task.isCancelled { isStopped = true }
          return control == .goOn && !isStopped
        },
        didFinish: { number, outcome in collected.record(outcome, at: given[number]) })
      return collected.result
    }
  }

  /// A term needs its network; that it is missing is an error and not a silent change of the objective.
  private func requireNetworks(_ options: Inversion.InversionOptions) throws(IdinvError) {
    for (isNeeded, isPresent, network, remedy) in [
      (options.weights.perceptual > 0, info.hasPerceptualNetwork, "perceptual network", "a perceptual weight of 0"),
      (options.weights.domain > 0, info.hasEncoder, "encoder", "a domain weight of 0"),
      (options.start == .encoder, info.hasEncoder, "encoder", "another start"),
    ] where isNeeded && !isPresent {
      throw IdinvError(
        .badData, "\(info.path) holds no \(network), which these options need; expected one, or \(remedy)",
        path: info.path)
    }
  }
}

/// Puts the outcomes of images together, in whatever order they come.
private struct InversionCollector {
  private let shape: CodeShape
  private var codes: [Float]
  private var startCodes: [Float]
  var outcomes: [Result<InvertedImage, IdinvError>]

  init(count: Int, shape: CodeShape) {
    self.shape = shape
    codes = [Float](repeating: .nan, count: count * shape.count)
    startCodes = codes
    outcomes = Array(
      repeating: .failure(IdinvError(.cancelled, "the call was stopped before this image was begun")), count: count)
  }

  mutating func record(_ outcome: Result<Inversion.InversionResult, InversionError>, at index: Int) {
    switch outcome {
    case .failure(let error):
      outcomes[index] = .failure(IdinvError(error))
    case .success(let result):
      let place = index * shape.count..<(index + 1) * shape.count
      codes.replaceSubrange(place, with: result.code)
      startCodes.replaceSubrange(place, with: result.startCode)
      outcomes[index] = .success(
        InvertedImage(
          stopReason: InvertedImage.StopReason(rawValue: result.stopReason.rawValue) ?? .interrupted,
          losses: result.history.map { Losses($0) }, bestStep: result.bestStep))
    }
  }

  var result: InversionResult {
    InversionResult(
      codes: Codes(codes, shape: shape), startCodes: Codes(startCodes, shape: shape), images: outcomes)
  }
}
