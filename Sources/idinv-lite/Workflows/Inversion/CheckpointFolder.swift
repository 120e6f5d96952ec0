import Files
import FoundationEssentials
import Glibc
import Imaging
import Inversion
import Quant

/// States of optimizations, one file per image that is not done yet, each written whole. A state is only used for the
/// same image, model and objective.
package struct CheckpointFolder {
  package let path: String
  private let key: String

  package init(path: String, description: RunDescription, options: InversionOptions) {
    self.path = path
    key = [description.modelIdentity, description.compute, options.stepIdentity].joined(separator: "|")
  }

  /// A state, and what the report shows of the way to it.
  package struct Progress {
    package var state: OptimizationState
    /// Seconds since the image's first step, after each step.
    package var seconds: [Double]
    package var snapshots: [(step: Int, code: [Float])]
  }

  private struct Stored: Codable {
    struct Snapshot: Codable {
      var step: Int
      var code: Data
    }
    var version: Int
    var key: String
    var picture: String
    var step: Int
    var code: Data
    var integers: [Int]
    var numbers: [Double]
    var vectors: [Data]
    var bestCode: Data
    var bestLoss: Float
    var bestStep: Int
    var history: [Losses]
    var workSeconds: Double
    var seconds: [Double]
    var snapshots: [Snapshot]
  }

  private func file(_ name: String) -> String { "\(path)/\(name).json" }

  /// How far an image has come, or nil where it has not begun.
  ///
  /// - Parameters:
  ///   - codeCount: number of values of the model's codes.
  ///   - iterations: steps of this run; a state beyond them does not belong to it.
  package func load(_ image: LoadedImage, codeCount: Int, iterations: Int) throws -> Progress? {
    let file = file(image.name)
    guard Folder.exists(file) else { return nil }
    let data = Data(try InputFile.bytes(of: file))
    guard let stored = try? JSONText.decode(Stored.self, from: data, namesNonNumbers: true), stored.version == 4 else {
      throw Failure(.badData, at: file, "is no checkpoint of this version; delete it to start anew")
    }
    guard stored.key == key, stored.picture == image.picture.digest else {
      throw Failure(
        .badData, at: file, "belongs to another image, model or set of options; delete it, or do not resume")
    }
    let state = OptimizationState(
      step: stored.step, code: stored.code.floats,
      optimizer: OptimizerMemory(
        integers: stored.integers, numbers: stored.numbers, vectors: stored.vectors.map(\.floats)),
      bestCode: stored.bestCode.floats, bestLoss: stored.bestLoss, bestStep: stored.bestStep,
      history: stored.history, seconds: stored.workSeconds)
    let snapshots = stored.snapshots.map { (step: $0.step, code: $0.code.floats) }
    let vectors = [state.code, state.bestCode] + state.optimizer.vectors + snapshots.map(\.code)
    guard vectors.allSatisfy({ $0.count == codeCount && $0.allSatisfy(\.isFinite) }),
      state.step == state.history.count, state.step == stored.seconds.count,
      (0...state.step).contains(state.bestStep), state.bestStep > 0 || state.step == 0, !state.bestLoss.isNaN,
      // An optimizer counts nothing that is not a step, and no run takes a thousand years.
      state.optimizer.integers.allSatisfy({ (0...state.step).contains($0) }),
      snapshots.allSatisfy({ (0...state.step).contains($0.step) }),
      (stored.seconds + [state.seconds]).allSatisfy({ $0 >= 0 && $0 < 3e10 })
    else { throw Failure(.badData, at: file, "is damaged; delete it to start anew") }
    guard state.step <= iterations else {
      throw Failure(
        .badData, at: file, "holds step \(state.step); expected at most \(iterations); delete it to start anew"
      )
    }
    return Progress(state: state, seconds: stored.seconds, snapshots: snapshots)
  }

  package func save(_ progress: Progress, of image: LoadedImage) throws {
    let state = progress.state
    try Folder.create(path)
    let stored = Stored(
      version: 4, key: key, picture: image.picture.digest, step: state.step, code: Data(floats: state.code),
      integers: state.optimizer.integers, numbers: state.optimizer.numbers,
      vectors: state.optimizer.vectors.map { Data(floats: $0) }, bestCode: Data(floats: state.bestCode),
      bestLoss: state.bestLoss, bestStep: state.bestStep, history: state.history, workSeconds: state.seconds,
      seconds: progress.seconds,
      snapshots: progress.snapshots.map { Stored.Snapshot(step: $0.step, code: Data(floats: $0.code)) })
    // A loss may be infinite on the way to an error.
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try AtomicFile.write([UInt8](try encoder.encode(stored)), to: file(image.name), links: .replaced)
  }

  /// Forgets finished images, and the folder if nothing else is in it.
  package func remove(_ names: [String]) {
    for name in names { Folder.removeFile(file(name)) }
    Folder.removeIfEmpty(path)
  }

  /// Forgets all states: the run is over.
  func removeAll() {
    AtomicFile.removeLeftovers(in: path)
    let names = (try? Folder.names(in: path)) ?? []
    remove(names.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) })
  }
}
