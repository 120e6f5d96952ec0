import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// Arrays as rows that stay in their file.
@Suite struct NumpyMatrixTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private let values = (0..<24).map { Float($0) * 0.5 - 3 }

  @Test func rowsAreThoseOfTheArray() throws {
    try NumpyArray(shape: [4, 2, 3], floats: values).write(to: folder.file("a.npy"))
    let (matrix, shape) = try NumpyFile.matrix(folder.file("a.npy"))
    #expect(shape == [4, 2, 3] && matrix.rowCount == 4 && matrix.columnCount == 6)
    #expect(matrix.floats(rows: 0..<4) == values && matrix.floats(rows: 2..<3) == Array(values[12..<18]))
    try NumpyFile.write(matrix, shape: [2, 12], to: folder.file("b.npy"))
    #expect(try NumpyArray.read(folder.file("b.npy")) == NumpyArray(shape: [2, 12], floats: values))
    // As every other array is written, to the byte.
    try NumpyFile.write(matrix, shape: [4, 2, 3], to: folder.file("c.npy"))
    let (ours, usual) = (try bytes(of: folder.file("c.npy")), try bytes(of: folder.file("a.npy")))
    #expect(ours == usual)
  }

  @Test(arguments: ["fortran.npy", "big_f4.npy", "little_f8.npy", "little_i8.npy", "version2.npy", "little_f4.npy"])
  func otherTypesAndOrdersAreConverted(name: String) throws {
    let array = try NumpyArray.read(Places.fixture(name))
    let (matrix, shape) = try NumpyFile.matrix(Places.fixture(name))
    #expect(shape == array.shape && matrix.floats(rows: 0..<matrix.rowCount) == array.floats)
  }

  @Test func filesThatHoldNoRowsAreRefused() throws {
    try NumpyArray(shape: [24], floats: values).write(to: folder.file("flat.npy"))
    try NumpyArray(shape: [0, 3], floats: []).write(to: folder.file("empty.npy"))
    try NumpyArray(shape: [4, 6], floats: values).write(to: folder.file("a.npy"))
    let whole = try bytes(of: folder.file("a.npy"))
    _ = try folder.write(Array(whole.dropLast(4)), "cut.npy")
    _ = try folder.write(whole + [0, 0, 0, 0], "long.npy")
    for name in ["flat.npy", "empty.npy"] {
      guard case .unsupported = checkpointError({ _ = try NumpyFile.matrix(folder.file(name)) }) else {
        Issue.record("\(name) passes")
        continue
      }
    }
    for name in ["cut.npy", "long.npy"] {
      guard case .malformed = checkpointError({ _ = try NumpyFile.matrix(folder.file(name)) }) else {
        Issue.record("\(name) passes")
        continue
      }
    }
    guard
      case .unsupported(_, "pickled Python objects", _) = checkpointError({
        _ = try NumpyFile.matrix(Golden.path("boundaries/tower256_sunny.npy"))
      }), case .file = checkpointError({ _ = try NumpyFile.matrix(folder.file("none.npy")) })
    else {
      Issue.record("no error")
      return
    }
  }

  @Test func aBuilderTakesRowsAsTheyCome() throws {
    let builder = try #require(FloatMatrixBuilder(rowCapacity: 5, columnCount: 6))
    builder.append(Array(values[0..<6]))
    builder.append(Array(values[6..<24]))
    let matrix = builder.finish()
    #expect(matrix.rowCount == 4 && matrix.floats(rows: 0..<4) == values)
    #expect(FloatMatrixBuilder(rowCapacity: .max / 2, columnCount: 8) == nil)
  }
}
