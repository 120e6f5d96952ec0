import ArgumentParser
import Checkpoint
import Files
import FoundationEssentials
import Inversion
import Quant
import Reports
import Workflows

/// `idinv-lite boundary closed-form`
struct BoundaryClosedForm: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "closed-form",
    abstract: "Find the directions that change the image most, from the generator's weights alone.",
    discussion: """
      Example: idinv-lite boundary closed-form 5 --layers 0-3 -o directions

      SeFa (Shen and Zhou, CVPR 2021): the eigenvectors of AᵀA with the K largest eigenvalues, where A has the style \
      weights of the chosen layers, each row at length 1. Needs no samples and no labels; look at the results with \
      'manipulate' to see what they mean. Writes closed-form-0.npy and so on, [1, L, D] with a unit vector in each \
      chosen layer, and a .json beside each.
      """)

  @Argument(help: ArgumentHelp("Number of directions.", valueName: "k"))
  var count: Int

  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Layers, as in 0-3,7. Default: all.", valueName: "list"),
    transform: IntegerList.short)
  var layers: IntegerList?

  @OptionGroup var reporting: ReportingOptions

  private struct Record: Encodable {
    var attribute: String
    var path: String
    var method = "closed form (SeFa)"
    var layers: [Int]
    var eigenvalue: Double
    /// Of the sum of all eigenvalues.
    var share: Double
    var model: String
    var model_identity: String
    var version = Program.version
  }

  mutating func validate() throws {
    guard count > 0 else { throw ValidationError("K: expected 1 or more, found \(count)") }
  }

  func run() throws {
    try reporting {
      let model = try model.load()
      let directions = try ClosedFormDirections(model, count: count, layers: layers?.values)
      let names = (0..<count).map { "closed-form-\($0)" }
      try output.folder.prepare()
      try output.folder.claim(
        by: "boundary closed-form", names.flatMap { ["\($0).npy", "\($0).json"] }, inputs: [model.path])
      let checksum = model.file.identity
      let shape = directions.shape
      var records: [Record] = []
      for (index, name) in names.enumerated() {
        let path = output.folder.path("\(name).npy")
        try NumpyArray(shape: [1, shape.layerCount, shape.dimension], floats: directions.normal(index)).write(to: path)
        let record = Record(
          attribute: name, path: path, layers: directions.layers, eigenvalue: directions.values[index],
          share: directions.values[index] / Double(max(1, directions.rowCount)),
          model: PathText.lastComponent(of: model.path), model_identity: checksum)
        try JSONOutput.write(record, to: output.folder.path("\(name).json"))
        records.append(record)
      }
      try output.folder.finish()
      let lines = records.map { record in
        "\(record.path): eigenvalue " + printed("%.4g, %.1f %% of all", record.eigenvalue, 100 * record.share)
      }
      try reporting.summarize(lines.joined(separator: "\n")) { ["boundaries": records] }
    }
  }
}
