import Checkpoint
import Files
import FoundationEssentials
import Glibc
import Imaging
import Inversion

/// A semantic boundary of one model: moving a code along its normal changes an attribute, x = G(z + α·n)
/// (Shen et al., CVPR 2020, sec. 3).
public struct Boundary: Sendable, Equatable {
  /// The attribute.
  public var name: String { stored.name }
  /// n, [L, D] in C order: of length 1 as a whole or in each layer; zero in the layers that it does not move.
  public var normal: [Float] { stored.normal }
  public var layerCount: Int { stored.shape.layerCount }
  public var dimension: Int { stored.shape.dimension }
  /// The layers that it moves, ascending.
  public var layers: [Int] { stored.layers }
  /// Standard deviation of codes' distances from the boundary: what α is to be compared with; nil where unknown.
  public let distanceDeviation: Double?

  let stored: SemanticBoundary

  init(_ stored: SemanticBoundary, distanceDeviation: Double? = nil) {
    self.stored = stored
    self.distanceDeviation = distanceDeviation
  }

  /// - Parameters:
  ///   - values: [L, D] in C order, or [D], the same move in all layers. They are brought to length 1.
  ///   - layers: those to move; nil for all.
  /// - Throws: `.badData` where the values are of another form, zero or not finite; `.invalidArgument` for layers that the
  ///   codes do not have.
  public init(
    name: String, values: [Float], layerCount: Int, dimension: Int, layers: [Int]? = nil,
    distanceDeviation: Double? = nil
  ) throws(IdinvError) {
    guard layerCount > 0, dimension > 0, values.count == dimension || values.count == layerCount * dimension else {
      throw IdinvError(
        .badData,
        "boundary '\(name)': expected \(dimension) or \(layerCount)·\(dimension) values, found \(values.count)")
    }
    let shape = CodeShape(layerCount: layerCount, dimension: dimension)
    self.init(
      try IdinvError.wrapping {
        try SemanticBoundary(name: name, values: values, shape: [values.count], layers: layers, of: shape)
      }, distanceDeviation: distanceDeviation)
  }

  /// Reads a boundary file: a `.npy` array, with `NAME.json` beside it or without, or a published pickle (`docs/BOUNDARIES.md`).
  ///
  /// - Parameters:
  ///   - model: the model whose codes it is to move.
  ///   - layers: those to move, in place of the file's.
  /// - Throws: `.missingFile`, `.inputOutput`, `.badData`.
  public init(contentsOf path: String, for model: Model, layers: [Int]? = nil) throws(IdinvError) {
    let shape = try model.codeShape()
    self = try IdinvError.wrapping(path: path) {
      let file = try BoundaryFile.read(path)
      return Boundary(
        try SemanticBoundary(
          name: file.name, values: file.array.floats, shape: file.array.shape, layers: layers ?? file.layers, of: shape),
        distanceDeviation: file.distanceDeviation)
    }
  }

  /// Writes the normal to a `.npy` file, [1, L, D], and what is known about it to the `.json` file of the same name beside it.
  ///
  /// - Throws: `.invalidArgument` where the path does not end in `.npy`; `.cannotCreate`, `.inputOutput`.
  public func write(to path: String) throws(IdinvError) {
    guard path.hasSuffix(".npy") else {
      throw IdinvError(.invalidArgument, "\(path): expected a name that ends in .npy", path: path)
    }
    try IdinvError.wrapping(path: path) {
      try NumpyArray(shape: [1, layerCount, dimension], floats: normal).write(to: path)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let facts = Facts(attribute: name, layers: layers, distance_standard_deviation: distanceDeviation)
      try AtomicFile.write([UInt8](try encoder.encode(facts)) + [10], to: String(path.dropLast(4)) + ".json")
    }
  }

  private struct Facts: Encodable {
    var attribute: String
    var layers: [Int]
    var distance_standard_deviation: Double?
  }

  /// The move that leaves other attributes alone: n without its part along the conditions' normals, at n's length.
  ///
  /// - Throws: `.badData` for conditions of another model, or where nothing is left.
  public func projected(off conditions: [Boundary]) throws(IdinvError) -> Boundary {
    Boundary(
      try IdinvError.wrapping { try stored.projected(off: conditions.map(\.stored)) },
      distanceDeviation: distanceDeviation)
  }
}
