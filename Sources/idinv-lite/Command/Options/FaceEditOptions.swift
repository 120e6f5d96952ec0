import ArgumentParser
import Imaging
import Inversion
import Workflows

/// What becomes of the faces of photographs: directions to move along, a style to mix in, and how far.
struct FaceEditOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "A semantic boundary, and what its α is multiplied with; repeatable. Without, codes stay as they are found.",
      valueName: "b.npy[:factor]"))
  var boundary: [BoundaryReference] = []

  @Option(help: ArgumentHelp("A boundary whose attribute is to stay as it is; repeatable.", valueName: "b.npy"))
  var condition: [String] = []

  @Option(
    help: ArgumentHelp("Layers to move, as in 0-3,7, in place of the boundaries' own.", valueName: "list"),
    transform: IntegerList.short)
  var layers: IntegerList?

  @Option(
    help: ArgumentHelp(
      "Mix in the style of another face: a photograph, a result folder, or a code; α is how much, 1 for all of it.",
      valueName: "style"))
  var mix: String?

  @Option(
    help: ArgumentHelp("Layers that come from the style, as in 4-6,8. Default: as of 'mix'.", valueName: "list"),
    transform: IntegerList.short)
  var mixLayers: IntegerList?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How far to move, as in 2, -2,0,2 or -2sd,2sd (standard deviations of codes' distances from the first boundary): "
        + "a result for each. (default: 2sd along a boundary where they are known, else 1)", valueName: "list"),
    transform: { try DistanceList($0, limit: 100) })
  var alpha: DistanceList?

  mutating func validate() throws {
    let distances = alpha?.values ?? []
    guard distances.indices.allSatisfy({ distances.firstIndex(of: distances[$0]) == $0 }) else {
      throw ValidationError("--alpha: expected 1 to 100 different numbers, found \(alpha?.description ?? "")")
    }
    guard !boundary.isEmpty || !distances.contains(where: \.isInDeviations) else {
      throw ValidationError(
        "--alpha: standard deviations are those of a --boundary; expected plain numbers without one")
    }
    guard mixLayers == nil || mix != nil else { throw ValidationError("--mix-layers: needs --mix") }
    guard isEdit || distances.isEmpty || distances == [BoundaryDistance(0)] || alpha?.description == "1" else {
      throw ValidationError("--alpha: needs a --boundary to move along, or --mix")
    }
  }

  private var isEdit: Bool { !boundary.isEmpty || mix != nil }

  /// A plain 1 is far along a boundary in a small code, and little in a large one.
  private func alphas(along boundary: LoadedBoundary?) -> [BoundaryDistance] {
    let isKnown = boundary?.distanceDeviation != nil
    return alpha?.values ?? [isKnown ? BoundaryDistance(2, isInDeviations: true) : BoundaryDistance(1)]
  }

  /// Files that are read.
  var inputs: [String] { boundary.map(\.path) + condition + [mix].compactMap { $0 } }

  /// An edit, and how far it goes.
  struct Plan {
    var edit: FaceEdit
    var distances: [EditDistance]
    /// Along which α counts.
    var boundary: LoadedBoundary?

    /// Says what α means, and warns where it leads too far.
    func announce(_ reporting: ReportingOptions) throws {
      guard let boundary else { return }
      try DistanceScale.announce(distances.map(\.alpha), along: boundary, reporting)
    }
  }

  func plan(_ model: Model) throws -> Plan {
    let boundaries = try LoadedBoundary.read(
      boundary, layers: layers?.values, conditionPaths: condition, of: model
    ).boundaries
    let manipulation = boundaries.isEmpty ? nil : Manipulation(boundaries.map { ($0.boundary, $0.factor) })
    let edit = FaceEdit(
      manipulation: manipulation, mix: try mix.map { try FaceEdit.Mix($0, layers: mixLayers?.values, of: model) })
    let distances = isEdit ? try distances(along: boundaries.first) : [EditDistance(0)]
    return Plan(edit: edit, distances: distances, boundary: boundaries.first)
  }

  /// α, along the first boundary where it is in standard deviations.
  private func distances(along boundary: LoadedBoundary?) throws -> [EditDistance] {
    let alphas = alphas(along: boundary)
    guard let boundary else { return alphas.map { EditDistance($0.value) } }
    let distances = try alphas.map { try $0.alpha(along: boundary) }
    return zip(alphas, distances).map { EditDistance($1, deviations: $0.isInDeviations ? $0.value : nil) }
  }

  var list: [(name: String, value: String)] {
    var list = boundary.map { ("--boundary", $0.factor == 1 ? $0.path : "\($0.path):\($0.factor)") }
    list += condition.map { ("--condition", $0) }
    if let layers { list.append(("--layers", layers.text)) }
    if let mix { list.append(("--mix", mix)) }
    if let mixLayers { list.append(("--mix-layers", mixLayers.text)) }
    if !isEdit { return list + [("--alpha", "0")] }
    return list + (alpha.map { [("--alpha", $0.description)] } ?? [])
  }
}
