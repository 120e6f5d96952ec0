import CIdinv
import IdinvLite

@_cdecl("idinv_convert")
public func idinvConvert(
  _ context: OpaquePointer?, _ options: UnsafePointer<idinv_conversion_options>?, _ output: UnsafePointer<CChar>?,
  _ report: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> idinv_status {
  call(context) { _ in
    let given = try known(options, zero: idinv_conversion_options(), "conversion options")
    let summary = try conversion(given).run(to: text(output, "output"))
    if let report { report.pointee = try allocated(summary.json) }
  }
}

private func conversion(_ given: idinv_conversion_options) throws -> ModelConversion {
  func path(_ pointer: UnsafePointer<CChar>?, _ name: String) throws -> String? {
    try pointer.map { try text($0, name) }
  }
  var conversion = ModelConversion(
    generator: try path(given.generator, "generator"), encoder: try path(given.encoder, "encoder"),
    perceptual: try path(given.perceptual, "perceptual"), attributes: try path(given.attributes, "attributes"),
    precision: try choice(given.weights, of: [ModelConversion.Precision.f16, .f32, .int8], "weights"))
  conversion.files = try array(given.files, rows: given.file_count, "files").map { try text($0, "files") }
  conversion.perceptualInput = try choice(
    given.perceptual_input, of: [ModelConversion.PerceptualInput?.none, .caffe, .torchvision], "perceptual input")
  conversion.perceptualLayers = given.perceptual_layers == 0 ? nil : Int(given.perceptual_layers)
  conversion.finalTanh = given.lacks_final_tanh == 0 ? nil : false
  conversion.encoderWScale = given.encoder_wscale != 0
  conversion.ignoresUnknownTensors = given.ignore_unknown != 0
  conversion.truncationPsi = given.truncation_psi?.pointee
  conversion.truncationLayers = given.truncation_layers.map { Int($0.pointee) }
  if given.pixel_minimum != 0 || given.pixel_maximum != 0 {
    guard given.pixel_minimum < given.pixel_maximum else {
      throw IdinvError(
        .invalidArgument,
        "pixel range: expected a minimum below the maximum, found \(given.pixel_minimum) and \(given.pixel_maximum)")
    }
    conversion.pixelRange = given.pixel_minimum...given.pixel_maximum
  }
  conversion.licence = try path(given.licence, "licence") ?? ""
  conversion.note = try path(given.note, "note") ?? ""
  return conversion
}
