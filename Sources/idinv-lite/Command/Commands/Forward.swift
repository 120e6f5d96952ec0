import ArgumentParser
import Checkpoint
import Inversion
import Workflows

extension NetworkKind: ExpressibleByArgument {}

/// `idinv-lite forward`
struct Forward: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run one network on a raw array, to compare it with another implementation.",
    discussion: """
      Example: idinv-lite forward generator --input codes.npy --output images.npy

      Reads and writes float32 .npy files, batch first: mapping [N, Z] -> [N, D] or [N, L*D]; truncation -> [N, L, \
      D]; generator [N, L, D] -> [N, 3, R, R]; encoder [N, 3, R, R] -> [N, L, D]; perceptual [N, 3, R, R] -> [N, C, \
      H, W]; attributes [N, 3, R, R] -> [N, A]. Pixels are in the model's range. Computes in f32 unless --compute f16 \
      or int8 is given.
      """)

  @Argument(help: "mapping, truncation, generator, encoder, perceptual or attributes.")
  var network: NetworkKind

  @OptionGroup var model: ModelOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions

  @Option(help: ArgumentHelp("The input array.", valueName: "x.npy"))
  var input: String

  @Option(help: ArgumentHelp("The output array.", valueName: "y.npy"))
  var output: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Rows of the batch to run at once; memory grows with it.", valueName: "n"))
  var batch = 4

  @OptionGroup var reporting: ReportingOptions

  private struct Listing: Encodable {
    var network: String
    var input_shape: [Int]
    var output_shape: [Int]
    var output: String
  }

  mutating func validate() throws {
    guard batch > 0 else { throw ValidationError("--batch: expected 1 or more, found \(batch)") }
  }

  func run() throws {
    try reporting {
      try OutputPlaces(inputs: [input, model.path()]).check(output)
      let array = try locating(input) { try ArrayFile.read(input) }
      guard array.shape.count >= 2, !array.floats.isEmpty else {
        throw Failure(.badData, at: input, "expected a batch of inputs, batch first; found shape \(array.shape)")
      }
      let model = try model.load()
      let result: (values: [Float], shape: [Int])
      do {
        result = try model.run(
          network, on: array.floats, count: array.shape[0], kernels: engine.kernels(auto: .full), maximumBatch: batch)
      } catch InversionError.badShape(_, let expected, _) {
        throw Failure(
          .badData, at: input, "the \(network.rawValue) network expects shape \(expected), found \(array.shape)")
      }
      try model.file.verifyUnchanged()
      try NumpyArray(shape: result.shape, floats: result.values).write(to: output)
      try reporting.summarize("\(network.rawValue): \(array.shape) -> \(result.shape) in \(output)") {
        Listing(network: network.rawValue, input_shape: array.shape, output_shape: result.shape, output: output)
      }
    }
  }
}
