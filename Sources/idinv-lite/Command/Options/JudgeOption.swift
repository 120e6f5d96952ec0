import ArgumentParser
import Inversion
import Workflows

/// `--judge`
struct JudgeOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A model file whose network reads the attributes; none for the model's own. Default: judge.idinv beside the model, "
        + "if it reads the same attributes.", valueName: "model.idinv"))
  var judge: String?

  func load(for model: Model) throws -> Model? { try JudgeFile.load(judge, for: model) }
}
