import Quant
import Runtime

/// What of an encoder may be in 8 bits: the weights of its dense head, and the products of its convolutions. By measurement
/// against single precision on pictures of random codes, within seconds.
///
/// The head first, which is most of the encoder's bytes; then as many convolutions as leave every code within the same limit,
/// the head's error included.
package struct EncoderQuantization {
  package struct Plan: Sendable {
    /// Pictures to measure on, fewer for an encoder of many operations; as many others tell what the heads read on average.
    package var sampleCount: Int
    /// Largest ‖error‖ / ‖code‖.
    package var codeError: Float
    package var seed: UInt64

    package init(sampleCount: Int = 8, codeError: Float = 0.01, seed: UInt64 = 0) {
      self.sampleCount = sampleCount
      self.codeError = codeError
      self.seed = seed
    }
  }

  package struct Result: Sendable {
    /// Pictures that it was measured on.
    package var sampleCount: Int
    /// Biases of the heads whose weights are in 8 bits from now on, by the names of those weights.
    package var headBiases: [String: [Float]]
    /// Of the codes with nothing but the heads in 8 bits; nil where the file has none to change.
    package var headError: Double?
    /// Of the encoder alone.
    package var calibration: Int8Calibration
    /// The model with its heads as they are to be.
    package var model: Model
  }

  private let model: Model
  private let plan: Plan
  private let kernels: Kernels

  /// - Parameter kernels: their tier and thread count.
  package init(_ model: Model, plan: Plan = Plan(), kernels: Kernels) {
    self.model = model
    self.plan = plan
    self.kernels = Kernels(threadCount: kernels.threadCount, cap: kernels.table.tier)
  }

  /// - Parameter progress: gets the share done; false ends the work.
  /// - Returns: nil where the work was ended.
  /// - Throws: `.missingNetwork` without a generator or an encoder; `.notFinite`, `.graph`, `.model`.
  package func run(progress: @escaping (Double) -> Bool = { _ in true }) throws(InversionError) -> Result? {
    var varied = model, biases: [String: [Float]] = [:], headError: Double?
    let names = try wrapModel { () throws(ModelFileError) in
      var names: [String] = []
      for name in model.file.specification.int8Heads where try model.file.tensor(name).dtype != .i8 {
        names.append(name)
      }
      return names
    }
    let sampleCount = try affordableSamples()
    let measurement = try CalibrationMeasurement(
      model,
      plan: .init(
        sampleCount: sampleCount, codeError: plan.codeError, seed: plan.seed, networks: [.encoder], isBrief: true),
      kernels: kernels)
    if !names.isEmpty {
      let quantization = try HeadQuantization(
        names, of: model, images: try images(sampleCount, seed: plan.seed &+ 1), kernels: kernels)
      guard progress(0.1) else { return nil }
      let candidate = try model.varied(int8: [], denses: quantization.heads.map(\.weights))
      let error = try measurement.error(of: candidate)
      headError = error
      if error <= Double(plan.codeError) {
        varied = candidate
        for head in quantization.heads { biases[head.name] = head.bias }
      }
    }
    measurement.model = varied
    guard let result = try measurement.run(progress: progress) else { return nil }
    return Result(
      sampleCount: sampleCount, headBiases: biases, headError: headError, calibration: result.calibration, model: varied
    )
  }

  /// The published encoder at 256 px has 1.9e10 operations, one of pSp's family 1.1e11.
  private func affordableSamples() throws(InversionError) -> Int {
    let runner = try NetworkRunner(.encoder, of: model, batch: 1, kernels: kernels.planning)
    let work = runner.preparedGraph.work.reduce(0, +)
    return max(1, min(plan.sampleCount, 400_000_000_000 / max(1, work)))
  }

  private func images(_ count: Int, seed: UInt64) throws(InversionError) -> [[Float]] {
    let codes = try model.randomCodes(count, seed: seed, kernels: kernels)
    let values = try model.run(.generator, on: codes, count: count, kernels: kernels, maximumBatch: 1).values
    let width = values.count / count
    return stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
  }
}
