import Checkpoint
import Files
import Glibc
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
    try boundary(in: try file(path, of: model), layers: layers, of: model)
  }

  /// A file; or, by its bare name, one of the boundaries beside the model.
  private static func file(_ path: String, of model: Model) throws -> BoundaryFile {
    // A folder is no boundary: that of results along "smile" is often called so.
    let isFolder = (try? Folder.kind(of: path)) == .folder
    guard isFolder || !Folder.exists(path), !path.contains("/"), PathText.stem(of: path).extension != "npy" else {
      return try locating(path) { try BoundaryFile.read(path) }
    }
    let folder = model.neighbor("boundaries")
    let names = folder.flatMap { try? Folder.names(in: $0) } ?? []
    let known = names.filter { $0.hasSuffix(".npy") && !$0.hasPrefix(".") }.map { String($0.dropLast(4)) }.sorted()
    guard let folder, known.contains(path) else {
      throw Failure(
        isFolder ? .badData : .missingInput,
        "\(path): \(isFolder ? "is a folder" : "no such file")"
          + (known.isEmpty
            ? "; expected a boundary (.npy)"
            : ", and none of the model's own boundaries; expected a file, or one of \(known.joined(separator: ", "))"))
    }
    let own = PathText.path("\(path).npy", in: folder)
    return try locating(own) { try BoundaryFile.read(own) }
  }

  private static func boundary(in file: BoundaryFile, layers: [Int]?, of model: Model) throws -> SemanticBoundary {
    try locating(file.path) {
      try SemanticBoundary(
        name: file.name, values: file.array.floats, shape: file.array.shape, layers: layers ?? file.layers,
        of: try model.codeShape())
    }
  }

  /// All boundaries of a folder, with their names.
  ///
  /// - Parameters:
  ///   - folder: where nil, `boundaries` beside the model, if it is there; what does not fit the model is left out of it.
  ///   - tell: hears what is left out.
  /// - Returns: nil where there is none beside the model.
  package static func all(
    in folder: String?, of model: Model, tell: (String) -> Void
  ) throws -> [(name: String, boundary: LoadedBoundary)]? {
    let place = folder ?? PathText.path("boundaries", in: PathText.folder(of: model.path))
    guard let names = try? Folder.names(in: place) else {
      if folder != nil { throw Failure(.missingInput, at: place, "no such folder; expected boundaries (.npy)") }
      return nil
    }
    return try names.filter { $0.hasSuffix(".npy") }.sorted().compactMap { name in
      do {
        let reference = BoundaryReference(path: PathText.path(name, in: place), factor: 1)
        return (String(name.dropLast(4)), try read([reference], layers: nil, conditions: [], of: model)[0])
      } catch {
        if folder != nil { throw error }
        tell("left out: \(errorLine(error))")
        return nil
      }
    }
  }

  /// Reads boundaries and conditions, and makes each boundary leave all conditions alone.
  package static func read(
    _ arguments: [BoundaryReference], layers: [Int]?, conditionPaths: [String], of model: Model
  ) throws -> (boundaries: [LoadedBoundary], conditions: [SemanticBoundary]) {
    let conditions = try conditionPaths.map { try read($0, layers: nil, of: model) }
    return (try read(arguments, layers: layers, conditions: conditions, of: model), conditions)
  }

  /// Reads boundaries, and makes each leave the conditions alone.
  package static func read(
    _ arguments: [BoundaryReference], layers: [Int]?, conditions: [SemanticBoundary], of model: Model
  ) throws -> [LoadedBoundary] {
    try arguments.map { argument in
      let file = try file(argument.path, of: model)
      let boundary = try boundary(in: file, layers: layers, of: model)
      return LoadedBoundary(
        path: file.path, factor: argument.factor,
        boundary: conditions.isEmpty
          ? boundary : try locating(argument.path) { try boundary.projected(off: conditions) },
        distanceDeviation: file.distanceDeviation)
    }
  }
}
