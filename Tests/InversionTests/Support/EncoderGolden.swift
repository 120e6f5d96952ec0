import Inversion
import Quant
import Runtime
import Testing

/// An encoder's codes of images, and ∂(Σ cotangent · code) / ∂ image.
///
/// - Parameters:
///   - images: [N, 3, R, R].
///   - side: R.
func codesAndGradient(
  _ model: Model, _ images: [Float], _ cotangent: [Float], count: Int, side: Int, kernels: Kernels
) throws -> (codes: [Float], gradient: [Float]) {
  let encoder = try model.encoder()
  var graph = Graph()
  let input = graph.input(.image(batch: count, channels: 3, height: side, width: side))
  let code = try encoder.append(to: &graph, input)
  let seed = graph.input(graph.shape(of: code))
  let gradient = try #require(try graph.appendGradients(of: [(code, seed)], by: [input])[0])
  graph.markOutput(code)
  graph.markOutput(gradient)
  let prepared = try PreparedGraph(graph, kernels: kernels)
  prepared.write(images, to: input)
  prepared.write(cotangent, to: seed)
  prepared.run()
  return (prepared.read(code), prepared.read(gradient))
}

/// A golden set of an encoder by itself: two images, their codes, and the gradient of a cotangent.
struct EncoderGolden: Sendable {
  let set: String
  /// Height and width of the images.
  let side: Int
  /// The array with the codes.
  let codes: String
  let model: @Sendable (WeightsPrecision) throws -> Model

  private static let kernels = Kernels(threadCount: 2)

  func expectCodesAndGradient(codesWithin most: Float, gradientWithin mostOfGradient: Float) throws {
    let found = try codesAndGradient(
      try model(.f32), try Golden.array(set, "image").values, try Golden.array(set, "cotangent").values, count: 2,
      side: side, kernels: Self.kernels)
    let difference = relativeDifference(found.codes, try Golden.array(set, codes).values)
    #expect(difference <= most, "\(difference)")
    let error = euclideanDifference(found.gradient, try Golden.array(set, "grad_image").values)
    #expect(error <= mostOfGradient, "\(error)")
  }

  /// - Parameter least: PSNR of the codes, in dB.
  func expectStoredPrecisions(_ least: [(WeightsPrecision, Float)]) throws {
    let image = try Golden.array(set, "image").values, expected = try Golden.array(set, codes).values
    for (precision, least) in least {
      let codes = try model(precision).run(.encoder, on: image, count: 2, kernels: Self.kernels).values
      let psnr = Difference(codes, reference: expected).psnr
      #expect(psnr >= least, "\(precision): \(psnr) dB")
    }
  }
}
