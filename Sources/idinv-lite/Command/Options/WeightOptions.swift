import ArgumentParser

/// `--lambda-perceptual`.
struct PerceptualWeightOption: ParsableArguments {
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Weight of the perceptual term; 0 leaves it out.", valueName: "weight"))
  var lambdaPerceptual: Float = 5e-5

  mutating func validate() throws {
    guard lambdaPerceptual >= 0, lambdaPerceptual.isFinite else {
      throw ValidationError("--lambda-perceptual: expected 0 or more, found \(lambdaPerceptual)")
    }
  }
}

/// `--lambda-domain`.
struct DomainWeightOption: ParsableArguments {
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Weight of the domain term; 0 leaves it out.", valueName: "weight"))
  var lambdaDomain: Float = 2

  mutating func validate() throws {
    guard lambdaDomain >= 0, lambdaDomain.isFinite else {
      throw ValidationError("--lambda-domain: expected 0 or more, found \(lambdaDomain)")
    }
  }
}
