import SIMDKernels

/// Per image and channel: mean and 1/√(variance + ε) over the pixels. Output: dense [N, 2·C₁₆], means first, where C₁₆
/// is the number of channels rounded up to 16.
///
/// Has no backward rule of its own: `StyleModulation`'s covers the path through the statistics.
struct ChannelStatistics: Operator {
  let epsilon: Float

  var name: String { "channel-statistics" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let input = try blocked(inputs[0])
    return .dense(DenseShape(rows: input.batch, columns: 2 * 16 * input.blocks))
  }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let shape = try blocked(site.inputs[0])
    let (kernels, epsilon) = (site.kernels, epsilon)
    return PreparedOperator(planes: shape) { memory, plane in
      kernels.channelStatistics(
        statistics: memory.output, input: memory.inputs[0], shape: shape, epsilon: epsilon, plane: plane)
    }
  }
}

/// y = (x − μ_c)·r_c·(1 + s_c) + t_c with μ, r of `x` itself (instance normalization, ε = 1e-8) and the style
/// (s, t) of the layer: adaptive instance normalization as StyleGAN writes it (CVPR 2019, eq. 1).
///
/// Inputs: x [N, C, H, W]; statistics of x (`ChannelStatistics`); style, dense [N, 2C]: s then t.
/// Use `Graph.appendStyleModulation`, which appends the statistics too.
struct StyleModulation: Operator {
  var name: String { "style-modulation" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let (input, style) = (try blocked(inputs[0]), try dense(inputs[2]))
    try require(
      style.rows == input.batch && style.columns == 2 * input.channels,
      "[\(input.batch), \(2 * input.channels)] (scale and shift of \(input.channels) channels)", inputs[2])
    return inputs[0]
  }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, style) = (try blocked(site.inputs[0]), try dense(site.inputs[2]))
    let kernels = site.kernels
    return PreparedOperator(bands: shape) { memory, band in
      kernels.normalizeModulate(
        output: memory.output, input: memory.inputs[0], statistics: memory.inputs[1], style: memory.inputs[2],
        styleRowStride: style.rowStride, shape: shape, outputShape: shape, band: band)
    }
  }

  func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let (input, statistics, style) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let sums = try graph.append(ModulationGradientSums(), gradOutput, input, statistics)
    // The data first: it goes plane by plane, as the sums do.
    let gradInput =
      wanted[0]
      ? try graph.append(StyleModulationBackwardData(), gradOutput, input, statistics, style, sums) : nil
    let gradStyle =
      wanted[2]
      ? try graph.append(
        StyleGradient(channels: try blocked(graph.shape(of: input)).channels), sums) : nil
    return [gradInput, nil, gradStyle]
  }
}

/// Σ g and Σ g·x̂ per image and channel. Output: dense [N, 2·C₁₆].
private struct ModulationGradientSums: Operator {
  var name: String { "modulation-gradient-sums" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { inputs[2] }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let shape = try blocked(site.inputs[0])
    let kernels = site.kernels
    return PreparedOperator(planes: shape) { memory, plane in
      kernels.modulationGradientSums(
        sums: memory.output, gradOutput: memory.inputs[0], gradOutputShape: shape, input: memory.inputs[1],
        statistics: memory.inputs[2], shape: shape, plane: plane)
    }
  }
}

/// ∂L/∂s = Σ g·x̂, ∂L/∂t = Σ g. Input: `ModulationGradientSums`; output: dense [N, 2C].
private struct StyleGradient: Operator {
  let channels: Int
  var name: String { "style-gradient" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    .dense(DenseShape(rows: try dense(inputs[0]).rows, columns: 2 * channels))
  }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (sums, output) = (try dense(site.inputs[0]), try dense(site.output))
    let channels = channels
    let kernels = site.kernels
    return PreparedOperator { memory in
      kernels.styleGradient(
        gradStyle: memory.output, shape: output, sums: memory.inputs[0], sumsShape: sums, channels: channels)
    }
  }
}

/// ∂L/∂x = (1 + s)·r·(g − Σg/N − x̂·Σ(g·x̂)/N): through the scale and through both statistics.
private struct StyleModulationBackwardData: Operator {
  var name: String { "style-modulation-backward-data" }
  var inPlaceInputs: [Int] { [0] }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { inputs[0] }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, style) = (try blocked(site.output), try dense(site.inputs[3]))
    let kernels = site.kernels
    return PreparedOperator(bands: shape) { memory, band in
      kernels.normalizeModulateBackwardData(
        gradInput: memory.output, gradOutput: memory.inputs[0], gradOutputShape: shape, input: memory.inputs[1],
        statistics: memory.inputs[2], style: memory.inputs[3], styleRowStride: style.rowStride,
        sums: memory.inputs[4], shape: shape, band: band)
    }
  }
}

extension Graph {
  /// Appends instance normalization and style modulation of `input` by `style` (see `StyleModulation`).
  package mutating func appendStyleModulation(
    _ input: TensorID, style: TensorID, epsilon: Float = 1e-8
  ) throws(GraphError) -> TensorID {
    let statistics = try append(ChannelStatistics(epsilon: epsilon), input)
    return try append(StyleModulation(), input, statistics, style)
  }
}
