/// genforce's `EncoderNet`, the encoder of GH-Feat (Xu et al., CVPR 2021): a residual network, a feature pyramid, and a head for
/// each of its maps.
///
/// `stemChannels` and `blockChannels` of the `EncoderSpecification` are the widths of the stem and of the stages. Stem: φ(conv 7×7 of
/// stride 2), maximum of 3×3 with stride 2, φ the ReLU. Block: φ(conv2(φ(conv1(x))) + shortcut), stride 2 in the first block of
/// each stage but the first. The last stages' maps, one for each head, from fine to coarse: p_i = lateral(m_i) + p_{i+1} enlarged
/// by repeating pixels; f_i = feature(p_i); s_i = fusion(mean of f_i at the coarsest map's size) + s_last; rows of the code are
/// head(s_i), the finest map's first. Batch normalization is folded.
///
/// | name | shape |
/// |---|---|
/// | `encoder.stem.weight`, `.bias` | [C₀, 3, 7, 7], [C₀] |
/// | `encoder.stage.{s}.{b}.conv1`, `.conv2` | [C, Cin or C, 3, 3], [C] |
/// | `encoder.stage.{s}.{b}.shortcut` | [C, Cin, 1, 1], [C]; in a stage's first block where stride or width change |
/// | `encoder.lateral.{i}`, `.feature.{i}`, `.fusion.{i}` | [P, C, 3, 3], [P, P, 3, 3], [F, P, 3, 3], with bias |
/// | `encoder.head.{i}.weight`, `.bias` | [rows·D, F·4·4], [rows·D] |
package struct PyramidSpecification: Codable, Equatable, Sendable {
  /// Residual blocks of each stage.
  package var blocks: [Int]
  package var pyramidChannels: Int
  package var fusedChannels: Int
  /// Rows of the code that each head gives, from the finest map's to the coarsest's.
  package var headLayers: [Int]

  package init(blocks: [Int], pyramidChannels: Int, fusedChannels: Int, headLayers: [Int]) {
    self.blocks = blocks
    self.pyramidChannels = pyramidChannels
    self.fusedChannels = fusedChannels
    self.headLayers = headLayers
  }

  package func hasShortcut(stage: Int, block: Int, inputs: Int, outputs: Int) -> Bool {
    block == 0 && (stage > 0 || inputs != outputs)
  }
}

extension EncoderSpecification {
  func validate(_ pyramid: PyramidSpecification) throws(ModelFileError) {
    let stages = blockChannels.count, limit = 1...ModelSpecification.extentLimit
    guard (3...8).contains(stages), resolution == 8 << stages, layerCount == 2 * (stages + 2), imageChannels == 3 else {
      throw .specification(
        field: "encoder.blockChannels, resolution, layerCount, imageChannels",
        found: "\(stages) stages, \(resolution), \(layerCount), \(imageChannels)",
        expected: "3 to 8 stages n, 8·2ⁿ, 2·(n + 2), 3")
    }
    guard pyramid.blocks.count == stages, pyramid.blocks.allSatisfy({ (1...64).contains($0) }) else {
      throw .specification(
        field: "encoder.architecture.pyramid.blocks", found: "\(pyramid.blocks)",
        expected: "\(stages) numbers from 1 to 64")
    }
    let widths = [wDimension, stemChannels, pyramid.pyramidChannels, pyramid.fusedChannels] + blockChannels
    guard widths.allSatisfy({ limit.contains($0) }) else {
      throw .specification(
        field: "encoder.wDimension, stemChannels, blockChannels, pyramidChannels, fusedChannels", found: "\(widths)",
        expected: "1 to \(ModelSpecification.extentLimit)")
    }
    guard (1...stages).contains(pyramid.headLayers.count),
      pyramid.headLayers.allSatisfy({ $0 > 0 && $0 <= layerCount }),
      pyramid.headLayers.reduce(0, +) == layerCount
    else {
      throw .specification(
        field: "encoder.architecture.pyramid.headLayers", found: "\(pyramid.headLayers)",
        expected: "1 to \(stages) numbers whose sum is \(layerCount)")
    }
  }

  func tensors(_ pyramid: PyramidSpecification) -> [TensorRequirement] {
    var list: [TensorRequirement] = []
    func add(_ name: String, _ shape: [Int]) {
      list.append(TensorRequirement(name: "encoder.\(name).weight", shape: shape, role: .weight))
      list.append(TensorRequirement(name: "encoder.\(name).bias", shape: [shape[0]], role: .vector))
    }
    add("stem", [stemChannels, imageChannels, 7, 7])
    var inputs = stemChannels
    for (stage, outputs) in blockChannels.enumerated() {
      for block in 0..<pyramid.blocks[stage] {
        let name = "stage.\(stage).\(block)"
        add("\(name).conv1", [outputs, inputs, 3, 3])
        add("\(name).conv2", [outputs, outputs, 3, 3])
        if pyramid.hasShortcut(stage: stage, block: block, inputs: inputs, outputs: outputs) {
          add("\(name).shortcut", [outputs, inputs, 1, 1])
        }
        inputs = outputs
      }
    }
    for (index, channels) in blockChannels.suffix(pyramid.headLayers.count).enumerated() {
      add("lateral.\(index)", [pyramid.pyramidChannels, channels, 3, 3])
      add("feature.\(index)", [pyramid.pyramidChannels, pyramid.pyramidChannels, 3, 3])
      add("fusion.\(index)", [pyramid.fusedChannels, pyramid.pyramidChannels, 3, 3])
      add("head.\(index)", [pyramid.headLayers[index] * wDimension, pyramid.fusedChannels * 16])
    }
    return list
  }
}
