import ArgumentParser

/// How many images are refined side by side.
struct BatchOption: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Images refined side by side, which is faster; 0 for as many as gain speed and fit the memory budget, or half of "
        + "the free memory. Results do not depend on it.", valueName: "n"))
  var batch = 0

  mutating func validate() throws {
    guard (0...1024).contains(batch) else { throw ValidationError("--batch: expected 0 to 1024, found \(batch)") }
  }
}
