import Checkpoint
import Inversion

/// Arrays of codes in files.
package enum Codes {
  /// Reads codes [N, L, D] of a model; [N, L·D], what editing writes, [N, steps, L, D], and, where one w serves all layers,
  /// [N, D] are accepted too, and one code as [L, D]. Where N might be L, [L, D] is one code.
  ///
  /// - Returns: [N, L, D] in C order.
  package static func read(_ path: String, for model: Model) throws -> [Float] {
    let specification = try model.generator().specification
    let (layers, dimension) = (specification.layerCount, specification.wDimension)
    let array = try finiteArray(path)
    switch array.shape {
    case [layers, dimension], [layers * dimension]: return array.floats
    case [dimension]: return (0..<layers).flatMap { _ in array.floats }
    case [array.shape.first ?? 0, layers, dimension] where array.shape[0] > 0,
      [array.shape.first ?? 0, layers * dimension] where array.shape[0] > 0:
      return array.floats
    case [array.shape.first ?? 0, dimension] where array.shape[0] > 0:
      return (0..<array.shape[0]).flatMap { row in
        (0..<layers).flatMap { _ in array.floats[row * dimension..<(row + 1) * dimension] }
      }
    case [array.shape.first ?? 0, array.shape.dropFirst().first ?? 0, layers, dimension] where !array.floats.isEmpty:
      return array.floats
    default:
      throw Failure(
        .badData, at: path,
        "codes of shape \(array.shape) do not belong to this model; expected [N, \(layers), \(dimension)] or one code [\(layers), \(dimension)]"
      )
    }
  }

  /// Reads a single start code [L, D], or [1, L, D].
  package static func readOne(_ path: String, for model: Model) throws -> [Float] {
    let specification = try model.generator().specification
    let codes = try read(path, for: model)
    let length = specification.layerCount * specification.wDimension
    guard codes.count == length else {
      throw Failure(.badData, at: path, "expected one code, found \(codes.count / length)")
    }
    return codes
  }

  private static func finiteArray(_ path: String) throws -> NumpyArray {
    let array = try locating(path) { try ArrayFile.read(path) }
    guard array.floats.allSatisfy(\.isFinite) else {
      throw Failure(.badData, at: path, "expected finite codes, found values that are not")
    }
    return array
  }
}
