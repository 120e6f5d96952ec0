import Quant
import Runtime

/// The networks that can be run on their own: what numerical parity is measured with.
package enum NetworkKind: String, CaseIterable, Sendable {
  case mapping, truncation, generator, encoder, perceptual, attributes
}

/// One network, prepared for a fixed batch: planar arrays in, planar arrays out.
package final class NetworkRunner {
  package let inputShape: [Int]
  package let outputShape: [Int]
  private let prepared: PreparedGraph
  private let input: TensorID
  private let output: TensorID

  /// - Parameters:
  ///   - batch: images or codes per run.
  ///   - psi: truncation factor in place of the file's; only for `.truncation`.
  ///   - side: of the images; nil for those of the model. Only for `.encoder`, which brings them to the size that it reads.
  package init(
    _ kind: NetworkKind, of model: Model, batch: Int, kernels: Kernels, psi: Float? = nil, side: Int? = nil
  ) throws(InversionError) {
    var graph = Graph()
    let input: TensorID
    let output: TensorID
    switch kind {
    case .mapping:
      let generator = try model.generator()
      inputShape = [batch, generator.specification.zDimension]
      input = graph.input(.matrix(rows: batch, columns: inputShape[1]))
      output = try wrapGraph { () throws(GraphError) in try generator.appendMapping(to: &graph, input) }
      outputShape = graph.shape(of: output).extents
    case .truncation:
      let generator = try model.generator()
      let specification = generator.specification
      let columns = specification.repeatsW ? specification.wDimension : generator.codeCount
      inputShape = [batch, columns]
      input = graph.input(.matrix(rows: batch, columns: columns))
      output = try wrapGraph { () throws(GraphError) in
        try generator.appendTruncation(to: &graph, input, psi: psi)
      }
      outputShape = [batch, specification.layerCount, specification.wDimension]
    case .generator:
      let generator = try model.generator()
      inputShape = [batch, generator.specification.layerCount, generator.specification.wDimension]
      input = graph.input(.matrix(rows: batch, columns: generator.codeCount))
      output = try wrapGraph { () throws(GraphError) in
        try generator.appendSynthesis(to: &graph, input, isExact: false)
      }
      outputShape = graph.shape(of: output).extents
    case .encoder:
      let specification = try model.encoder().specification
      let side = if let side { side } else { try model.imageResolution() }
      let shape = Shape.image(batch: batch, channels: specification.imageChannels, height: side, width: side)
      inputShape = shape.extents
      input = graph.input(shape)
      output = try model.appendEncoding(to: &graph, input, kernels: kernels)
      outputShape = [batch, specification.layerCount, specification.wDimension]
    case .perceptual:
      let network = try model.features()
      let resolution = try model.imageResolution()
      let shape = Shape.image(batch: batch, channels: 3, height: resolution, width: resolution)
      inputShape = shape.extents
      input = graph.input(shape)
      output = try wrapGraph { () throws(GraphError) in try network.append(to: &graph, input) }
      outputShape = graph.shape(of: output).extents
    case .attributes:
      let reader = try model.attributeReader()
      let shape = Shape.image(batch: batch, channels: 3, height: reader.resolution, width: reader.resolution)
      inputShape = shape.extents
      input = graph.input(shape)
      output = try wrapGraph { () throws(GraphError) in
        try reader.append(to: &graph, input).attributes
      }
      outputShape = graph.shape(of: output).extents
    }
    graph.markOutput(output)
    self.input = input
    self.output = output
    prepared = try wrapGraph { () throws(GraphError) in try PreparedGraph(graph, kernels: kernels, arena: model.arena) }
  }

  /// The graph, for reports on its operators and memory.
  package var preparedGraph: PreparedGraph { prepared }

  /// - Parameter values: `inputShape` in C order.
  /// - Returns: `outputShape` in C order.
  package func callAsFunction(_ values: [Float]) throws(InversionError) -> [Float] {
    guard values.count == inputShape.reduce(1, *) else {
      throw .badShape(what: "input", expected: "\(inputShape)", found: [values.count])
    }
    prepared.write(values, to: input)
    prepared.run()
    return prepared.read(output)
  }
}

extension Model {
  /// Side of the square images that the generator makes and the encoder reads.
  package func imageResolution() throws(InversionError) -> Int {
    if let generator = file.specification.generator { return generator.resolution }
    if let encoder = file.specification.encoder { return encoder.resolution }
    if let attributes = file.specification.attributes { return attributes.resolution }
    if let judge = file.specification.judge { return judge.resolution }
    throw .missingNetwork("generator or encoder", model: path)
  }

  /// Codes of `torch.manual_seed(seed); torch.randn(count, Z)` without truncation, [count, L·D].
  ///
  /// - Throws: `.missingNetwork`.
  func randomCodes(_ count: Int, seed: UInt64, kernels: Kernels) throws(InversionError) -> [Float] {
    var random = TorchRandom(seed: seed)
    let latents = random.normals(count * (try generator().specification.zDimension))
    let w = try run(.mapping, on: latents, count: count, kernels: kernels).values
    return try run(.truncation, on: w, count: count, kernels: kernels, psi: 1).values
  }

  /// Runs one network over any number of rows, in batches.
  ///
  /// - Parameters:
  ///   - values: [count, …] in C order.
  ///   - maximumBatch: images or codes at once; memory grows with it.
  /// - Returns: output values and their shape, batch first.
  package func run(
    _ kind: NetworkKind, on values: [Float], count: Int, kernels: Kernels, psi: Float? = nil,
    maximumBatch: Int = 4
  ) throws(InversionError) -> (values: [Float], shape: [Int]) {
    guard count > 0 else { throw .badShape(what: "input", expected: "at least one row", found: [0]) }
    var results: [Float] = []
    var shape: [Int] = []
    var runner: NetworkRunner?
    var done = 0
    while done < count {
      let batch = min(maximumBatch, count - done)
      if runner?.inputShape[0] != batch {
        runner = nil  // frees its arena before the next one is made
        runner = try NetworkRunner(kind, of: self, batch: batch, kernels: kernels, psi: psi)
      }
      let rowCount = runner!.inputShape.dropFirst().reduce(1, *)
      guard values.count == count * rowCount else {
        throw .badShape(
          what: "input of the \(kind.rawValue) network",
          expected: "[N" + runner!.inputShape.dropFirst().map { ", \($0)" }.joined() + "]",
          found: [count, values.count / count])
      }
      results += try runner!(Array(values[done * rowCount..<(done + batch) * rowCount]))
      shape = [count] + runner!.outputShape.dropFirst()
      done += batch
    }
    return (results, shape)
  }
}
