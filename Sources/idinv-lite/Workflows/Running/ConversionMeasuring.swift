import Checkpoint
import Inversion
import Quant
import Reports
import Runtime
import SIMDKernels

/// What `convert` measures of a model that has generator and encoder, on pictures of its own.
package struct ConversionMeasuring {
  package static let usualCodeError: Float = 0.01

  /// Pictures of larger models would take longer than the conversion: `calibrate` measures these.
  private static let largestResolution = 256

  /// As `EncoderQuantization.Plan`; 0: nothing in 8 bits.
  let codeError: Float
  let kernels: Kernels

  fileprivate func applies(_ specification: ModelSpecification) -> Bool {
    guard specification.encoder != nil, let generator = specification.generator else { return false }
    return generator.resolution <= Self.largestResolution && generator.zDimension > 0
  }

  fileprivate func findings(_ path: String, _ goesOn: () -> Bool) -> ModelFindings? {
    guard var model = try? Model.load(path) else { return nil }
    var findings = ModelFindings()
    if codeError > 0 {
      do {
        let plan = EncoderQuantization.Plan(codeError: codeError)
        let result = try withoutActuallyEscaping(goesOn) { goesOn in
          try EncoderQuantization(model, plan: plan, kernels: kernels).run { _ in goesOn() }
        }
        guard let result else { return nil }  // ended
        findings.add(result, plan, model.file)
        model = result.model
      } catch {
        findings.statements.append("nothing of the encoder in 8 bits, as it cannot be measured: \(error)")
      }
    }
    // Processors round differently. Three digits are more than a verdict needs, and make files the same everywhere.
    if var usual = (try? model.inDomainStatistics(kernels: kernels)) ?? nil {
      usual.median = rounded(usual.median, digits: 3)
      findings.inDomain = usual
    }
    return findings
  }
}

extension Conversion.Measurement {
  /// The usual in-domain score of a model that has generator and encoder, so that no run needs to measure it, and what of its
  /// encoder may be in 8 bits.
  ///
  /// - Parameter codeError: largest error of a code; 0 for nothing in 8 bits.
  package static func standard(codeError: Float, kernels: Kernels) -> Conversion.Measurement {
    let measuring = ConversionMeasuring(codeError: codeError, kernels: kernels)
    return Conversion.Measurement(applies: measuring.applies, run: measuring.findings)
  }
}

private func rounded(_ value: Float, digits: Int) -> Float {
  Float(printed("%.\(digits - 1)e", Double(value))) ?? value
}

extension ModelFindings {
  fileprivate mutating func add(
    _ result: EncoderQuantization.Result, _ plan: EncoderQuantization.Plan, _ file: ModelFile
  ) {
    let limit = percent(Double(plan.codeError)), sample = "\(result.sampleCount) of the generator's pictures"
    if let error = result.headError {
      let isTaken = !result.headBiases.isEmpty
      statements.append(
        "the encoder's head in int8 moves codes by up to \(percent(error)) on \(sample): "
          + (isTaken ? "stored so" : "not stored so; limit \(limit)"))
    }
    for (weights, bias) in result.headBiases {
      int8Weights.insert(weights)
      values[String(weights.dropLast("weight".count)) + "bias"] = bias
    }
    let candidates = file.specification.int8Candidates.count { $0.hasPrefix("encoder.") }
    guard candidates > 0 else { return }
    var calibration = result.calibration
    calibration.codeError = calibration.codeError.map { rounded($0, digits: 2) }
    var statement = "\(calibration.layers.count) of the encoder's \(candidates) convolutions may multiply in 8 bits"
    if let error = calibration.codeError, !calibration.layers.isEmpty {
      // Without a list the encoder's convolutions stay a choice of '--compute int8'.
      int8 = calibration
      statement += ", \(result.headBiases.isEmpty ? "" : "with the head ")off by up to \(percent(Double(error)))"
    } else {
      statement += "; limit \(limit)"
    }
    statements.append(statement)
  }
}

private func percent(_ share: Double) -> String { printed("%.2g %%", share * 100) }
