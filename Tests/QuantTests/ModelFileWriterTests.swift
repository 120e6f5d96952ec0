import Files
import Foundation
import Quant
import TestSupport
import Testing

@Suite struct ModelFileWriterTests {
  let folder: TemporaryFolder
  let metadata = ModelMetadata(specification: TestModel.specification, precision: .f16)

  init() throws { folder = try TemporaryFolder() }

  private func writer(_ name: String = "m.idinv") throws -> ModelFileWriter {
    try ModelFileWriter(path: folder.file(name), metadata: metadata)
  }

  @Test func nothingIsLeftOfAnUnfinishedFile() throws {
    do {
      let writer = try writer()
      try writer.write("generator.w_average", [1, 2, 3, 4, 5, 6])
      #expect(folder.contents().count == 1 && !folder.contents().contains("m.idinv"))
      #expect(throws: ModelFileError.self) { try writer.finish() }
    }
    #expect(folder.contents().isEmpty)
    do { _ = try writer() }
    #expect(folder.contents().isEmpty)
  }

  @Test func finishNamesEverythingThatWasNotWritten() throws {
    let writer = try writer()
    let weights = TestModel.weights()
    for (name, values) in weights where !name.hasPrefix("perceptual.3") { try writer.write(name, values) }
    #expect(
      throws: ModelFileError.missingTensors([
        TensorRequirement(name: "perceptual.3.weight", shape: [9, 8, 3, 3], role: .weight),
        TensorRequirement(name: "perceptual.3.bias", shape: [9], role: .vector),
      ])
    ) { try writer.finish() }
  }

  @Test func wrongTensorsAreRefusedByName() throws {
    let writer = try writer()
    func found(_ name: String, _ values: [Float]) -> String {
      do throws(ModelFileError) {
        try writer.write(name, values)
        return "nothing"
      } catch {
        guard case .tensor(name, let found, _) = error else { return "\(error)" }
        return found
      }
    }
    #expect(found("x", [1]) == "a tensor to write")
    #expect(found("generator.w_average", [1]) == "1 values")
    #expect(found("generator.w_average", [1, 2, 3, 4, 5, .nan]) == "a value that is not finite")
    #expect(found("generator.w_average", [1, 2, 3, 4, 5, -.infinity]) == "a value that is not finite")
    #expect(found("generator.constant", Array(repeating: 70000, count: 128)) == "a weight of magnitude 70000.0")
    #expect(found("generator.w_average", [1, 2, 3, 4, 5, 1e30]) == "nothing")
    #expect(found("generator.w_average", [1, 2, 3, 4, 5, 6]) == "the tensor a second time")
  }

  @Test func anOldFileStaysUntilTheNewOneIsComplete() throws {
    try TestModel.write(to: folder.file("m.idinv"), precision: .f32)
    let old = try ModelFile(path: folder.file("m.idinv"))
    do {
      let writer = try writer()
      try writer.write("generator.w_average", [1, 2, 3, 4, 5, 6])
    }
    #expect(try ModelFile(path: folder.file("m.idinv")).byteCount == old.byteCount)
    try TestModel.write(to: folder.file("m.idinv"), precision: .int8)
    #expect(try ModelFile(path: folder.file("m.idinv")).metadata.precision == .int8)
    // The old mapping is whole.
    try old.verifyChecksums()
  }

  @Test func placesThatCannotBeWrittenAreNamed() throws {
    #expect(throws: ModelFileError.file(FileError(folder.file("none/m.idinv"), .create, .system(ENOENT)))) {
      try writer("none/m.idinv")
    }
    #expect(throws: ModelFileError.file(FileError(folder.path + "/.", .create, .isFolder))) { try writer(".") }
  }

  @Test func pipesAreNeitherReplacedNorWaitedFor() throws {
    let pipe = folder.file("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(throws: ModelFileError.file(FileError(pipe, .create, .isNotRegular))) { try writer("pipe") }
    #expect(throws: ModelFileError.file(FileError(pipe, .open, .isNotRegular))) { try ModelFile(path: pipe) }
  }

  @Test func linksAreFollowed() throws {
    try TestModel.write(to: folder.file("real.idinv"), precision: .f32)
    #expect(symlink(folder.file("real.idinv"), folder.file("m.idinv")) == 0)
    try TestModel.write(to: folder.file("m.idinv"), precision: .int8)
    #expect(try ModelFile(path: folder.file("real.idinv")).metadata.precision == .int8)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("m.idinv")).hasSuffix("real.idinv"))
  }

  @Test func impossibleSpecificationsAreNotWritten() throws {
    var metadata = metadata
    metadata.specification.generator?.resolution = 17
    #expect(throws: ModelFileError.self) { try ModelFileWriter(path: folder.file("m.idinv"), metadata: metadata) }
    #expect(folder.contents().isEmpty)
  }

  @Test func sizesAreKnownBeforehand() throws {
    let writer = try writer()
    let expected = writer.byteCount
    for (name, values) in TestModel.weights() { try writer.write(name, values) }
    #expect(try writer.finish() == expected)
    #expect(try ModelFile(path: folder.file("m.idinv")).byteCount == expected)
  }
}
