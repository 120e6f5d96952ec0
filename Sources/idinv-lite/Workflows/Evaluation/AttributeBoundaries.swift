import Files
import Glibc
import Inversion

extension Model {
  /// The path of a file or folder beside the model file; nil where there is none of that name.
  package func neighbor(_ name: String) -> String? {
    let neighbor = PathText.path(name, in: PathText.folder(of: path))
    return Folder.exists(neighbor) ? neighbor : nil
  }
}

/// The boundaries of a folder that are named after an attribute of the model.
package enum AttributeBoundaries {
  /// - Parameters:
  ///   - folder: `--boundaries`; where nil, `boundaries` beside the model, if it is there.
  ///   - judge: who reads the attributes; nil for the model itself.
  ///   - notes: what is left out, and why.
  package static func load(
    _ folder: String?, of model: Model, judge: Model?, _ notes: inout [String]
  ) throws -> [AttributeBoundary] {
    let isNamed = folder != nil
    guard let folder = folder ?? model.neighbor("boundaries") else {
      notes.append("Without semantic analysis and edits: no boundaries are given.")
      return []
    }
    guard isNamed || (try? Folder.kind(of: folder)) == .folder else { return [] }
    let files = try Folder.names(in: folder).filter { $0.hasSuffix(".npy") && !$0.hasPrefix(".") }.sorted()
    guard !files.isEmpty else {
      guard isNamed else {
        notes.append("Without semantic analysis and edits: \(folder) holds no .npy file.")
        return []
      }
      throw Failure(.missingInput, at: folder, "holds no .npy file; expected boundaries")
    }
    guard (judge ?? model).readsAttributes else {
      notes.append("Without semantic analysis and edits: \(model.path) holds no attribute network.")
      return []
    }
    let attributes = try (judge ?? model).attributeReader().names
    var result: [AttributeBoundary] = []
    for file in files {
      let boundary: SemanticBoundary
      do {
        boundary = try LoadedBoundary.read(PathText.path(file, in: folder), layers: nil, of: model)
      } catch {
        // Nobody asked for a folder that happens to lie beside the model.
        guard !isNamed else { throw error }
        notes.append("\(file) is left out: \(errorLine(error))")
        continue
      }
      // The meta data name the attribute; else the file does.
      let candidates = [boundary.name, String(file.dropLast(4))]
      if let attribute = attributes.firstIndex(where: candidates.contains) {
        result.append(AttributeBoundary(boundary, attribute: attribute))
      } else {
        notes.append("\(file) is left out: the model has no attribute of that name.")
      }
    }
    return result
  }
}
