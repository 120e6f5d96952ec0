import Checkpoint
import Foundation
import Inversion
import Quant
import Runtime
import Testing

/// The attribute network in the engine against PyTorch (`Tests/Golden/make_attributes.py`).
@Suite struct AttributeNetworkTests {
  @Test func attributesAgreeWithPyTorch() throws {
    let model = try Golden.attributeModel()
    let (images, shape) = try Golden.array("attributes", "images")
    let expected = try Golden.array("attributes", "values")
    let result = try model.run(.attributes, on: images, count: shape[0], kernels: Kernels(threadCount: 2))
    #expect(result.shape == expected.shape)
    #expect(maximumDifference(result.values, expected.values) <= Tolerance.network)
    #expect(model.readsAttributes)
    #expect(try model.attributeReader().names.first == "yaw")
  }

  @Test func reducedPrecisionStaysClose() throws {
    let (images, shape) = try Golden.array("attributes", "images")
    let expected = try Golden.array("attributes", "values").values
    for (precision, most) in [(WeightsPrecision.f16, Float(0.01)), (.int8, 0.2)] {
      let model = try Golden.attributeModel(weights: precision)
      let values = try model.run(.attributes, on: images, count: shape[0], kernels: Kernels(threadCount: 2)).values
      // Relative to the deviation that the outputs were trained with.
      let deviations: [Float] = [0.2, 0.5, 0.45, 2, 12.5]
      for (index, value) in values.enumerated() {
        let error = abs(value - expected[index]) / deviations[index % 5]
        #expect(error < most, "\(precision), output \(index): \(error)")
      }
    }
  }

  @Test func modelsWithoutOneSaySo() throws {
    let model = try Golden.model("res32")
    #expect(!model.readsAttributes)
    #expect(throws: InversionError.self) {
      try model.run(.attributes, on: [0], count: 1, kernels: Kernels(threadCount: 1))
    }
  }
}
