/// Precision of a model file's weights, as a user asks for it.
package enum WeightsPrecision: String, Codable, CaseIterable, Sendable {
  case f32
  case f16
  case int8
}

/// Which element type each tensor gets: the one place where this is decided.
///
/// | role | f32 | f16 | int8 |
/// |---|---|---|---|
/// | encoder's, perceptual, attribute and judge's convolutions, encoder head | f32 | f16 | i8 per output channel; f16 in rows of less than 16 |
/// | the generator's convolutions, mapping, style and to-RGB layers, attributes' and judge's dense layer | f32 | f16 | f16 |
/// | constant and noise maps | f32 | f16 | f16 |
/// | biases, noise strengths, w average, truncation, curvatures | f32 | f32 | f32 |
/// | basis of the curvature | f16 | f16 | f16 |
///
/// The generator stays in f16 in an int8 file. Each of its convolutions in int8 per output channel costs about 40 dB of
/// signal to noise, thirteen in a row leave 29 dB of the image (full size, random weights; `idinv-lite verify`), and they
/// are 20 M of 203 M weights: keeping them makes the file 9 % larger. The encoder and the perceptual network steer the
/// optimization and are not seen; the domain term and the pixels correct their errors.
///
/// A conversion that can measure it stores the encoder's head in i8 in f16 files, too (`ModelFindings.int8Weights`).
package struct QuantizationPolicy: Equatable, Sendable {
  package var precision: WeightsPrecision
  /// Exceptions by tensor name, for layers that suffer (`i8` is ignored where a tensor has fewer than two dimensions).
  package var overrides: [String: DType]

  /// Rows shorter than this gain nothing from int8: the scale and the rounding cost more than they save.
  package static let shortestInt8Row = 16

  package init(precision: WeightsPrecision, overrides: [String: DType] = [:]) {
    self.precision = precision
    self.overrides = overrides
  }

  /// Element type of one tensor: f32, f16 or i8.
  package func dtype(for tensor: TensorRequirement) -> DType {
    if let wanted = overrides[tensor.name], DType.modelFileTypes.contains(wanted),
      wanted != .i8 || tensor.shape.count >= 2
    {
      return wanted
    }
    switch (precision, tensor.role) {
    case (_, .basis): return .f16
    case (.f32, _), (_, .vector): return .f32
    case (.int8, .weight):
      return tensor.elementCount / tensor.shape[0] >= Self.shortestInt8Row ? .i8 : .f16
    case (.f16, _), (.int8, _): return .f16
    }
  }
}
