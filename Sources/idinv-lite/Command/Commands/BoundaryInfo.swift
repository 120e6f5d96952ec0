import ArgumentParser
import Checkpoint
import Files
import FoundationEssentials
import Inversion
import Reports
import Workflows

/// `idinv-lite boundary info`
struct BoundaryInfo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Show what boundary files hold.",
    discussion: """
      Example: idinv-lite boundary info smile.npy --model model.idinv

      Reads plain arrays [1, D] and [1, L, D], with or without a .json beside them, and the dictionaries of \
      idinvert_pytorch. With --model it also checks that the boundary fits the model.
      """)

  @Argument(help: ArgumentHelp("Boundary files.", valueName: "files"))
  var files: [String]

  @Option(
    name: [.short, .long], help: ArgumentHelp("A model that the boundaries should fit.", valueName: "model.idinv"))
  var model: String?

  @OptionGroup var reporting: ReportingOptions

  private struct Listing: Encodable {
    var path: String
    var attribute: String
    var shape: [Int]
    /// Nil for all.
    var layers: [Int]?
    var length: Double
    var layer_lengths: [Double]
  }

  func run() throws {
    try reporting {
      var option = ModelOption()
      option.model = model
      let shape = try model == nil ? nil : option.load().codeShape()
      var listings: [Listing] = []
      var lines: [String] = []
      for path in files {
        let file = try locating(path) { try BoundaryFile.read(path) }
        guard let dimension = file.array.shape.last, dimension > 0, file.array.floats.allSatisfy(\.isFinite) else {
          throw Failure(.badData, at: path, "expected a boundary of finite numbers, found shape \(file.array.shape)")
        }
        if let shape {
          _ = try locating(path) {
            try SemanticBoundary(
              name: file.name, values: file.array.floats, shape: file.array.shape, layers: file.layers, of: shape)
          }
        }
        let values = file.array.floats
        let lengths = stride(from: 0, to: values.count, by: dimension).map { length(values[$0..<$0 + dimension]) }
        let listing = Listing(
          path: path, attribute: file.name, shape: file.array.shape, layers: file.layers, length: length(values[...]),
          layer_lengths: lengths)
        listings.append(listing)
        lines += text(listing)
      }
      try reporting.summarize(lines.joined(separator: "\n")) { ["boundaries": listings] }
    }
  }

  private func length(_ values: ArraySlice<Float>) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  private func text(_ listing: Listing) -> [String] {
    var lines = ["\(listing.path): \(listing.attribute), shape \(listing.shape)"]
    lines.append("  layers   \(listing.layers.map { $0.map(String.init).joined(separator: " ") } ?? "all")")
    lines.append("  length   " + printed("%.4g", listing.length))
    if listing.layer_lengths.count > 1 {
      lines.append("  by layer " + listing.layer_lengths.map { printed("%.3g", $0) }.joined(separator: " "))
    }
    let known = sidecar(of: listing.path)
    for key in known.keys.sorted() where !["attribute", "layers", "path"].contains(key) {
      if let value = known[key] { lines.append("  \(key): \(value)") }
    }
    return lines
  }

  /// Numbers and texts of `NAME.json`, one line each.
  private func sidecar(of path: String) -> [String: String] {
    let name = PathText.folder(of: path) + PathText.stem(of: path).stem + ".json"
    // What is no sidecar of this kind was passed over, or refused, when the boundary was read.
    guard let bytes = try? InputFile.bytes(of: name, limit: 1 << 20),
      let object = try? JSONReader.read(bytes), object["attribute"] != nil, let members = object.members
    else { return [:] }
    var texts: [String: String] = [:]
    for member in members {
      switch member.value {
      case .object:
        if let right = member.value["right"]?.double, let count = member.value["count"]?.double {
          texts[member.key] = "\(Int(right)) of \(Int(count))"
        }
      case .array(let list):
        let words = list.compactMap(\.text)
        if words.count == list.count { texts[member.key] = words.isEmpty ? nil : words.joined(separator: ", ") }
      case .string(let text): texts[member.key] = String(text.map { $0.isNewline ? "?" : $0 })
      case .number(let value): texts[member.key] = "\(value)"
      case .integer, .bool, .null: texts[member.key] = member.value.kind
      }
    }
    return texts
  }
}
