/// A head on the feature network that reads attributes off an image: age, smile, glasses, whatever it was trained on.
///
/// With F(x) [C, h, h] the feature of an image, h = resolution / 2ᵖ after p poolings: dense(flatten(pool(φ(conv(F(x)))))),
/// φ the ReLU, the pooling the average of 2×2, flattened in the order C, H, W. The attributes come in the units that the
/// network was trained for: mean and deviation are folded into the dense layer.
///
/// Tensors, for A names and H = `hiddenChannels`:
///
/// | name | shape |
/// |---|---|
/// | `attributes.conv.weight`, `.bias` | [H, C, 3, 3], [H]; zero padding 1 |
/// | `attributes.dense.weight`, `.bias` | [A, H·(h/2)²], [A] |
package struct AttributeNetworkSpecification: Codable, Equatable, Sendable {
  /// Side of the images that the network was made for.
  package var resolution: Int
  package var hiddenChannels: Int
  /// One per attribute, in the order of the outputs; fit to be the name of a file (`isValidName`).
  package var names: [String]

  package init(resolution: Int, hiddenChannels: Int, names: [String]) {
    self.resolution = resolution
    self.hiddenChannels = hiddenChannels
    self.names = names
  }

  /// Whether a name is 1 to 64 ASCII letters, digits, `_`, `-` and `.`, and begins with a letter or a digit: files are
  /// named after attributes, and commands take lists of them.
  package static func isValidName(_ name: String) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        true
      default: false
      }
    }
    guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= 64 else { return false }
    return name.utf8.allSatisfy { isAlphanumeric($0) || [UInt8]("_-.".utf8).contains($0) }
  }
}

extension AttributeNetworkSpecification: NetworkSpecification {
  package static var part: NetworkPart { .attributes }
  package static var place: WritableKeyPath<ModelSpecification, Self?> { \.attributes }

  /// It sits on the feature network, at the resolution of the others.
  package func validate(in model: ModelSpecification) throws(ModelFileError) {
    guard let poolings = model.perceptual?.poolingCount else {
      throw .specification(
        field: "attributes", found: "an attribute network without a perceptual network",
        expected: "both: it reads the other's feature")
    }
    try check("attributes.hiddenChannels", hiddenChannels, 1...ModelSpecification.extentLimit)
    try Self.validate(names: names, field: "attributes.names")
    guard (8...2048).contains(resolution), resolution.nonzeroBitCount == 1, resolution >> (poolings + 1) >= 1 else {
      throw .specification(
        field: "attributes.resolution", found: "\(resolution)",
        expected: "a power of two from 8 to 2048, and at least \(2 << poolings): the feature is pooled once more")
    }
    if let side = model.imageResolution, resolution != side {
      throw .specification(
        field: "attributes.resolution", found: "\(resolution)", expected: "\(side), as the other networks have")
    }
  }

  static func validate(names: [String], field: String) throws(ModelFileError) {
    try check("\(field).count", names.count, 1...1024)
    for (index, name) in names.enumerated() {
      guard isValidName(name) else {
        throw .specification(
          field: "\(field)[\(index)]", found: "\"\(name)\"",
          expected: "1 to 64 letters, digits, '_', '-' and '.', the first a letter or a digit")
      }
    }
    guard Set(names).count == names.count else {
      throw .specification(field: field, found: "a name twice", expected: "each name once")
    }
  }

  package func tensors(in model: ModelSpecification) -> [TensorRequirement] {
    guard let features = model.perceptual else { return [] }
    let side = resolution >> (features.poolingCount + 1)
    let (hidden, count) = (hiddenChannels, names.count)
    return [
      TensorRequirement(
        name: "attributes.conv.weight", shape: [hidden, features.featureChannels, 3, 3], role: .weight),
      TensorRequirement(name: "attributes.conv.bias", shape: [hidden], role: .vector),
      TensorRequirement(name: "attributes.dense.weight", shape: [count, hidden * side * side], role: .outputWeight),
      TensorRequirement(name: "attributes.dense.bias", shape: [count], role: .vector),
    ]
  }
}
