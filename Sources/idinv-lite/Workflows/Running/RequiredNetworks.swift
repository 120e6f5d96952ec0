import Inversion

extension ObjectiveWeights {
  /// Refuses a model without a network that a term of the objective needs.
  package func requireNetworks(of model: Model) throws {
    for (weight, isPresent, network, parameter) in [
      (perceptual, model.hasFeatureNetwork, "perceptual network", "lambda-perceptual"),
      (domain, model.hasEncoder, "encoder", "lambda-domain"),
    ] where weight > 0 && !isPresent {
      throw Failure(
        .badData, at: model.path, remedies: ["\(parameter) 0"],
        "holds no \(network), which the objective needs; weight 0 leaves its term out")
    }
  }
}
