import Quant

/// One network's checkpoint during conversion: looks tensors up behind the prefix and keeps account of what was used,
/// what is missing, and what was found out.
final class PartReader {
  let part: NetworkPart
  let checkpoint: Checkpoint
  /// What stands before the published names: "module." and the like.
  let prefix: String
  private(set) var missing: [MissingTensor] = []
  private var mismatches: [CheckpointError] = []
  /// The first shape that no network could have; what is said to be missing may follow from it.
  private var senseless: CheckpointError?
  private var used: Set<String> = []
  private var setAside: Set<String> = []
  var inferred: [String] = []
  var warnings: [String] = []

  /// - Throws: `.wrongNetwork` where no name is one of this network's.
  init(_ part: NetworkPart, _ checkpoint: Checkpoint) throws(CheckpointError) {
    self.part = part
    self.checkpoint = checkpoint
    guard let choice = part.choosePrefix(in: checkpoint.names) else {
      throw .wrongNetwork(
        part: part.rawValue, found: Self.describe(checkpoint), expected: part.examples)
    }
    prefix = choice.prefix
    for other in choice.others {
      warnings.append("\(part.rawValue): took the copy named \(prefix)…, not \(other)…")
    }
  }

  private static func describe(_ checkpoint: Checkpoint) -> String {
    let names = checkpoint.names
    guard !names.isEmpty else { return "no tensors" }
    var text = "\(names.count) tensors (\(names.prefix(3).joined(separator: ", ")), …)"
    if let foreign = foreignNetwork(names) {
      text += ", which look like those of \(foreign), which is not supported"
    } else if let other = NetworkPart.allCases.first(where: { !$0.prefixes(in: names).isEmpty }) {
      text += ", which look like those of \(other.withArticle)"
    }
    return text
  }

  /// Networks of the same field under names of their own, some of which (`style.1.weight`) could be a perceptual network's.
  private static func foreignNetwork(_ names: [String]) -> String? {
    func has(_ words: String...) -> Bool { names.contains { name in words.contains(where: name.contains) } }
    if has("encoder.input_layer."), has("encoder.styles.", "decoder.") { return "pSp or e4e" }
    if has("convs."), has(".modulation.", "to_rgb", "g_ema.") { return "StyleGAN2" }
    return nil
  }

  /// Names behind the prefix, without it.
  var names: [String] {
    checkpoint.names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }

  /// A tensor's shape, or nil where there is none, or none that a network could have.
  func shape(_ name: String) -> [Int]? {
    guard let shape = try? checkpoint.shape(prefix + name) else { return nil }
    guard shape.allSatisfy({ (1...Self.extentLimit).contains($0) }) else {
      senseless =
        senseless
        ?? .tensor(name: prefix + name, found: "shape \(shape)", expected: "extents from 1 to \(Self.extentLimit)")
      return nil
    }
    return shape
  }

  /// Keeps what plans make of extents within `Int`: beside an extent of zero, others may be of any size in an empty tensor.
  private static let extentLimit = 1 << 20

  /// Notes that a tensor is needed; nil in `expected` stands for an extent that nothing determines.
  func require(_ name: String, _ expected: [Int?]) {
    used.insert(name)
    guard let found = shape(name) else {
      let known = expected.compactMap { $0 }
      missing.append(MissingTensor(name: prefix + name, shape: known.count == expected.count ? known : nil))
      return
    }
    guard found.count == expected.count, zip(found, expected).allSatisfy({ $1 == nil || $0 == $1 }) else {
      let text = expected.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
      mismatches.append(.tensor(name: prefix + name, found: "shape \(found)", expected: "[\(text)]"))
      return
    }
  }

  /// Notes that a tensor is known, though nothing of it goes into the model.
  func acknowledge(_ name: String) { used.insert(name) }

  /// Notes that a tensor is known and deliberately left out; the report lists it as ignored.
  func setAside(_ name: String) { setAside.insert(name) }

  /// Adds an error that is thrown once everything missing is known.
  func note(_ error: CheckpointError) { mismatches.append(error) }

  /// - Throws: the first shape that no network could have, `.missingTensors` with all of them, or the first wrong shape.
  func checkComplete() throws(CheckpointError) {
    if let senseless { throw senseless }
    guard missing.isEmpty else { throw .missingTensors(part: part.rawValue, tensors: missing) }
    if let first = mismatches.first { throw first }
  }

  /// Values of a tensor.
  ///
  /// - Throws: `.tensor` where one is not finite, and as `Checkpoint.floats`.
  func floats(_ name: String) throws(CheckpointError) -> [Float] {
    let values: [Float]
    do { values = try checkpoint.floats(prefix + name) } catch { throw error.located(in: checkpoint.path) }
    var sum: Float = 0
    for value in values { sum += value * 0 }
    guard sum == 0 else {
      throw .tensor(name: prefix + name, found: "a value that is not finite", expected: "finite numbers")
    }
    return values
  }

  /// A list of texts, noted as needed.
  ///
  /// - Throws: `.tensor` where there is none.
  func texts(_ name: String) throws(CheckpointError) -> [String] {
    used.insert(name)
    guard let texts = checkpoint.texts[prefix + name] else {
      throw .tensor(name: prefix + name, found: "no list of texts", expected: "a list with a text per attribute")
    }
    return texts
  }

  func doubles(_ name: String) throws(CheckpointError) -> [Double] { try floats(name).map(Double.init) }

  /// Names that were not used: those of this network's modules, which would change its output, and the rest.
  func unused() -> (unknown: [String], ignored: [String]) {
    var unknown: [String] = []
    var ignored = checkpoint.otherNames.filter { name in
      !(name.hasPrefix(prefix) && used.contains(String(name.dropFirst(prefix.count))))
    }
    for name in checkpoint.names {
      let bare = String(name.dropFirst(prefix.count))
      if name.hasPrefix(prefix), used.contains(bare) { continue }
      let isOwn = name.hasPrefix(prefix) && part.owns(bare)
      if isOwn, !setAside.contains(bare), !name.hasSuffix(".num_batches_tracked") {
        unknown.append(name)
      } else {
        ignored.append(name)
      }
    }
    return (unknown, ignored)
  }
}

/// A tensor of the model file, and how it comes out of a checkpoint.
struct PlannedTensor {
  var name: String
  var values: () throws(CheckpointError) -> [Float]
}
