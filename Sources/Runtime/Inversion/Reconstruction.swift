import Runtime

/// What a code stands for: its image, and the code that the encoder makes of that image again.
package struct Reconstruction: Sendable {
  /// G(z), [3, R, R] in the model's pixel range.
  package var image: [Float]
  /// ‖z − E(G(z))‖; nil without an encoder.
  package var score: InDomainScore?
  /// What the attribute network reads off the image, in the order of its names; empty without one, or where not asked for.
  package var attributes: [Float] = []
}

/// Renders codes and scores them, in one arena for all networks.
package final class Reconstructor {
  private let prepared: PreparedGraph
  private let code: TensorID
  private let image: TensorID
  private let reencoded: TensorID?
  private let attributes: TensorID?

  /// - Parameters:
  ///   - scores: whether the encoder looks at the images, where there is one.
  ///   - readsAttributes: whether what the model has to read attributes looks at the images too.
  package init(
    _ model: Model, scores: Bool = true, readsAttributes: Bool = false, kernels: Kernels
  ) throws(InversionError) {
    let generator = try model.generator(), kernels = kernels.forOptimizing
    let encoder = scores && model.hasEncoder ? try model.encoder() : nil
    let average = encoder == nil ? nil : try model.averageImage(kernels: kernels)
    let reader = readsAttributes && model.readsAttributes ? try model.attributeReader() : nil
    var graph = Graph()
    let code = graph.input(.matrix(rows: 1, columns: generator.codeCount))
    do throws(GraphError) {
      let image = try generator.appendSynthesis(to: &graph, code, isExact: true)
      graph.markOutput(image)
      var reencoded: TensorID?
      if let encoder {
        reencoded = try encoder.append(to: &graph, image, average: average)
        graph.markOutput(reencoded!)
      }
      var attributes: TensorID?
      if let reader {
        attributes = try reader.append(to: &graph, image).attributes
        graph.markOutput(attributes!)
      }
      self.attributes = attributes
      self.code = code
      self.image = image
      self.reencoded = reencoded
      prepared = try PreparedGraph(graph, kernels: kernels, arena: model.arena, keepsEnds: false)
    } catch {
      throw .graph(error)
    }
  }

  /// - Parameter values: one code, [L, D].
  package func callAsFunction(_ values: [Float]) -> Reconstruction {
    let tensors = [image, reencoded, attributes].compactMap(\.self)
    let results = Dictionary(
      uniqueKeysWithValues: zip(tensors, prepared.run([(code, values)], reading: tensors)))
    return Reconstruction(
      image: results[image]!, score: reencoded.map { InDomainScore(code: values, reencoded: results[$0]!) },
      attributes: attributes.map { results[$0]! } ?? [])
  }
}
