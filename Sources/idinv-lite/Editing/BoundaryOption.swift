import ArgumentParser
import Checkpoint
import Foundation
import Inversion

/// `--boundary FILE` or `--boundary FILE:FACTOR`.
struct BoundaryArgument: ExpressibleByArgument {
  let path: String
  let factor: Double

  init?(argument: String) {
    // A file may have a colon in its name; then the whole is its name.
    if let colon = argument.lastIndex(of: ":"), !FileManager.default.fileExists(atPath: argument),
      let factor = Double(argument[argument.index(after: colon)...])
    {
      guard factor.isFinite, factor != 0 else { return nil }
      path = String(argument[..<colon])
      self.factor = factor
    } else {
      path = argument
      factor = 1
    }
    guard !path.isEmpty else { return nil }
  }
}

/// Boundaries from files, as they are to be moved along.
struct LoadedBoundary {
  var path: String
  var factor: Double
  var boundary: SemanticBoundary
  /// Standard deviation of codes' distances from it, where that is known.
  var distanceDeviation: Double?

  /// Reads a boundary of a model.
  ///
  /// - Parameter layers: those to move, in place of the file's.
  static func read(_ path: String, layers: [Int]?, of model: Model) throws -> SemanticBoundary {
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
  static func read(
    _ arguments: [BoundaryArgument], layers: [Int]?, conditions: [SemanticBoundary], of model: Model
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

/// Numbers as users write them: `-3,0,1.5`.
func numberList(_ text: String, option: String) throws -> [Double] {
  try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
    guard let value = Double(part.trimmingCharacters(in: .whitespaces)), value.isFinite else {
      throw ValidationError("\(option): expected numbers such as -3,0,1.5, found '\(text)'")
    }
    return value
  }
}

/// Layers as users write them, in order: `0-3,7` is 0, 1, 2, 3, 7.
func layerText(_ layers: [Int]) -> String {
  var parts: [String] = []
  var index = 0
  while index < layers.count {
    var end = index
    while end + 1 < layers.count, layers[end + 1] == layers[end] + 1 { end += 1 }
    parts.append(index == end ? "\(layers[index])" : "\(layers[index])-\(layers[end])")
    index = end + 1
  }
  return parts.joined(separator: ",")
}
