import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// A judge: a residual trunk under the encoder's names, and a dense layer with its statistics.
@Suite struct JudgeConversionTests {
  let folder: TemporaryFolder
  static let names = ["yaw", "smile", "glasses", "hair.length"]

  init() throws { folder = try TemporaryFolder() }

  private func judge(
    names: String? = nil, _ change: (inout TestCheckpoint) -> Void = { _ in }
  ) throws -> String {
    var checkpoint = try TestCheckpoint(golden: "judge/judge.pth")
    change(&checkpoint)
    let list = names ?? "[" + Self.names.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    return try checkpoint.write(folder, "j.safetensors", metadata: ["names": list])
  }

  @Test func theSpecificationFollowsFromShapes() throws {
    let report = try Conversion([.judge: Golden.path("judge/judge.pth")]).run(to: folder.file("j.idinv"))
    let file = try ModelFile(path: folder.file("j.idinv"))
    #expect(
      file.specification
        == ModelSpecification(
          judge: .init(
            resolution: 32, imageChannels: 3, stemChannels: 6, blockChannels: [10, 10, 17], names: Self.names)))
    #expect(report.warnings.isEmpty)
    #expect(report.ignored.allSatisfy { $0.hasSuffix(".num_batches_tracked") })
    #expect(report.text.contains("4 attributes of 32×32 images, channels [6, 10, 10, 17]"))
    _ = try Conversion([.judge: judge { $0.tensors.removeAll { $0.name.hasSuffix("tracked") } }])
      .run(to: folder.file("s.idinv"))
    #expect(
      try ModelFile(path: folder.file("s.idinv")).tensor("judge.dense.weight").floats()
        == file.tensor("judge.dense.weight").floats())
  }

  @Test func whatIsMissingOrDoesNotFitIsNamed() throws {
    func error(names: String? = nil, _ change: (inout TestCheckpoint) -> Void = { _ in }) -> CheckpointError? {
      checkpointError { _ = try Conversion([.judge: judge(names: names, change)]).run(to: folder.file("m.idinv")) }
    }
    func tensor(_ error: CheckpointError?) -> String {
      guard case .tensor(let name, let found, _) = error else { return "\(String(describing: error))" }
      return "\(name): \(found)"
    }
    #expect(
      error { $0.remove("std", "block2.conv1.weight") }
        == .missingTensors(
          part: "judge",
          tensors: [
            MissingTensor(name: "block2.conv1.weight", shape: [10, 10, 3, 3]), MissingTensor(name: "std", shape: [4]),
          ]))
    #expect(
      tensor(error { $0.set("dense.weight", [4, 30], Array(repeating: 1, count: 120)) }) == "dense.weight: 30 inputs")
    #expect(tensor(error(names: "[\"a\"]")) == "names: 1 names")
    #expect(tensor(error { $0.set("extra.weight", [1], [1]) }).hasPrefix("extra.weight: a tensor that the published"))
    #expect(tensor(error { $0["mean"][1] = .infinity }) == "mean: a value that is not finite")
    guard
      case .modelFile(.specification("judge.names[1]", "\"../smile\"", _)) = error(
        names: "[\"a\",\"../smile\",\"b\",\"c\"]")
    else {
      Issue.record("a name that leads out of a folder passes")
      return
    }
    #expect(folder.contents() == ["j.safetensors"])
  }

  @Test func aJudgeOfOtherImagesIsRefusedBesideOtherNetworks() throws {
    let (judge, generator) = (Golden.path("judge/judge.pth"), Golden.path("res128/generator.pth"))
    guard
      case .modelFile(.specification("judge.resolution", "32", _)) = checkpointError({
        _ = try Conversion([.generator: generator, .judge: judge]).run(to: folder.file("m.idinv"))
      })
    else {
      Issue.record("no error")
      return
    }
    #expect(folder.contents().isEmpty)
  }
}
