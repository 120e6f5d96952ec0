import Imaging
import Inversion
import Quant
import Runtime
import Testing

/// The judge in the engine against PyTorch (`Tests/Golden/make_judge.py`), and what it replaces.
@Suite struct JudgeTests {
  private let kernels = Kernels(threadCount: 2)

  @Test func attributesAgreeWithPyTorch() throws {
    let model = try Golden.judge()
    let (images, shape) = try Golden.array("judge", "images")
    let expected = try Golden.array("judge", "values")
    let result = try model.run(.attributes, on: images, count: shape[0], kernels: kernels)
    #expect(result.shape == expected.shape)
    #expect(maximumDifference(result.values, expected.values) <= Tolerance.network)
    let reader = try model.attributeReader()
    #expect(reader.names == ["yaw", "smile", "glasses", "hair.length"])
    #expect(reader.resolution == 32)
    #expect(try model.imageResolution() == 32)
  }

  @Test func reducedPrecisionStaysClose() throws {
    let (images, shape) = try Golden.array("judge", "images")
    let expected = try Golden.array("judge", "values").values
    for (precision, most) in [(WeightsPrecision.f16, Float(0.01)), (.int8, 0.2)] {
      let model = try Golden.judge(weights: precision)
      let values = try model.run(.attributes, on: images, count: shape[0], kernels: kernels).values
      let deviations: [Float] = [0.2, 0.5, 0.45, 2]
      for (index, value) in values.enumerated() {
        let error = abs(value - expected[index]) / deviations[index % 4]
        #expect(error < most, "\(precision), output \(index): \(error)")
      }
    }
  }

  @Test func anAppraisalIsTheJudges() throws {
    let (model, judge) = (try Golden.wholeModel(), try Golden.judge())
    let (images, shape) = try Golden.array("judge", "images")
    let pictures = (0..<shape[0]).map { Array(images[$0 * 3072..<($0 + 1) * 3072]) }
    let own = try Appraiser(model, kernels: kernels).appraise(images: pictures)
    let judged = try Appraiser(model, judge: judge, kernels: kernels).appraise(images: pictures)
    let expected = try Golden.array("judge", "values").values
    for index in pictures.indices {
      #expect(maximumDifference(judged[index].attributes, Array(expected[index * 4..<index * 4 + 4])) < 1e-4)
      #expect(own[index].attributes.count == 5)
      // F still measures distances; features to compare sets by are the judge's, 17 of them.
      #expect(judged[index].feature == own[index].feature)
      #expect(judged[index].pooled.count == 17 && own[index].pooled.count == 64)
    }
    #expect(judged[0].distance(to: judged[1]) == own[0].distance(to: own[1]))
  }

  @Test func samplesAreScoredByTheJudge() throws {
    let (model, judge) = (try Golden.wholeModel(), try Golden.judge())
    let samples = try AttributeSampler(model, judge: judge, batch: 2, kernels: kernels).draw(3, seed: 4)
    #expect(samples.names == ["yaw", "smile", "glasses", "hair.length"])
    let images = try model.run(.generator, on: samples.codes.floats(rows: 0..<3), count: 3, kernels: kernels).values
    let read = try judge.run(.attributes, on: images, count: 3, kernels: kernels).values
    #expect(maximumDifference(read, samples.attributes) < 1e-4)
  }
}
