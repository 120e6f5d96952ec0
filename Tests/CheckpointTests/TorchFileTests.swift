import Files
import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// Files of `torch.save`, both forms, as `make_fixtures.py` wrote them.
@Suite struct TorchFileTests {
  static let files = ["torch_zip.pth", "torch_legacy.pth"]
  static let counted = (0..<24).map { Float($0) - 5 }

  @Test(arguments: files) func everyTypeIsReadAsNumbers(file: String) throws {
    let checkpoint = try CheckpointReader.open(Places.fixture(file))
    #expect(checkpoint.format == (file == "torch_zip.pth" ? .torchZip : .torchLegacy))
    let types: [(String, DType)] = [
      ("f32", .f32), ("f16", .f16), ("bf16", .bf16), ("f64", .f64), ("i64", .i64), ("i32", .i32), ("i16", .i16),
      ("i8", .i8),
    ]
    for (name, dtype) in types {
      #expect(try checkpoint.shape(name) == [2, 3, 4] && checkpoint.dtype(name) == dtype)
      #expect(try checkpoint.floats(name) == Self.counted, "\(name)")
    }
    #expect(try checkpoint.floats("u8") == Self.counted.map { $0 + 5 })
    #expect(try checkpoint.floats("bool") == Self.counted.map { $0 > 0 ? 1 : 0 })
  }

  @Test(arguments: files) func viewsAreGathered(file: String) throws {
    let checkpoint = try CheckpointReader.open(Places.fixture(file))
    func at(_ i: Int, _ j: Int, _ k: Int) -> Float { Float(i * 12 + j * 4 + k) - 5 }
    #expect(try checkpoint.shape("permuted") == [4, 2, 3])
    #expect(
      try checkpoint.floats("permuted")
        == (0..<24).map { at($0 / 3 % 2, $0 % 3, $0 / 6) })
    #expect(try checkpoint.shape("sliced") == [1, 2, 2])
    #expect(try checkpoint.floats("sliced") == [at(1, 0, 1), at(1, 0, 2), at(1, 2, 1), at(1, 2, 2)])
    #expect(try checkpoint.floats("shared_head") == [0, 1, 2, 3])
    #expect(try checkpoint.floats("shared_tail") == [4, 5, 6, 7, 8, 9])
    #expect(try checkpoint.floats("expanded") == [9, 9, 9, 9, 9])
    #expect(try checkpoint.shape("scalar") == [] && checkpoint.floats("scalar") == [3.5])
    #expect(try checkpoint.shape("empty") == [0, 3] && checkpoint.floats("empty") == [])
    #expect(try checkpoint.floats("parameter") == [1.5, 2.5])
  }

  @Test(arguments: files) func nestingIsFlattenedWithDots(file: String) throws {
    let checkpoint = try CheckpointReader.open(Places.fixture(file))
    #expect(try checkpoint.floats("module.weight") == [0, 1, 2, 3, 4, 5])
    #expect(try checkpoint.floats("module.bias") == [7, 8])
    #expect(try checkpoint.floats("list.1") == [2])
    #expect(checkpoint.otherNames.contains("epoch") && checkpoint.otherNames.contains("settings.name"))
    #expect(checkpoint.otherNames.contains("settings.flags.0") && checkpoint.otherNames.contains("settings.big"))
    #expect(checkpointError { _ = try checkpoint.floats("none") } == .noSuchTensor(name: "none"))
  }

  @Test func cutFilesAreRefusedAtEveryLength() throws {
    let folder = try TemporaryFolder()
    for name in ["tiny_zip.pth", "tiny_legacy.pth"] {
      let whole = try bytes(of: Places.fixture(name))
      for length in 0..<whole.count {
        let path = try folder.write(Array(whole[..<length]), "cut.pth")
        let error = checkpointError { _ = try CheckpointReader.open(path).floats("a") }
        #expect(error != nil, "\(name) cut to \(length) bytes")
      }
    }
  }

  @Test func damagedDataFailsItsChecksum() throws {
    let folder = try TemporaryFolder()
    var damaged = try bytes(of: Places.fixture("tiny_zip.pth"))
    let pattern: [UInt8] = [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]
    let at = try #require((0..<damaged.count - 8).first { Array(damaged[$0..<$0 + 8]) == pattern })
    damaged[at] = 1
    let path = try folder.write(damaged, "damaged.pth")
    let checkpoint = try CheckpointReader.open(path)
    guard case .malformed("zip archive", at, let found, _) = checkpointError({ _ = try checkpoint.floats("a") }) else {
      Issue.record("no checksum error")
      return
    }
    #expect(found.contains("CRC-32"))
  }

  @Test(
    arguments: [
      (Array("<!DOCTYPE html><html>".utf8), "a web page (the download failed?)"),
      (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "a Git LFS pointer (run git lfs pull)"),
      ([0x89, 0x48, 0x44, 0x46, 0x0d], "an HDF5 file"),
      ([0x1f, 0x8b, 0x08], "a gzip archive (unpack it first)"),
      ([], "an empty file (0 bytes)"),
      ([1, 2, 3], "unknown bytes 1 2 3"),
    ] as [([UInt8], String)])
  func unknownFilesAreDescribed(bytes: [UInt8], found: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(bytes, "x")
    #expect(
      checkpointError { _ = try CheckpointReader.open(path) }
        == .unsupported(path: path, found: found, expected: "a .pth of torch.save, .safetensors, .pkl, .npz or .npy"))
  }

  @Test func absentFilesAndFoldersAreRefused() throws {
    let folder = try TemporaryFolder()
    #expect(
      checkpointError { _ = try CheckpointReader.open(folder.file("none")) }
        == .file(FileError(folder.file("none"), .open, .system(ENOENT))))
    #expect(
      checkpointError { _ = try CheckpointReader.open(folder.path) }
        == .unsupported(
          path: folder.path, found: "a folder with 0 files named data.pkl", expected: "one, as torch.save writes"))
  }
}
