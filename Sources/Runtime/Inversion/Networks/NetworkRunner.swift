import Quant
import Runtime

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
  ///   - keepsEnds: as `PreparedGraph`: for runs of the graph by itself.
  ///   - side: of the images; nil for those of the model. Only for `.encoder`, which brings them to the size that it reads.
  package init(
    _ kind: NetworkKind, of model: Model, batch: Int, kernels: Kernels, psi: Float? = nil, side: Int? = nil,
    keepsEnds: Bool = false
  ) throws(InversionError) {
    var graph = Graph()
    let site = PassSite(model: model, batch: batch, kernels: kernels, psi: psi, side: side)
    let ends = try model.network(of: kind).append(kind, to: &graph, site)
    graph.markOutput(ends.output)
    (input, output) = (ends.input, ends.output)
    inputShape = ends.inputShape ?? graph.shape(of: input).extents
    outputShape = ends.outputShape ?? graph.shape(of: output).extents
    prepared = try wrapGraph { () throws(GraphError) in
      try PreparedGraph(graph, kernels: kernels, arena: model.arena, keepsEnds: keepsEnds)
    }
  }

  /// The graph, for reports on its operators and memory.
  package var preparedGraph: PreparedGraph { prepared }

  /// - Parameter values: `inputShape` in C order.
  /// - Returns: `outputShape` in C order.
  package func callAsFunction(_ values: [Float]) throws(InversionError) -> [Float] {
    guard values.count == inputShape.reduce(1, *) else {
      throw .badShape(what: "input", expected: "\(inputShape)", found: [values.count])
    }
    return prepared.run([(input, values)], reading: [output])[0]
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
