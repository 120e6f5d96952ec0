import ArgumentParser
import Checkpoint
import Inversion

extension NetworkKind: ExpressibleByArgument {}

/// `idinv-lite forward`
struct Forward: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run one network on a raw tensor.",
    discussion: """
      Reads and writes float32 .npy files, batch first: what numerical parity is measured with. Shapes: mapping \
      [N, Z] -> [N, D] or [N, L*D]; truncation -> [N, L, D]; generator [N, L, D] -> [N, 3, R, R]; encoder \
      [N, 3, R, R] -> [N, L, D]; perceptual [N, 3, R, R] -> [N, C, H, W]. Pixels are in the model's range.
      """)

  @Argument(help: "mapping, truncation, generator, encoder or perceptual.")
  var network: NetworkKind

  @OptionGroup var model: ModelOption
  @OptionGroup var engine: EngineOptions

  @Option(help: ArgumentHelp("The input array.", valueName: "x.npy"))
  var input: String

  @Option(help: ArgumentHelp("Where the output array goes.", valueName: "y.npy"))
  var output: String

  @Option(help: ArgumentHelp("Rows of the batch that run at once; memory grows with it.", valueName: "n"))
  var batch = 4

  mutating func validate() throws {
    guard batch > 0 else { throw ValidationError("--batch: expected 1 or more, found \(batch)") }
  }

  func run() throws {
    try reporting {
      let array = try NumpyArray.read(input)
      guard array.shape.count >= 2, array.shape[0] > 0 else {
        throw Failure(.badData, "\(input): expected a batch of inputs, batch first; found shape \(array.shape)")
      }
      let result = try model.load().run(
        network, on: array.floats, count: array.shape[0], kernels: engine.kernels(), maximumBatch: batch)
      try NumpyArray(shape: result.shape, floats: result.values).write(to: output)
    }
  }
}
