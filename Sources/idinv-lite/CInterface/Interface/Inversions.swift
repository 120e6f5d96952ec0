import CIdinv
import Glibc
import IdinvLite

@_cdecl("idinv_invert")
public func idinvInvert(
  _ context: OpaquePointer?, _ pictures: UnsafePointer<idinv_image>?, _ count: Int,
  _ options: UnsafePointer<idinv_inversion_options>?,
  _ result: UnsafeMutablePointer<UnsafeMutablePointer<idinv_result>?>?
) -> idinv_status {
  call(context) { context in
    let place = try required(result, "result")
    let model = try context.model()
    let given = try known(options, zero: idinv_inversion_options(), "inversion options")
    place.pointee = try allocated(
      model.invert(
        images(pictures, count), options: inversionOptions(given, model), progress: progressHandler(given)))
  }
}

@_cdecl("idinv_diffuse")
public func idinvDiffuse(
  _ context: OpaquePointer?, _ target: UnsafePointer<idinv_image>?, _ scene: UnsafePointer<idinv_image>?,
  _ square: UnsafePointer<idinv_square>?, _ options: UnsafePointer<idinv_inversion_options>?,
  _ result: UnsafeMutablePointer<UnsafeMutablePointer<idinv_result>?>?
) -> idinv_status {
  call(context) { context in
    let place = try required(result, "result")
    let model = try context.model()
    let given = try known(options, zero: idinv_inversion_options(), "inversion options")
    let part =
      square.map {
        DiffusionPart.square(
          size: Int($0.pointee.size), centerX: Int($0.pointee.center_x), centerY: Int($0.pointee.center_y))
      } ?? .published
    place.pointee = try allocated(
      model.diffuse(
        image(try required(target, "target").pointee, "target"),
        into: image(try required(scene, "scene").pointee, "scene"), part: part,
        options: inversionOptions(given, model), progress: progressHandler(given)))
  }
}

/// 0 stands for the default, and of a weight a negative number for none.
private func inversionOptions(_ given: idinv_inversion_options, _ model: Model) throws -> InversionOptions {
  var options = InversionOptions()
  options.steps = given.steps == 0 ? nil : Int(given.steps)
  options.optimizer = try choice(given.optimizer, of: [InversionOptions.Optimizer.auto, .adam], "optimizer")
  if given.learning_rate != 0 { options.learningRate = given.learning_rate }
  func weight(_ value: Float, default standard: Float) -> Float { value < 0 ? 0 : value == 0 ? standard : value }
  options.perceptualWeight = weight(given.perceptual_weight, default: options.perceptualWeight)
  options.domainWeight = weight(given.domain_weight, default: options.domainWeight)
  switch given.start {
  case 0: options.start = .encoder
  case 1: options.start = .mean
  case 2: options.start = .code(try codes(given.start_code, 1, of: model, "start code"))
  default: throw IdinvError(.invalidArgument, "start: expected 0 to 2, found \(given.start)")
  }
  options.space = try choice(given.space, of: [InversionOptions.Space.wPlus, .w], "space")
  options.patience = given.patience == 0 ? nil : Int(given.patience)
  options.budgetSeconds = given.budget_seconds == 0 ? nil : given.budget_seconds
  options.targetPSNR = given.target_psnr == 0 ? nil : given.target_psnr
  options.batch = Int(given.batch)
  options.crop = try choice(given.crop, of: [Image.Crop.none, .center], "crop")
  return options
}

private func progressHandler(_ given: idinv_inversion_options) -> (InversionProgress) -> InversionControl {
  guard let handler = given.progress else { return { _ in .goOn } }
  return { progress in
    progress.bestCode.values.withUnsafeBufferPointer { code in
      var report = idinv_progress(
        image: Int32(progress.image), image_count: Int32(clamping: progress.imageCount), step: Int32(progress.step),
        planned_steps: Int32(progress.plannedSteps), losses: idinv_losses(progress.losses),
        seconds: progress.seconds, best_code: code.baseAddress)
      return switch handler(&report, given.user) {
      case 0: .goOn
      case 1: .stopImage
      default: .stopAll
      }
    }
  }
}

extension idinv_losses {
  fileprivate init(_ losses: Losses) {
    self.init(
      pixel: losses.pixel, perceptual: losses.perceptual, domain: losses.domain, total: losses.total)
  }
}

// MARK: Results

/// A result that the caller frees by `idinv_result_free`.
///
/// - Throws: the first failure, where no image has a code.
private func allocated(_ result: InversionResult) throws -> UnsafeMutablePointer<idinv_result> {
  let failures = result.failures
  if let first = failures.first, failures.count == result.images.count { throw first.error }
  let outcomes = try allocated(result.images.map { try outcome($0) })
  let value = idinv_result(
    count: result.images.count, layer_count: Int32(result.codes.layerCount),
    dimension: Int32(result.codes.dimension), codes: try allocated(result.codes.values),
    start_codes: try allocated(result.startCodes.values), outcomes: outcomes)
  return try allocated([value])
}

private func outcome(_ image: Result<InvertedImage, IdinvError>) throws -> idinv_outcome {
  switch image {
  case .failure(let error):
    return idinv_outcome(
      status: error.kind.rawValue, message: UnsafePointer(try allocated(error.message)), stop_reason: 0, best_step: 0,
      step_count: 0, losses: nil)
  case .success(let inverted):
    let reasons = InvertedImage.StopReason.allCases
    return idinv_outcome(
      status: 0, message: nil, stop_reason: Int32(reasons.firstIndex(of: inverted.stopReason) ?? 0),
      best_step: Int32(inverted.bestStep), step_count: inverted.losses.count,
      losses: UnsafePointer(try allocated(inverted.losses.map { idinv_losses($0) })))
  }
}

@_cdecl("idinv_result_free")
public func idinvResultFree(_ result: UnsafeMutablePointer<idinv_result>?) {
  guard let result else { return }
  for outcome in UnsafeBufferPointer(start: result.pointee.outcomes, count: result.pointee.count) {
    free(UnsafeMutableRawPointer(mutating: outcome.message))
    free(UnsafeMutableRawPointer(mutating: outcome.losses))
  }
  free(UnsafeMutableRawPointer(mutating: result.pointee.outcomes))
  free(UnsafeMutableRawPointer(mutating: result.pointee.codes))
  free(UnsafeMutableRawPointer(mutating: result.pointee.start_codes))
  free(result)
}
