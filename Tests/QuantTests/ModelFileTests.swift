import Foundation
import Quant
import TestSupport
import Testing

@Suite struct ModelFileTests {
  @Test(arguments: WeightsPrecision.allCases)
  func whatIsWrittenIsReadBack(precision: WeightsPrecision) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m.idinv")
    try TestModel.write(to: path, precision: precision)
    #expect(folder.contents() == ["m.idinv"])
    let file = try ModelFile(path: path)
    #expect(file.specification == TestModel.specification)
    #expect(file.metadata.sources == TestModel.sources)
    #expect(file.metadata.licence == "MIT" && file.metadata.note == "ünïcode\n")
    #expect(file.metadata.precision == precision && file.metadata.creator == "test")
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(file.byteCount == attributes[.size] as? Int)
    try file.verifyChecksums()
    let policy = QuantizationPolicy(precision: precision)
    let weights = TestModel.weights()
    let requirements = requiredTensors(of: TestModel.specification)
    #expect(file.tensorNames == requirements.map(\.name))
    for requirement in requirements {
      let tensor = try file.tensor(requirement.name)
      let values = try #require(weights[requirement.name])
      #expect(tensor.shape == requirement.shape && tensor.dtype == policy.dtype(for: requirement))
      #expect((tensor.scales != nil) == (tensor.dtype == .i8))
      tensor.withUnsafeBytes { bytes in
        #expect(UInt(bitPattern: bytes.baseAddress) % 64 == 0 && bytes.count == tensor.byteCount)
      }
      let expected: [Float] =
        switch tensor.dtype {
        case .i8: Int8Tensor(quantizing: values, rowCount: tensor.rows).floats
        case .f16: values.map { Half($0).float }
        default: values
        }
      #expect(tensor.floats() == expected)
      tensor.adviseDontNeed()
      let tail = tensor.rows / 2..<tensor.rows
      #expect(tensor.floats(rows: tail) == Array(expected[(tail.lowerBound * tensor.rowLength)...]))
    }
  }
}
