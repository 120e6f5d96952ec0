/// Which convolutions may multiply in 8 bits, by measurement against single precision on the model's own images.
package struct Int8Calibration: Codable, Equatable, Sendable {
  /// Names of weights, in the order of `ModelSpecification.int8Candidates`.
  package var layers: [String]
  /// Of the generator's images with all of its layers in 8 bits: the least PSNR, in dB; absent where none is.
  package var psnr: Float?
  /// Of the encoder's codes with all of its layers in 8 bits: ‖error‖ / ‖code‖; absent where none is.
  package var codeError: Float?

  package init(layers: [String], psnr: Float? = nil, codeError: Float? = nil) {
    self.layers = layers
    self.psnr = psnr
    self.codeError = codeError
  }
}

extension ModelSpecification {
  /// Convolutions that can multiply in 8 bits: those of generator and encoder with 16 input channels or more. The last, to
  /// RGB, stays exact: its errors are seen as they are. So does the perceptual network, which measures small differences.
  package var int8Candidates: [String] {
    requiredTensors(of: self).filter { tensor in
      let isEncoder = tensor.role == .weight && tensor.name.hasPrefix("encoder.")
      return (isEncoder || tensor.role == .synthesisWeight) && tensor.shape.count == 4 && tensor.shape[1] >= 16
    }.map(\.name)
  }

  /// Dense weights that give the encoder's code, and may be stored in 8 bits.
  package var int8Heads: [String] {
    requiredTensors(of: self).filter { tensor in
      tensor.role == .weight && tensor.name.hasPrefix("encoder.head.") && tensor.shape.count == 2
        && tensor.shape[1] >= QuantizationPolicy.shortestInt8Row
    }.map(\.name)
  }

  func validateInt8() throws(ModelFileError) {
    guard let int8 else { return }
    let candidates = Set(int8Candidates)
    for (index, name) in int8.layers.enumerated() where !candidates.contains(name) {
      throw .specification(
        field: "int8.layers[\(index)]", found: "\"\(name.prefix(80))\"",
        expected:
          "the weights of a 3×3 layer of the generator, or of a convolution of the encoder, with 16 inputs or more")
    }
    guard Set(int8.layers).count == int8.layers.count else {
      throw .specification(field: "int8.layers", found: "a name twice", expected: "each name once")
    }
    if let psnr = int8.psnr, !psnr.isFinite {
      throw .specification(field: "int8.psnr", found: "\(psnr)", expected: "a finite number")
    }
    if let codeError = int8.codeError, !(codeError.isFinite && codeError >= 0) {
      throw .specification(field: "int8.codeError", found: "\(codeError)", expected: "a finite number, 0 or more")
    }
  }
}
