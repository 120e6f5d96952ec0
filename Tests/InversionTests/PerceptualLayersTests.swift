import Inversion
import Runtime
import TestSupport
import Testing

/// The perceptual term over several layers of the feature network.
@Suite struct PerceptualLayersTests {
  private func objective(_ layers: [Int]?) throws -> Objective {
    let model = try Golden.wholeModel()
    let objective = try Objective(
      model, weights: ObjectiveWeights(pixel: 0, perceptual: 1, domain: 0, perceptualLayers: layers),
      kernels: Kernels(threadCount: 2))
    try objective.setTarget(Array(Golden.array("res32", "image").values.prefix(objective.imageValueCount)))
    return objective
  }

  private func code() throws -> [Float] {
    let codes = try Golden.array("res32", "truncated_wp")
    return Array(codes.values.prefix(codes.values.count / codes.shape[0]))
  }

  @Test func theLastLayerIsTheDefault() throws {
    let count = try Golden.wholeModel().file.specification.perceptual?.layers.count ?? 0
    let (one, other) = (try objective(nil).evaluate(code()), try objective([count - 1]).evaluate(code()))
    #expect(one.losses == other.losses && one.gradient == other.gradient)
  }

  /// The term and its gradient are the sums of those of the layers, whatever their kind: convolution, ReLU, pooling.
  @Test func severalLayersAddUp() throws {
    let layers = [0, 1, 4, 9, 22], code = try code()
    let together = try objective(layers).evaluate(code)
    var loss: Float = 0
    var gradient = [Float](repeating: 0, count: code.count)
    for layer in layers {
      let alone = try objective([layer]).evaluate(code)
      #expect(alone.losses[0].perceptual > 0)
      loss += alone.losses[0].perceptual
      for index in gradient.indices { gradient[index] += alone.gradient[index] }
    }
    #expect(abs(together.losses[0].perceptual - loss) <= 1e-5 * loss)
    #expect(relativeDifference(together.gradient, gradient) <= 1e-4)
  }

  @Test(arguments: [[], [-1], [3, 2], [4, 4], [99]]) func layersThatTheNetworkDoesNotHaveAreRefused(_ layers: [Int]) {
    let error = thrownError { _ = try objective(layers) }
    guard case InversionError.badOption("perceptual layers", _, _)? = error else {
      Issue.record("threw \(String(describing: error))")
      return
    }
  }
}
