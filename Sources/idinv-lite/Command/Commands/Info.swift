import ArgumentParser
import Inversion
import Quant
import Reports
import Workflows

/// `idinv-lite info`
struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a model file holds.",
    discussion: """
      Example: idinv-lite info model.idinv

      Prints networks, resolution, layers, types of weights, bytes, sources and license. --check reads every byte.
      """)

  @Argument(help: ArgumentHelp("The model file. Default: as for other commands.", valueName: "model.idinv"))
  var model: String?

  @Option(name: [.customShort("m"), .customLong("model")], help: .hidden)
  var modelOption: String?

  @Flag(help: "Compare every tensor with its checksum, and compute the file's SHA-256.")
  var check = false

  @Flag(help: "List every tensor.")
  var tensors = false

  @OptionGroup var reporting: ReportingOptions

  private struct Listing: Encodable {
    struct Tensor: Encodable {
      var name: String
      var dtype: String
      var shape: [Int]
      var bytes: Int

      init(_ tensor: WeightTensor) {
        (name, dtype, shape, bytes) = (tensor.name, tensor.dtype.rawValue, tensor.shape, tensor.byteCount)
      }
    }
    var path: String
    var bytes: Int
    var format_version: Int
    var quantisation_version: Int
    var precision: String
    var licence: String
    var note: String
    var creator: String
    var sources: [ModelSource]
    var specification: ModelSpecification
    var sha256: String?
    var tensors: [Tensor]
  }

  mutating func validate() throws {
    if model != nil, modelOption != nil {
      throw ValidationError("give the model once: as an argument, or with --model")
    }
  }

  func run() throws {
    try reporting {
      let path = try model ?? modelOption ?? ModelOption.parse([]).path()
      try Model.requireModelFile(path)
      let file = try locating(path) { try ModelFile(path: path) }
      var sha256: String?
      if check {
        try locating(path) { try file.verifyChecksums() }
        sha256 = try SHA256.hexDigest(ofFile: file.path)
      }
      let metadata = file.metadata
      if reporting.json {
        try JSONOutput.print(
          Listing(
            path: file.path, bytes: file.byteCount, format_version: ModelMetadata.formatVersion,
            quantisation_version: ModelMetadata.quantizationVersion, precision: metadata.precision.rawValue,
            licence: metadata.licence, note: metadata.note, creator: metadata.creator, sources: metadata.sources,
            specification: metadata.specification, sha256: sha256,
            tensors: try file.tensorNames.map { Listing.Tensor(try file.tensor($0)) }))
      } else if !reporting.quiet {
        try StandardStreams.printOutput(ModelSummary(file, sha256: sha256, listsTensors: tensors).text())
      }
    }
  }
}
