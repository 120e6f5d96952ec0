import ArgumentParser
import Inversion
import Workflows

/// `--metrics`
struct MetricsOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A model file with LPIPS or an identity network, which measure beside the built-in metrics; none for neither. "
        + "Default: the model's own, else metrics.idinv beside the model.", valueName: "model.idinv"))
  var metrics: String?

  func load(for model: Model) throws -> LearnedMetricsSource {
    LearnedMetricsSource(
      file: try MetricsFile.load(metrics, for: model), usesOwn: metrics != MetricsFile.none)
  }
}
