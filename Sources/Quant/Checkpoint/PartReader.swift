import Quant

/// One network's checkpoint during conversion: looks tensors up behind the prefix and keeps account of what was used,
/// what is missing, and what was found out.
final class PartReader {
  let part: NetworkPart
  let checkpoint: Checkpoint
  /// What stands before the program's names: "module." and the like.
  let prefix: String
  /// Of the program that wrote the file; nil where the plan reads the file's names as they are.
  let table: TensorNames?
  /// Other copies of the network in the file, by their prefixes.
  let otherCopies: [String]
  private(set) var missing: [MissingTensor] = []
  private var mismatches: [CheckpointError] = []
  /// The first shape that no network could have; what is said to be missing may follow from it.
  private var senseless: CheckpointError?
  private var used: Set<String> = []
  private var setAside: Set<String> = []
  /// Whole names of tensors beside the network that it needs.
  private var outer: Set<String> = []
  var inferred: [String] = []
  var warnings: [ConversionWarning] = []

  /// - Parameters:
  ///   - table: another program's names.
  ///   - counts: the number of the network's names behind each prefix; nil: as `part` matches them.
  ///   - which: what the wanted copy's prefix has to contain, where the file has several.
  /// - Throws: `.wrongNetwork` where no name is one of this network's, or no copy is the wanted one.
  init(
    _ part: NetworkPart, _ checkpoint: Checkpoint, table: TensorNames? = nil, counts: [String: Int]? = nil,
    which: String? = nil
  ) throws(CheckpointError) {
    self.part = part
    self.checkpoint = checkpoint
    self.table = table
    guard let copies = NetworkCopies(counts ?? part.prefixes(in: checkpoint.names)) else {
      throw Recognition(checkpoint).wrongNetwork(for: part)
    }
    // Only generators come in several copies that a wish may tell apart.
    guard let chosen = copies.choose(which) ?? (part == .generator ? nil : copies.choose(nil)) else {
      throw .mismatch(
        what: "the \(part.rawValue) that is asked for", found: "'\(which ?? "")' (\(checkpoint.path))",
        expected: "a part of one of these: \(copies.prefixes.map { "'\($0)'" }.joined(separator: ", "))")
    }
    prefix = chosen
    otherCopies = copies.prefixes.filter { $0 != chosen }
    for other in otherCopies {
      warnings.append("\(part.rawValue): took the copy named \(prefix)…, not \(other)…")
    }
  }

  /// A StyleGAN generator under the names of whichever program fits the file best.
  ///
  /// - Throws: as `init`.
  static func generator(
    _ checkpoint: Checkpoint, which: String?
  ) throws(CheckpointError) -> (reader: PartReader, port: StyleGANPort) {
    guard let (port, counts) = StyleGANPort.choose(in: checkpoint.names),
      port.names.title != TensorNames.idinvert.title
    else {
      return (try PartReader(.generator, checkpoint, which: which), .idinvert)
    }
    return (try PartReader(.generator, checkpoint, table: port.names, counts: counts, which: which), port)
  }

  /// Names behind the prefix, without it, as the plan knows them.
  var names: [String] {
    let bare = checkpoint.names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    guard let table else { return bare }
    return bare.flatMap(table.targets)
  }

  /// Where a tensor of the plan lies in the file, or would lie; nil where the program does not store it.
  private func source(_ name: String) -> TensorNames.Source? {
    guard let table else { return TensorNames.Source(name: name, layout: .asStored) }
    let sources = table.sources(of: name)
    return sources.first { checkpoint.contains(prefix + $0.name) } ?? sources.first
  }

  /// Whether the program that wrote the file stores a tensor of this name at all.
  func stores(_ name: String) -> Bool { source(name) != nil }

  /// The file's name of a tensor of the plan, for messages.
  func fileName(_ name: String) -> String { prefix + (source(name)?.name ?? name) }

  /// A tensor's shape, or nil where there is none, or none that a network could have.
  func shape(_ name: String) -> [Int]? {
    guard let source = source(name), let stored = try? checkpoint.shape(prefix + source.name),
      let shape = source.layout.shape(stored)
    else { return nil }
    guard shape.allSatisfy({ (1...Self.extentLimit).contains($0) }) else {
      senseless =
        senseless
        ?? .tensor(name: fileName(name), found: "shape \(shape)", expected: "extents from 1 to \(Self.extentLimit)")
      return nil
    }
    return shape
  }

  /// Keeps what plans make of extents within `Int`: beside an extent of zero, others may be of any size in an empty tensor.
  private static let extentLimit = 1 << 20

  /// Notes that a tensor is needed; nil in `expected` stands for an extent that nothing determines.
  func require(_ name: String, _ expected: [Int?]) {
    acknowledge(name)
    guard let found = shape(name) else {
      if let kind = checkpoint.unreadable[fileName(name)] {
        mismatches.append(
          .tensor(name: fileName(name), found: kind, expected: "dense numbers: in Python, convert it with .float()"))
        return
      }
      // The shape would be that of another layout.
      let known = table == nil ? expected.compactMap { $0 } : []
      let isKnown = known.count == expected.count && !known.contains(0)
      missing.append(MissingTensor(name: fileName(name), shape: isKnown ? known : nil))
      return
    }
    guard found.count == expected.count, zip(found, expected).allSatisfy({ $1 == nil || $0 == $1 }) else {
      let text = expected.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
      mismatches.append(.tensor(name: fileName(name), found: "shape \(found)", expected: "[\(text)]"))
      return
    }
  }

  /// A tensor's shape by its whole name: one that lies beside the network.
  func outerShape(_ name: String) -> [Int]? { try? checkpoint.shape(name) }

  /// Notes that a tensor beside the network is needed.
  func requireOuter(_ name: String, _ expected: [Int?]) {
    outer.insert(name)
    guard let found = outerShape(name) else { return missing.append(MissingTensor(name: name, shape: nil)) }
    guard found.count == expected.count, zip(found, expected).allSatisfy({ $1 == nil || $0 == $1 }) else {
      let text = expected.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
      mismatches.append(.tensor(name: name, found: "shape \(found)", expected: "[\(text)]"))
      return
    }
  }

  /// Its values; as `floats`.
  func outerFloats(_ name: String) throws(CheckpointError) -> [Float] { try finite(name) }

  /// Notes that a tensor is known, though nothing of it goes into the model.
  func acknowledge(_ name: String) { used.insert(source(name)?.name ?? name) }

  /// Notes that a tensor is known and deliberately left out; the report lists it as ignored.
  func setAside(_ name: String) { setAside.insert(source(name)?.name ?? name) }

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
    guard let source = source(name) else { throw .noSuchTensor(name: prefix + name) }
    let values = try finite(prefix + source.name)
    let shape: [Int]
    do { shape = try checkpoint.shape(prefix + source.name) } catch { throw error.located(in: checkpoint.path) }
    return source.layout.values(values, shape)
  }

  private func finite(_ name: String) throws(CheckpointError) -> [Float] {
    let values: [Float]
    do { values = try checkpoint.floats(name) } catch { throw error.located(in: checkpoint.path) }
    var sum: Float = 0
    for value in values { sum += value * 0 }
    guard sum == 0 else {
      throw .tensor(name: name, found: "a value that is not finite", expected: "finite numbers")
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

  /// Whether a name without prefix is one of the network's own modules.
  private func owns(_ bare: String) -> Bool {
    guard let table else { return part.conversion.owns(bare) }
    let module = bare.prefix { $0 != "." && $0 != "/" }
    return table.modules.contains(String(module)) && !table.knows(bare)
  }

  /// Whole names of the tensors that something is taken from, or that are known.
  var usedNames: Set<String> { outer.union(used.map { prefix + $0 }) }

  /// Names that were not used: those of this network's modules, which would change its output, and the rest.
  func unused() -> (unknown: [String], ignored: [String]) {
    var unknown: [String] = []
    var ignored = checkpoint.otherNames.filter { name in
      !(name.hasPrefix(prefix) && used.contains(String(name.dropFirst(prefix.count))))
    }
    for name in checkpoint.names {
      let bare = String(name.dropFirst(prefix.count))
      if name.hasPrefix(prefix) && used.contains(bare) || outer.contains(name) { continue }
      let isOwn = name.hasPrefix(prefix) && owns(bare)
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
