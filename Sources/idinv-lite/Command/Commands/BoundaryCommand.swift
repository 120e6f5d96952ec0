import ArgumentParser

/// `idinv-lite boundary`
struct BoundaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "boundary",
    abstract: "Find the directions along which attributes change.",
    discussion: """
      A semantic boundary is a hyperplane in the latent space with one value of an attribute on each side; 'manipulate' moves \
      codes along its normal. It is learnt from codes and scores (train), which the model's own attribute network can give, or \
      read off the generator's weights (closed-form).
      """,
    subcommands: [BoundaryTrain.self, BoundaryInfo.self, BoundarySearchLayers.self, BoundaryClosedForm.self])
}
