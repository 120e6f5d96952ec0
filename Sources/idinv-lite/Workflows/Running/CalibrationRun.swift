import Inversion
import Quant
import Reports
import Runtime

/// Which convolutions of a model may multiply in 8 bits, and a copy of the model that says so.
package struct CalibrationRun {
  private let plan: CalibrationMeasurement.Plan

  package init(plan: CalibrationMeasurement.Plan) { self.plan = plan }

  /// - Parameters:
  ///   - output: the model file to write; nil for none.
  ///   - began: from when the run's time counts.
  /// - Throws: `Cancelled`; nothing is written then.
  package func callAsFunction(
    _ model: Model, to output: String?, kernels: Kernels, since began: ContinuousClock.Instant, _ context: RunContext
  ) throws -> CalibrationFigures {
    if let output { try OutputPlaces(inputs: [model.path]).check(output) }
    let measurement = try CalibrationMeasurement(model, plan: plan, kernels: kernels)
    let result = try context.follow("calibration") { try measurement.run(progress: $0) }
    var figures = CalibrationFigures(
      result, samples: plan.sampleCount, seconds: began.duration(to: .now) / .seconds(1))
    if let output {
      let usual = try model.inDomainStatistics(sampleCount: max(16, plan.sampleCount), kernels: kernels)
      figures.bytes = try locating(output) {
        try model.file.write(calibration: result.calibration, inDomain: usual, to: output)
      }
      figures.path = output
      figures.sha256 = try SHA256.hexDigest(ofFile: output)
    }
    return figures
  }
}
