import Runtime

/// What a code stands for: its image, and the code that the encoder makes of that image again.
public struct Reconstruction: Sendable {
  /// G(z), [3, R, R] in the model's pixel range.
  public var image: [Float]
  /// ‖z − E(G(z))‖; nil without an encoder.
  public var score: InDomainScore?
}

/// Renders codes and scores them, in one arena for both networks.
public final class Reconstructor {
  private let prepared: PreparedGraph
  private let code: TensorID
  private let image: TensorID
  private let reencoded: TensorID?

  public init(_ model: Model, kernels: Kernels) throws(InversionError) {
    let generator = try model.generator()
    let encoder = model.hasEncoder ? try model.encoder() : nil
    var graph = Graph()
    let code = graph.input(.matrix(rows: 1, columns: generator.codeCount))
    do throws(GraphError) {
      let image = try generator.appendSynthesis(to: &graph, code)
      graph.markOutput(image)
      var reencoded: TensorID?
      if let encoder {
        reencoded = try encoder.append(to: &graph, image)
        graph.markOutput(reencoded!)
      }
      self.code = code
      self.image = image
      self.reencoded = reencoded
      prepared = try PreparedGraph(graph, kernels: kernels)
    } catch {
      throw .graph(error)
    }
  }

  /// - Parameter values: one code, [L, D].
  public func callAsFunction(_ values: [Float]) -> Reconstruction {
    prepared.write(values, to: code)
    prepared.run()
    return Reconstruction(
      image: prepared.read(image),
      score: reencoded.map { InDomainScore(code: values, reencoded: prepared.read($0)) })
  }
}
