import ArgumentParser

/// `idinv-lite boundary`
struct BoundaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "boundary",
    abstract: "Find the directions along which attributes change.",
    discussion: """
      Example: idinv-lite boundary train --attribute smile -o boundaries

      A semantic boundary is a hyperplane in the space of codes with one value of an attribute on each side. \
      'manipulate' moves codes along its normal.
      """,
    subcommands: [BoundaryTrain.self, BoundaryInfo.self, BoundarySearchLayers.self, BoundaryClosedForm.self])
}
