import Quant
import Runtime

/// Draws codes and reads the attributes of their images: z → w+ → image → attributes, in one prepared graph.
package final class AttributeSampler {
  /// Codes [N, L·D], and the attributes of their images, [N, A] in C order.
  package struct Samples {
    package var codes: FloatMatrix
    package var attributes: [Float]
    package var names: [String]

    /// One attribute of all samples.
    package func scores(_ column: Int) -> [Float] {
      stride(from: column, to: attributes.count, by: names.count).map { attributes[$0] }
    }
  }

  private let prepared: PreparedGraph
  private let latent: TensorID
  private let code: TensorID
  private let attributes: TensorID
  private let batch: Int
  private let latentCount: Int
  private let codeCount: Int
  private let names: [String]

  /// Batches to be tried, the largest first: more gains nothing.
  package static let batches = [4, 2, 1]

  /// - Parameters:
  ///   - judge: who reads the attributes; nil for the model itself.
  ///   - psi: truncation factor in place of the model's.
  ///   - batch: samples side by side; the results are the same.
  /// - Throws: `.missingNetwork`.
  package init(
    _ model: Model, judge: Model? = nil, psi: Float? = nil, batch: Int = batches[0], kernels: Kernels
  ) throws(InversionError) {
    let (generator, reader) = (try model.generator(), try (judge ?? model).attributeReader())
    var graph = Graph()
    let latentCount = generator.specification.zDimension
    let latent = graph.input(.matrix(rows: batch, columns: latentCount))
    let (code, attributes) = try wrapGraph { () throws(GraphError) -> (TensorID, TensorID) in
      let w = try generator.appendMapping(to: &graph, latent)
      let code = try generator.appendTruncation(to: &graph, w, psi: psi)
      let image = try generator.appendSynthesis(to: &graph, code, isExact: false)
      return (code, try reader.append(to: &graph, image).attributes)
    }
    graph.markOutput(code)
    graph.markOutput(attributes)
    prepared = try wrapGraph { () throws(GraphError) in try PreparedGraph(graph, kernels: kernels, arena: model.arena) }
    (self.latent, self.code, self.attributes) = (latent, code, attributes)
    self.batch = batch
    self.latentCount = latentCount
    codeCount = generator.codeCount
    names = reader.names
  }

  /// Samples of `torch.manual_seed(seed); torch.randn(count, Z)`.
  ///
  /// - Parameter progress: gets the number of samples done; false ends the work, and what is done is returned.
  /// - Throws: `.badOption` where the codes do not fit into memory, `.badSamples` where an attribute is not finite.
  package func draw(
    _ count: Int, seed: UInt64, progress: (Int) -> Bool = { _ in true }
  ) throws(InversionError) -> Samples {
    guard let builder = FloatMatrixBuilder(rowCapacity: count, columnCount: codeCount) else {
      throw .badOption(
        name: "samples", expected: "as many as fit into memory", found: "\(count) codes of \(codeCount) numbers")
    }
    var values: [Float] = []
    var random = TorchRandom(seed: seed)
    var latents: [Float] = []
    var done = 0
    while done < count {
      if latents.count < min(batch, count - done) * latentCount {
        // PyTorch makes sixteen normals at a time, and the last of a call in another way: one call for what remains, unless
        // that is long.
        let left = count - done - latents.count / latentCount
        latents += random.normals((left < 2048 ? left : 1024) * latentCount)
      }
      let rows = min(batch, count - done)
      let taken = Array(latents.prefix(rows * latentCount))
      latents.removeFirst(rows * latentCount)
      // The last batch is filled up with zeros, whose results nobody reads.
      prepared.write(taken + [Float](repeating: 0, count: (batch - rows) * latentCount), to: latent)
      prepared.run()
      builder.append(Array(prepared.read(code).prefix(rows * codeCount)))
      let found = Array(prepared.read(attributes).prefix(rows * names.count))
      guard found.allSatisfy(\.isFinite) else {
        throw .badSamples(what: "sample \(done)", expected: "finite attributes", found: "\(found)")
      }
      values += found
      done += rows
      if !progress(done) { break }
    }
    return Samples(codes: builder.finish(), attributes: values, names: names)
  }
}
