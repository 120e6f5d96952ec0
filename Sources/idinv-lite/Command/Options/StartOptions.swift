import ArgumentParser
import Inversion
import Workflows

extension CodeSpace: ExpressibleByArgument {}

/// The code that an inversion starts from, and its space.
struct StartOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where to start: encoder, mean (the mean code) or a .npy file with one code.", valueName: "start"))
  var start = "encoder"

  @Option(
    help: ArgumentHelp(
      "Another model file whose encoder makes the start codes, to compare encoders.", valueName: "model.idinv"))
  var encoder: String?

  @Option(help: "Space of the code: w+ (one w per style layer) or w (the same for all).")
  var space = CodeSpace.wPlus

  mutating func validate() throws {
    guard encoder == nil || start == "encoder" else {
      throw ValidationError("--encoder makes the start code; expected --start encoder, found \(start)")
    }
  }

  func code(_ model: Model) throws -> InversionOptions.Start {
    switch start {
    case "encoder":
      if encoder == nil { _ = try model.encoder() }
      return .encoder
    case "mean": return .mean
    default: return .code(try Codes.readOne(start, for: model))
    }
  }

  func encoder(for model: Model) throws -> Model? { try encoder.map { try StartEncoder.load($0, for: model) } }

  /// Files that are read; empty where there are none.
  var inputs: [String] { [["encoder", "mean"].contains(start) ? "" : start, encoder ?? ""] }

  var list: [(name: String, value: String)] { [("--start", start)] }

  /// Only where it is in force.
  var spaceList: [(name: String, value: String)] { space == .wPlus ? [] : [("--space", space.rawValue)] }
}
