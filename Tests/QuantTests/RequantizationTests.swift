import Foundation
import Quant
import TestSupport
import Testing

@Suite struct RequantizationTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// From each precision to each: as if the file's own values had been written anew.
  @Test(arguments: WeightsPrecision.allCases, WeightsPrecision.allCases)
  func writesTheValuesOfTheFile(source: WeightsPrecision, wanted: WeightsPrecision) throws {
    try TestModel.write(to: folder.file("a.idinv"), precision: source)
    let file = try ModelFile(path: folder.file("a.idinv"))
    try file.write(to: folder.file("b.idinv"), precision: wanted)
    let copy = try ModelFile(path: folder.file("b.idinv"))
    try copy.verifyChecksums()
    #expect(copy.metadata.precision == wanted && copy.specification == file.specification)
    #expect(copy.metadata.sources == file.metadata.sources && copy.metadata.licence == "MIT")
    let policy = QuantizationPolicy(precision: wanted)
    for requirement in requiredTensors(of: file.specification) {
      let values = try file.tensor(requirement.name).floats()
      let tensor = try copy.tensor(requirement.name)
      #expect(tensor.dtype == policy.dtype(for: requirement))
      let expected =
        switch tensor.dtype {
        case .f16: values.map { Half($0).float }
        case .i8: quantized(values, rows: requirement.shape[0])
        default: values
        }
      #expect(tensor.floats() == expected, "\(requirement.name)")
    }
    #expect(folder.contents() == ["a.idinv", "b.idinv"])
  }

  private func quantized(_ values: [Float], rows: Int) -> [Float] {
    let tensor = Int8Tensor(quantizing: values, rowCount: rows)
    return tensor.codes.enumerated().map { Float($1) * tensor.scales[$0 / (values.count / rows)] }
  }

  @Test func aPlaceThatCannotBeWrittenIsAnError() throws {
    try TestModel.write(to: folder.file("a.idinv"), precision: .f32)
    let file = try ModelFile(path: folder.file("a.idinv"))
    #expect(throws: ModelFileError.self) { try file.write(to: folder.file("nowhere/b.idinv"), precision: .f16) }
  }
}
