import Files
import Checkpoint
import Foundation
import TestSupport
import Testing

@Suite struct NumpyTests {
  static let counted = (0..<24).map { Float($0) - 5 }

  // Beside the test and not within @Test, where closures crash the compiler of Swift 6.0.
  static let plainFixtureNames: [String] = Places.fixtureNames.filter {
    $0.hasPrefix("little_") || $0.hasPrefix("big_") || $0.hasPrefix("version")
  }

  @Test(
    arguments: plainFixtureNames)
  func everyTypeOrderAndVersionIsRead(name: String) throws {
    let array = try NumpyArray.read(Places.fixture(name))
    let isUnsigned = name.contains("_u")
    #expect(array == NumpyArray(shape: [2, 3, 4], floats: Self.counted.map { isUnsigned ? $0 + 5 : $0 }))
  }

  @Test func fortranOrderScalarsAndEmptyArraysAreRead() throws {
    #expect(try NumpyArray.read(Places.fixture("fortran.npy")) == NumpyArray(shape: [2, 3, 4], floats: Self.counted))
    #expect(try NumpyArray.read(Places.fixture("scalar.npy")) == NumpyArray(shape: [], floats: [2.5]))
    #expect(try NumpyArray.read(Places.fixture("empty.npy")) == NumpyArray(shape: [0, 3], floats: []))
    #expect(
      try NumpyArray.read(Places.fixture("bool.npy")).floats == Self.counted.map { $0 > 0 ? 1 : 0 })
  }

  @Test(arguments: ["stored.npz", "deflated.npz"]) func archivesAreRead(name: String) throws {
    let checkpoint = try CheckpointReader.open(Places.fixture(name))
    #expect(checkpoint.format == .npz && checkpoint.names.sorted() == ["a", "b"])
    #expect(try checkpoint.floats("a") == Self.counted && checkpoint.shape("a") == [2, 3, 4])
    #expect(try checkpoint.floats("b") == [0, 1, 2])
    let archive = try NumpyFile.readArchive(Places.fixture(name))
    #expect(archive["b"]?.integers == [0, 1, 2])
  }

  @Test func writtenFilesAreNumPysOwnToTheByte() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.npy")
    try NumpyArray(shape: [2, 3, 4], floats: Self.counted).write(to: path)
    #expect(try bytes(of: path) == bytes(of: Places.fixture("little_f4.npy")))
    try NumpyArray(shape: [0, 3], floats: []).write(to: path)
    #expect(try bytes(of: path) == bytes(of: Places.fixture("empty.npy")))
    try NumpyArray(shape: [], floats: [2.5]).write(to: path)
    #expect(try bytes(of: path) == bytes(of: Places.fixture("scalar.npy")))
    try NumpyArray(shape: [2], floats: [1, 2]).write(to: path)
    #expect(try NumpyArray.read(path) == NumpyArray(shape: [2], floats: [1, 2]))
    #expect(folder.contents() == ["a.npy"])
  }

  @Test func writingWhereNothingCanBeIsAnError() throws {
    let folder = try TemporaryFolder()
    let array = NumpyArray(shape: [1], floats: [1])
    #expect(
      checkpointError { try array.write(to: folder.file("none/a.npy")) }
        == .file(FileError(folder.file("none/a.npy"), .create, .system(ENOENT))))
    #expect(
      checkpointError { try array.write(to: folder.path) }
        == .file(FileError(folder.path, .create, .isFolder)))
  }

  @Test(arguments: [
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), ", "a malformed header"),
    ("{'descr': '<f4', 'fortran_order': False}", "keys [\"descr\", \"fortran_order\"]"),
    ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "a malformed header"),
    ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", "another element type"),
    ("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,)}", "a malformed header"),
    ("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", "a malformed header"),
    ("{'descr': '<f4', 'fortran_order': 'no', 'shape': (2,)}", "another fortran_order"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", "a malformed header"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "another shape"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "a malformed header"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (02,)}", "a malformed header"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,01)}", "a malformed header"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (L,)}", "a malformed header"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "8 bytes of data"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "8 bytes of data"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2000000000000000000,)}", "8 bytes of data"),
  ]) func malformedHeadersAreRefused(header: String, found: String) throws {
    let folder = try TemporaryFolder()
    let text = Array(header.utf8) + [0x0a]
    let file = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count), 0] + text + [UInt8](repeating: 0, count: 8)
    let path = try folder.write(file, "a.npy")
    guard case .malformed("npy file", _, found, _) = checkpointError({ _ = try NumpyArray.read(path) }) else {
      Issue.record("\(String(describing: checkpointError { _ = try NumpyArray.read(path) }))")
      return
    }
  }

  @Test func wrongMagicVersionAndLengthAreRefused() throws {
    let folder = try TemporaryFolder()
    let whole = try bytes(of: Places.fixture("little_f4.npy"))
    for (offset, value, found) in [
      (0, 0x92, "other bytes"), (6, 4, "version 4.0"), (7, 1, "version 1.1"), (9, 0xff, "a header of 65398 bytes"),
    ]
      as [(Int, UInt8, String)]
    {
      var damaged = whole
      damaged[offset] = value
      let path = try folder.write(damaged, "a.npy")
      let error = checkpointError { _ = try NumpyArray.read(path) }
      #expect(error?.description.contains(found) == true, "\(found): \(String(describing: error))")
    }
  }

  @Test func objectsAreNoArrayOfNumbers() throws {
    let path = Places.fixture("object4.npy")
    #expect(
      checkpointError { _ = try NumpyArray.read(path) }
        == .unsupported(path: path, found: "pickled Python objects", expected: "an array of numbers"))
  }
}
