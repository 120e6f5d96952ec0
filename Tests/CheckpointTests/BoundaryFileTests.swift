@testable import Checkpoint
import Files
import Foundation
import TestSupport
import Testing

/// Boundaries as published and as this project writes them, and files that only look like them.
@Suite struct BoundaryFileTests {
  private func golden(_ name: String) -> String { Golden.path("boundaries/\(name).npy") }

  @Test func publishedFilesAreRead() throws {
    let expression = try BoundaryFile.read(golden("ffhq256_expression"))
    #expect(expression.name == "ffhq256_expression")
    #expect(expression.array.shape == [1, 14, 512])
    #expect(expression.layers == [2, 3, 4, 5])
    #expect(try BoundaryFile.read(golden("tower256_sunny")).layers == Array(0..<14))
    let plain = try BoundaryFile.read(golden("stylegan_ffhq_smile_w_boundary"))
    #expect(plain.array.shape == [1, 512])
    #expect(plain.layers == nil)
  }

  private func write(_ array: NumpyArray, sidecar: String?, in folder: TemporaryFolder) throws -> String {
    try array.write(to: folder.file("smile.npy"))
    if let sidecar { _ = try folder.write(Array(sidecar.utf8), "smile.json") }
    return folder.file("smile.npy")
  }

  @Test func metaDataBesideTheFileNameAttributeAndLayers() throws {
    let folder = try TemporaryFolder()
    let array = NumpyArray(shape: [1, 2, 3], floats: [1, 0, 0, 0, 0, 0])
    let path = try write(array, sidecar: #"{"attribute": "smiling", "layers": [0, 1], "accuracy": 0.97}"#, in: folder)
    #expect(try BoundaryFile.read(path) == BoundaryFile(path: path, name: "smiling", array: array, layers: [0, 1]))
  }

  @Test(arguments: [("0.132", 0.132), ("2", 2), ("0", nil), ("-1", nil), ("\"0.1\"", nil)] as [(String, Double?)])
  func metaDataTellTheSpreadOfDistances(text: String, expected: Double?) throws {
    let folder = try TemporaryFolder()
    let array = NumpyArray(shape: [3], floats: [1, 2, 3])
    let path = try write(array, sidecar: "{\"distance_standard_deviation\": \(text)}", in: folder)
    #expect(try BoundaryFile.read(path).distanceDeviation == expected)
  }

  @Test(arguments: [
    "[1]", #"{"layers": "0-3"}"#, #"{"layers": [1.5]}"#, #"{"layers": []}"#, #"{"attribute": ""}"#,
  ])
  func aFileThatIsNoMetaDataIsPassedOver(text: String) throws {
    let folder = try TemporaryFolder()
    let array = NumpyArray(shape: [3], floats: [1, 2, 3])
    let path = try write(array, sidecar: text, in: folder)
    #expect(try BoundaryFile.read(path) == BoundaryFile(path: path, name: "smile", array: array, layers: nil))
  }

  @Test(arguments: ["", "{", #"{"layers": [0, 1]"#, "layers: 0"])
  func metaDataThatBreakOffAreNotTakenForNone(text: String) throws {
    let folder = try TemporaryFolder()
    let path = try write(NumpyArray(shape: [3], floats: [1, 2, 3]), sidecar: text, in: folder)
    guard case .inFile(folder.file("smile.json"), .malformed) = checkpointError({ _ = try BoundaryFile.read(path) })
    else {
      Issue.record("'\(text)' passes")
      return
    }
  }

  @Test(.timeLimit(.minutes(20))) func aPipeBesideABoundaryIsRefusedAndNotWaitedFor() throws {
    let folder = try TemporaryFolder()
    let path = try write(NumpyArray(shape: [3], floats: [1, 2, 3]), sidecar: nil, in: folder)
    #expect(mkfifo(folder.file("smile.json"), 0o600) == 0)
    #expect(
      checkpointError { _ = try BoundaryFile.read(path) }
        == .file(FileError(folder.file("smile.json"), .open, .isNotRegular)))
  }

  private func pickled(_ meta: String) -> [UInt8] {
    PickleTests.npy(Array("(dp0\nS'meta_data'\np1\n\(meta)s.".utf8))
  }

  @Test func aDictionaryWithoutABoundaryIsRefused() throws {
    let folder = try TemporaryFolder()
    for (index, bytes) in [
      pickled("(dp2\n"), PickleTests.npy(Array("(lp0\nF1.0\na.".utf8)), PickleTests.npy(Array("N.".utf8)),
      PickleTests.npy(Array("(dp0\nS'boundary'\np1\nS'x'\ns.".utf8)),
    ].enumerated() {
      let path = try folder.write(bytes, "\(index).npy")
      guard case .unsupported(path, _, _) = checkpointError({ _ = try BoundaryFile.read(path) }) else {
        Issue.record("pickle \(index) was read")
        continue
      }
    }
  }

  @Test func otherGlobalsAreRefusedWithTheFilesName() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(PickleTests.npy(Array("cos\nsystem\n(S'echo'\ntR.".utf8)), "smile.npy")
    let error = try #require(checkpointError { _ = try BoundaryFile.read(path) })
    #expect("\(error)".contains("os.system") && "\(error)".contains("smile.npy"), "\(error)")
  }

  @Test func everyTruncationOfAPublishedFileIsRefused() throws {
    let folder = try TemporaryFolder()
    let whole = try bytes(of: golden("ffhq256_expression"))
    for count in stride(from: 0, to: whole.count, by: 997) {
      let path = try folder.write(Array(whole[..<count]), "cut.npy")
      #expect(checkpointError { _ = try BoundaryFile.read(path) } != nil, "\(count) bytes")
    }
  }
}
