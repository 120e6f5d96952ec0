import Glibc
import Quant

/// An array of codes or a direction as this field's programs store it: `.npy`, `.npz`, `.pt`, `.pkl`, `.safetensors`.
///
/// Where a file has several arrays, one by a known name is taken: `w` of NVIDIA's projector, `latent` of rosinality's,
/// `latents` of e4e's. Dictionaries of images' codes (pSp, ReStyle) are one code after the other, in the file's order; of
/// codes of several steps the last counts.
package struct ArrayFile {
  /// Names of codes and directions in files that have other arrays too, the best first.
  private static let knownNames = [
    "w", "wp", "w_plus", "ws", "latent", "latents", "latent_code", "latent_codes", "latent_in", "w_pivot",
    "projected_w",
    "code", "codes", "boundary", "direction", "array",
  ]

  /// - Throws: as `CheckpointReader.open`; `.unsupported` where the file has no array, or several and none of a known name.
  package static func read(_ path: String) throws(CheckpointError) -> NumpyArray {
    let checkpoint: Checkpoint
    do throws(CheckpointError) { checkpoint = try CheckpointReader.open(path) } catch { throw error.located(in: path) }
    return try array(in: checkpoint)
  }

  static func array(in checkpoint: Checkpoint) throws(CheckpointError) -> NumpyArray {
    let names = checkpoint.names
    guard let first = names.first else {
      throw .unsupported(path: checkpoint.path, found: "no array of numbers", expected: "codes or a direction")
    }
    if names.count == 1 { return try array(first, in: checkpoint) }
    for known in knownNames {
      if names.contains(known) { return try array(known, in: checkpoint) }
      let inner = names.filter { $0.hasSuffix(".\(known)") }
      if !inner.isEmpty { return try stacked(inner, in: checkpoint) }
    }
    return try stacked(try lastSteps(of: names, in: checkpoint), in: checkpoint)
  }

  private static func array(_ name: String, in checkpoint: Checkpoint) throws(CheckpointError) -> NumpyArray {
    NumpyArray(shape: try checkpoint.shape(name), floats: try checkpoint.floats(name))
  }

  /// Arrays of images: all of one shape. Lists of arrays (`NAME.0`, `NAME.1` …) are steps of one image.
  private static func lastSteps(
    of names: [String], in checkpoint: Checkpoint
  ) throws(CheckpointError) -> [String] {
    let shape = try checkpoint.shape(names[0])
    for name in names where (try checkpoint.shape(name)) != shape {
      throw .unsupported(
        path: checkpoint.path,
        found: "\(names.count) arrays of different shapes (\(names.prefix(3).joined(separator: ", ")), …)",
        expected: "one array, or one named \(knownNames.prefix(5).joined(separator: ", ")) …")
    }
    var images: [String] = []
    var last: [String: (step: Int, name: String)] = [:]
    for name in names {
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count > 1, let step = Int(parts[parts.count - 1]) else { return names }
      let image = parts.dropLast().joined(separator: ".")
      if last[image] == nil { images.append(image) }
      if step >= last[image]?.step ?? -1 { last[image] = (step, name) }
    }
    return images.compactMap { last[$0]?.name }
  }

  /// [N, …] of N arrays of the same shape, a leading extent of 1 left out of each.
  private static func stacked(_ names: [String], in checkpoint: Checkpoint) throws(CheckpointError) -> NumpyArray {
    if names.count == 1 { return try array(names[0], in: checkpoint) }
    var shape: [Int]?
    var floats: [Float] = []
    for name in names {
      let stored = try checkpoint.shape(name)
      let bare = stored.count > 1 && stored[0] == 1 ? Array(stored.dropFirst()) : stored
      guard bare == shape ?? bare else {
        throw .unsupported(
          path: checkpoint.path, found: "arrays of shape \(bare) and \(shape ?? [])", expected: "one shape for all")
      }
      shape = bare
      floats += try checkpoint.floats(name)
    }
    return NumpyArray(shape: [names.count] + (shape ?? []), floats: floats)
  }
}
