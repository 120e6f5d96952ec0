import ArgumentParser
import Inversion
import Quant
import Workflows

/// The grid of configurations that are compared: lists with commas between values.
struct QualityGridOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Optimizers, separated by commas, as for invert --optimizer.", valueName: "names"))
  var optimizers = "all"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Numbers of steps, as in 5,10,20-25; 0 is the encoder alone. (default: 0,5,10,25,50,100)", valueName: "numbers"),
    transform: IntegerList.short)
  var iterations = IntegerList(values: [0, 5, 10, 25, 50, 100], text: "0,5,10,25,50,100")

  @Option(
    help: ArgumentHelp(
      "Precisions of the weights: file (as the model file has them), f32, f16, int8. Copies are made of the model file.",
      valueName: "names"))
  var weights = "file"

  @Option(
    help: ArgumentHelp(
      "Arithmetics, as for invert --compute, or all that this machine has.", valueName: "names"))
  var compute = "auto"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Numbers of threads; 0 for one per physical core. (default: 0)", valueName: "numbers"),
    transform: IntegerList.short)
  var threads = IntegerList(values: [0], text: "0")

  mutating func validate() throws {
    _ = try grid()
    for (option, list, most) in [("--iterations", iterations, 1_000_000), ("--threads", threads, 1024)] {
      if let wrong = list.values.first(where: { $0 > most }) {
        throw ValidationError("\(option): expected 0 to \(most), found \(wrong)")
      }
    }
  }

  func grid() throws -> QualityGrid {
    let precisions = WeightsPrecision.allCases.map(\.rawValue)
    return QualityGrid(
      optimizers: try Self.list(optimizers, "--optimizers", OptimizerKind.allCases.map(\.rawValue)) {
        OptimizerKind(rawValue: $0)
      },
      iterations: QualityGrid.unique(iterations.values),
      weights: try Self.list(weights, "--weights", ["file"] + precisions, all: precisions) { name in
        name == "file" ? .some(nil) : WeightsPrecision(rawValue: name).map { .some($0) }
      },
      compute: compute == "all"
        ? nil : try Self.list(compute, "--compute", Compute.allCases.map(\.rawValue)) { Compute(argument: $0) },
      threads: QualityGrid.unique(threads.values))
  }

  /// - Parameter all: what `all` stands for.
  private static func list<Value>(
    _ text: String, _ option: String, _ names: [String], all: [String]? = nil, _ value: (String) -> Value?
  ) throws -> [Value] {
    let parts =
      text == "all" ? all ?? names : text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    return try QualityGrid.unique(parts).map { part in
      guard let value = value(part) else {
        throw ValidationError(
          "\(option): expected some of \(names.joined(separator: ", ")), with commas between them, or all, found '\(text)'"
        )
      }
      return value
    }
  }

  var list: [(name: String, value: String)] {
    [
      ("--optimizers", optimizers), ("--iterations", iterations.text), ("--weights", weights), ("--compute", compute),
      ("--threads", threads.text),
    ]
  }
}
