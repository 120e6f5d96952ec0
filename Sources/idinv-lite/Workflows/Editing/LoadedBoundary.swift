import Checkpoint
import Foundation
import Inversion

/// A boundary's file, and what its α is multiplied with.
package struct BoundaryReference {
  package var path: String
  package var factor: Double

  package init(path: String, factor: Double) {
    self.path = path
    self.factor = factor
  }
}

/// Boundaries from files, as they are to be moved along.
package struct LoadedBoundary {
  package var path: String
  package var factor: Double
  package var boundary: SemanticBoundary
  /// Standard deviation of codes' distances from it, where that is known.
  package var distanceDeviation: Double?

  package init(path: String, factor: Double, boundary: SemanticBoundary, distanceDeviation: Double? = nil) {
    self.path = path
    self.factor = factor
    self.boundary = boundary
    self.distanceDeviation = distanceDeviation
  }

  /// Reads a boundary of a model.
  ///
  /// - Parameter layers: those to move, in place of the file's.
  package static func read(_ path: String, layers: [Int]?, of model: Model) throws -> SemanticBoundary {
    try boundary(in: try locating(path) { try BoundaryFile.read(path) }, layers: layers, of: model)
  }

  private static func boundary(in file: BoundaryFile, layers: [Int]?, of model: Model) throws -> SemanticBoundary {
    try locating(file.path) {
      try SemanticBoundary(
        name: file.name, values: file.array.floats, shape: file.array.shape, layers: layers ?? file.layers,
        of: try model.codeShape())
    }
  }

  /// Reads boundaries, and makes each leave the conditions alone.
  package static func read(
    _ arguments: [BoundaryReference], layers: [Int]?, conditions: [SemanticBoundary], of model: Model
  ) throws -> [LoadedBoundary] {
    try arguments.map { argument in
      let file = try locating(argument.path) { try BoundaryFile.read(argument.path) }
      let boundary = try boundary(in: file, layers: layers, of: model)
      return LoadedBoundary(
        path: argument.path, factor: argument.factor,
        boundary: conditions.isEmpty
          ? boundary : try locating(argument.path) { try boundary.projected(off: conditions) },
        distanceDeviation: file.distanceDeviation)
    }
  }
}
