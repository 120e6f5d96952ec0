import Foundation
import Imaging
import Inversion
import Quant

/// States of interrupted optimisations, one file per image, each written whole. A state is only used for the same
/// image, model and objective.
struct CheckpointFolder {
  let path: String
  private let key: String

  init(path: String, model: Model, options: InversionOptions) {
    self.path = path
    let start =
      switch options.start {
      case .encoder: "encoder"
      case .mean: "mean"
      case .code(let code): "code \(code.hashDigest)"
      }
    key = [
      model.file.metadata.sources.map(\.sha256).joined(separator: ","), model.file.metadata.precision.rawValue,
      "\(model.file.byteCount)", "\(options.learningRate)", "\(options.weights)", start,
    ].joined(separator: "|")
  }

  private struct Stored: Codable {
    var version: Int
    var key: String
    var picture: String
    var step: Int
    var code: Data
    var firstMoment: Data
    var secondMoment: Data
    var bestCode: Data
    var bestLoss: Float
    var history: [Losses]
  }

  private func file(_ image: ImageOptions.Loaded) -> String { "\(path)/\(image.name).json" }

  /// The state of an image, or nil where there is none.
  func load(_ image: ImageOptions.Loaded) throws -> OptimisationState? {
    let file = file(image)
    guard FileManager.default.fileExists(atPath: file) else { return nil }
    guard let data = FileManager.default.contents(atPath: file),
      let stored = try? JSONDecoder().decode(Stored.self, from: data), stored.version == 1
    else { throw Failure(.badData, "\(file): is no checkpoint of this version; delete it to start anew") }
    guard stored.key == key, stored.picture == image.picture.digest else {
      throw Failure(
        .badData, "\(file): belongs to another image, model or set of options; delete it or drop --resume")
    }
    let state = OptimisationState(
      step: stored.step, code: stored.code.floats, firstMoment: stored.firstMoment.floats,
      secondMoment: stored.secondMoment.floats, bestCode: stored.bestCode.floats, bestLoss: stored.bestLoss,
      history: stored.history)
    let counts = Set([state.code.count, state.firstMoment.count, state.secondMoment.count, state.bestCode.count])
    guard counts.count == 1, state.step == state.history.count, state.step >= 0 else {
      throw Failure(.badData, "\(file): is damaged; delete it to start anew")
    }
    return state
  }

  func save(_ state: OptimisationState, of image: ImageOptions.Loaded) throws {
    try AtomicFile.createFolder(path)
    let stored = Stored(
      version: 1, key: key, picture: image.picture.digest, step: state.step, code: Data(floats: state.code),
      firstMoment: Data(floats: state.firstMoment), secondMoment: Data(floats: state.secondMoment),
      bestCode: Data(floats: state.bestCode), bestLoss: state.bestLoss, history: state.history)
    try AtomicFile.write([UInt8](try JSONEncoder().encode(stored)), to: file(image))
  }

  /// Forgets a finished image, and the folder with the last of them.
  func remove(_ image: ImageOptions.Loaded) throws {
    try? FileManager.default.removeItem(atPath: file(image))
    if (try? FileManager.default.contentsOfDirectory(atPath: path))?.isEmpty == true {
      try? FileManager.default.removeItem(atPath: path)
    }
  }
}

extension Data {
  /// Little-endian single precision.
  fileprivate init(floats: [Float]) {
    self.init(capacity: floats.count * 4)
    for value in floats {
      let bits = value.bitPattern
      append(contentsOf: [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8),
        UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 24)])
    }
  }

  fileprivate var floats: [Float] {
    let bytes = [UInt8](self)
    return stride(from: 0, to: bytes.count - bytes.count % 4, by: 4).map { index in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << (8 * UInt32($1)) })
    }
  }
}

extension Image8 {
  fileprivate var digest: String {
    var hash = SHA256()
    hash.update(pixels)
    return hash.hexDigest()
  }
}

extension [Float] {
  fileprivate var hashDigest: String {
    var hash = SHA256()
    hash.update([UInt8](Data(floats: self)))
    return hash.hexDigest()
  }
}
