import Quant

/// How the three checkpoints of facenet-pytorch's MTCNN (`pnet.pt`, `rnet.pt`, `onet.pt`) become the tensors of
/// `DetectorSpecification`. Which is which shows in the names of their tensors.
struct DetectorPlan {
  private(set) var specification = DetectorSpecification(proposal: [], refinement: [], output: [])
  private(set) var tensors: [PlannedTensor] = []

  private struct Stage {
    var name: String
    /// Published names of the layers in order, and of the heads.
    var layers: [String]
    var kernels: [Int]
    var heads: [String]
    /// A tensor that no other stage has.
    var mark: String
  }
  /// `kernels`: 0 stands for the dense layer on a 3×3 map, whose inputs are in the order W, H, C.
  private static let stages = [
    Stage(
      name: "proposal", layers: ["conv1", "conv2", "conv3"], kernels: [3, 3, 3], heads: ["conv4_1", "conv4_2"],
      mark: "conv4_1.weight"),
    Stage(
      name: "refinement", layers: ["conv1", "conv2", "conv3", "dense4"], kernels: [3, 3, 2, 0],
      heads: ["dense5_1", "dense5_2"], mark: "dense4.weight"),
    Stage(
      name: "output", layers: ["conv1", "conv2", "conv3", "conv4", "dense5"], kernels: [3, 3, 3, 2, 0],
      heads: ["dense6_1", "dense6_2", "dense6_3"], mark: "dense6_3.weight"),
  ]

  /// The stage that a checkpoint's tensors are of; nil for none.
  static func stage(of names: [String]) -> String? {
    stages.first { stage in names.contains { $0 == stage.mark || $0.hasSuffix("." + stage.mark) } }?.name
  }

  /// - Throws: `.mismatch` where a stage is missing or there twice, `.missingTensors`, `.tensor`.
  init(_ readers: [PartReader]) throws(CheckpointError) {
    var channels: [[Int]] = []
    for stage in Self.stages {
      let found = readers.filter { $0.shape(stage.mark) != nil }
      guard let reader = found.first, found.count == 1 else {
        throw .mismatch(
          what: "the detector's \(stage.name) network", found: found.isEmpty ? "absent" : "there \(found.count) times",
          expected: "one checkpoint with \(stage.mark), as facenet-pytorch's pnet.pt, rnet.pt and onet.pt have")
      }
      channels.append(try Self.require(stage, reader))
      plan(stage, reader)
      reader.inferred.append("detector: \(stage.name) network of MTCNN, channels \(channels.last ?? [])")
    }
    specification = DetectorSpecification(proposal: channels[0], refinement: channels[1], output: channels[2])
  }

  /// The layers' output channels.
  private static func require(_ stage: Stage, _ reader: PartReader) throws(CheckpointError) -> [Int] {
    var channels: [Int] = []
    var inputs: Int? = 3
    for (name, kernel) in zip(stage.layers, stage.kernels) {
      let outputs = reader.shape(name + ".weight")?.first
      if kernel == 0 {
        reader.require(name + ".weight", [outputs, inputs.map { $0 * 9 }])
      } else {
        reader.require(name + ".weight", [outputs, inputs, kernel, kernel])
      }
      reader.require(name + ".bias", [outputs])
      reader.require("prelu\(channels.count + 1).weight", [outputs])
      channels.append(outputs ?? 0)
      inputs = outputs
    }
    for (name, count) in zip(stage.heads, [2, 4, 10]) {
      reader.require(name + ".weight", stage.kernels.contains(0) ? [count, inputs] : [count, inputs, 1, 1])
      reader.require(name + ".bias", [count])
    }
    try reader.checkComplete()
    return channels
  }

  private mutating func plan(_ stage: Stage, _ reader: PartReader) {
    let prefix = "detector.\(stage.name)."
    for (index, name) in stage.layers.enumerated() {
      let kernel = stage.kernels[index]
      tensors.append(
        PlannedTensor(name: "\(prefix)\(index).weight") { () throws(CheckpointError) in
          let values = try reader.floats(name + ".weight")
          let rowLength = reader.shape(name + ".weight")?.last ?? 0
          return kernel == 2 ? Self.widened(values) : kernel == 0 ? Self.convolution(values, rowLength) : values
        })
      tensors.append(
        PlannedTensor(name: "\(prefix)\(index).bias") { () throws(CheckpointError) in try reader.floats(name + ".bias")
        })
      tensors.append(
        PlannedTensor(name: "\(prefix)\(index).slopes") { () throws(CheckpointError) in
          try reader.floats("prelu\(index + 1).weight")
        })
    }
    for kind in ["weight", "bias"] {
      tensors.append(
        PlannedTensor(name: "\(prefix)head.\(kind)") { () throws(CheckpointError) in
          var values: [Float] = []
          for head in stage.heads { values += try reader.floats("\(head).\(kind)") }
          return values
        })
    }
  }

  /// 2×2 kernels as 3×3 ones that read the pixel itself, its right and lower neighbors.
  private static func widened(_ values: [Float]) -> [Float] {
    var result = [Float](repeating: 0, count: values.count / 4 * 9)
    for (index, value) in values.enumerated() {
      let (kernel, row, column) = (index / 4, index / 2 % 2, index % 2)
      result[kernel * 9 + (row + 1) * 3 + column + 1] = value
    }
    return result
  }

  /// Rows of a dense layer on [W = 3, H = 3, C], as kernels [C, 3, 3].
  private static func convolution(_ values: [Float], _ rowLength: Int) -> [Float] {
    var result = [Float](repeating: 0, count: values.count)
    let channels = rowLength / 9
    for index in values.indices {
      let (row, place) = index.quotientAndRemainder(dividingBy: rowLength)
      let (x, y, channel) = (place / (3 * channels), place / channels % 3, place % channels)
      result[row * rowLength + channel * 9 + y * 3 + x] = values[index]
    }
    return result
  }
}

extension DetectorPlan: NetworkConversion {
  static let examples = "names such as conv1.weight, prelu1.weight and dense4.weight (facenet-pytorch's MTCNN)"

  /// Names of the three files where a folder stands for them.
  static let fileNames = ["pnet.pt", "rnet.pt", "onet.pt"]

  static func matches(_ words: ArraySlice<Substring>) -> Bool {
    guard let first = words.first, words.count == 2, words.last == "weight" || words.last == "bias" else {
      return false
    }
    return ["conv", "prelu", "dense"].contains { index(of: first.prefix { $0 != "_" }, after: $0) != nil }
  }

  static func found(in checkpoint: Checkpoint) -> (title: String, counts: [String: Int])? {
    let names = checkpoint.names
    guard names.contains(where: { $0.hasSuffix("prelu1.weight") }), let stage = stage(of: names) else { return nil }
    return ("the \(stage) network of a face detector (MTCNN)", prefixes(in: names))
  }

  static func plan(_ checkpoints: [Checkpoint], in draft: inout ConversionDraft) throws(CheckpointError) {
    var stages: [PartReader] = []
    for checkpoint in checkpoints {
      let reader = try PartReader(.detector, checkpoint, which: draft.options.which)
      let recognition = Recognition(checkpoint)
      guard stage(of: checkpoint.names) != nil || recognition.incomplete == .detector else {
        throw recognition.wrongNetwork(for: .detector).inFile(checkpoints.count > 1 ? checkpoint.path : nil)
      }
      stages.append(reader)
    }
    let plan = try DetectorPlan(stages)
    draft.add(plan.specification, plan.tensors, from: stages)
  }
}
