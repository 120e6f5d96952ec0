import Quant
import Runtime

/// What networks that were trained to compare pictures say of two pictures.
package struct LearnedDistances: Sendable, Codable, Equatable {
  /// LPIPS: 0 for equal pictures; nil without the network.
  package var lpips: Double?
  /// The cosine of the angle between the identity network's vectors: 1 for equal faces; nil without the network.
  package var identity: Double?

  package init(lpips: Double? = nil, identity: Double? = nil) {
    self.lpips = lpips
    self.identity = identity
  }
}

/// Runs LPIPS and the identity network of a file on pairs of pictures.
package final class LearnedMetrics {
  private let prepared: PreparedGraph
  private let inputs: [TensorID]
  private let distances: [TensorID]
  private let vectors: [TensorID]
  private let valueCount: Int

  /// - Parameters:
  ///   - model: whose networks measure.
  ///   - resolution: side of the pictures.
  /// - Throws: `.missingNetwork` where the file has neither; `.badShape` for pictures that are too small for LPIPS.
  package init(_ model: Model, resolution: Int, kernels: Kernels) throws(InversionError) {
    let (lpips, identity) = (model.lpips, model.identity)
    guard lpips != nil || identity != nil else {
      throw .missingNetwork("LPIPS or identity network", model: model.path)
    }
    if let least = lpips?.specification.network.leastSide, resolution < least {
      throw .badShape(what: "picture for LPIPS", expected: "\(least) pixels or more", found: [resolution, resolution])
    }
    var graph = Graph()
    let shape = Shape.image(batch: 1, channels: 3, height: resolution, width: resolution)
    let inputs = [graph.input(shape), graph.input(shape)]
    var (distances, vectors): ([TensorID], [TensorID]) = ([], [])
    do throws(GraphError) {
      if let lpips { distances = try lpips.appendDistances(to: &graph, inputs[0], inputs[1]) }
      if let identity {
        for input in inputs { vectors.append(try identity.append(to: &graph, input)) }
      }
      for output in distances + vectors { graph.markOutput(output) }
      prepared = try PreparedGraph(graph, kernels: kernels, arena: model.arena)
    } catch {
      throw .graph(error)
    }
    (self.inputs, self.distances, self.vectors) = (inputs, distances, vectors)
    valueCount = 3 * resolution * resolution
  }

  /// - Parameters: two pictures [3, R, R] in the file's pixel range.
  package func callAsFunction(_ a: [Float], _ b: [Float]) throws(InversionError) -> LearnedDistances {
    for picture in [a, b] where picture.count != valueCount {
      throw .badShape(what: "picture", expected: "[\(valueCount)]", found: [picture.count])
    }
    prepared.write(a, to: inputs[0])
    prepared.write(b, to: inputs[1])
    prepared.run()
    var result = LearnedDistances()
    if !distances.isEmpty { result.lpips = distances.reduce(0) { $0 + Double(prepared.read($1)[0]) } }
    if vectors.count == 2 { result.identity = Self.cosine(prepared.read(vectors[0]), prepared.read(vectors[1])) }
    return result
  }

  /// 0 where one has no direction.
  private static func cosine(_ a: [Float], _ b: [Float]) -> Double {
    var (products, first, second) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      products += Double(x) * Double(y)
      first += Double(x) * Double(x)
      second += Double(y) * Double(y)
    }
    return first > 0 && second > 0 ? products / (first * second).squareRoot() : 0
  }
}
