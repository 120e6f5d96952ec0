import Quant

/// How the stem and the IR-SE units of ArcFace's networks become tensors: those of pSp's family of encoders and of the identity
/// network, which have the same names in all of them (`input_layer`, `body`).
///
/// Widths follow from shapes, the number of units from their names.
struct ImprovedResidualPlan {
  private(set) var tensors: [PlannedTensor] = []
  let stemChannels: Int
  /// Of each stage.
  let channels: [Int]
  let units: [Int]
  let squeezed: [Int]
  var unitCount: Int { units.reduce(0, +) }

  private let network: String
  private let reader: PartReader

  /// Units of the published IR-SE networks, by their number.
  private static let units = [24: [3, 4, 14, 3], 49: [3, 13, 30, 3], 50: [3, 8, 36, 3]]

  /// - Parameters:
  ///   - network: what the tensors' names in the model file begin with.
  ///   - imageChannels: of all images that the stem reads.
  /// - Throws: `.unsupported` where there is another number of units.
  init(_ network: String, _ reader: PartReader, imageChannels: Int) throws(CheckpointError) {
    (self.network, self.reader) = (network, reader)
    let unitCount = StyleGAN2Names.count(reader.names, "body.")
    guard let units = Self.units[unitCount] else {
      throw .unsupported(
        path: reader.checkpoint.path, found: "\(reader.part.withArticle) of \(unitCount) units",
        expected: "24, 49 or 50, as IR-SE networks of 50, 100 and 152 layers have")
    }
    self.units = units
    let ends = units.indices.map { units[...$0].reduce(0, +) - 1 }
    func width(_ name: (Int) -> String) -> [Int] { ends.map { reader.shape(name($0))?.first ?? 0 } }
    squeezed = width { "body.\($0).res_layer.5.fc1.weight" }
    channels = width { "body.\($0).res_layer.3.weight" }
    stemChannels = reader.shape("input_layer.0.weight")?.first ?? 0
    addNormalized("stem", "input_layer.0", "input_layer.1", [stemChannels, imageChannels, 3, 3])
    add("stem.slope", from: "input_layer.2.weight", [stemChannels])
    var inputs = stemChannels, unit = 0
    for (stage, outputs) in channels.enumerated() {
      for _ in 0..<units[stage] {
        planUnit(unit, inputs: inputs, outputs: outputs, squeezed: squeezed[stage])
        inputs = outputs
        unit += 1
      }
    }
  }

  /// A tensor of the checkpoint under another name.
  private mutating func add(_ target: String, from source: String, _ expected: [Int?]) {
    reader.require(source, expected)
    let reader = reader
    tensors.append(
      PlannedTensor(name: "\(network).\(target)") { () throws(CheckpointError) in try reader.floats(source) })
  }

  /// A convolution without bias and the normalization behind it, as weights and bias.
  private mutating func addNormalized(_ target: String, _ source: String, _ norm: String, _ shape: [Int?]) {
    reader.require("\(source).weight", shape)
    reader.requireNormalization(norm, channels: shape[0])
    let reader = reader, rows = shape[0] ?? 0
    let layer = FoldedLayer(reader: reader, weight: "\(source).weight") { () throws(CheckpointError) in
      try BatchNormalization(reader, norm, channels: rows)
    }
    tensors += layer.tensors("\(network).\(target)")
  }

  private mutating func planUnit(_ unit: Int, inputs: Int, outputs: Int, squeezed: Int) {
    let target = "unit.\(unit)", source = "body.\(unit).res_layer"
    reader.requireNormalization("\(source).0", channels: inputs)
    let reader = reader
    tensors += BatchNormalization.tensors("\(network).\(target)") { () throws(CheckpointError) in
      try BatchNormalization(reader, "\(source).0", channels: inputs)
    }
    add("\(target).conv1.weight", from: "\(source).1.weight", [outputs, inputs, 3, 3])
    add("\(target).conv1.slope", from: "\(source).2.weight", [outputs])
    addNormalized("\(target).conv2", "\(source).3", "\(source).4", [outputs, outputs, 3, 3])
    add("\(target).squeeze.weight", from: "\(source).5.fc1.weight", [squeezed, outputs, 1, 1])
    add("\(target).excite.weight", from: "\(source).5.fc2.weight", [outputs, squeezed, 1, 1])
    let shortcut = "body.\(unit).shortcut_layer"
    if inputs != outputs {
      addNormalized("\(target).shortcut", "\(shortcut).0", "\(shortcut).1", [outputs, inputs, 1, 1])
    }
  }
}

extension PartReader {
  /// Notes that a batch normalization's statistics are needed.
  func requireNormalization(_ name: String, channels: Int?) {
    for tensor in ["weight", "bias", "running_mean", "running_var"] { require("\(name).\(tensor)", [channels]) }
  }
}
