import Quant
import Runtime

/// One network of a model file, with frozen weights. A new network is a type of this kind in a file of its own, and its line in
/// `Model.kinds`.
protocol Network: Sendable {
  associatedtype Specification: NetworkSpecification

  /// Fetches the weights.
  ///
  /// - Throws: `.model`, `.graph` where a weight has a shape that no kernel reads.
  init(_ specification: Specification, from weights: WeightLoader) throws(InversionError)

  /// What of it can be run on its own.
  static var passes: [NetworkKind] { get }

  /// Enters one of its `passes` in a graph: input, operators, output.
  ///
  /// - Throws: `.missingNetwork` where the pass needs another network that the model does not have, `.graph`.
  func append(_ pass: NetworkKind, to graph: inout Graph, _ site: PassSite) throws(InversionError) -> PassEnds
}

/// A computation of a network that can be run on its own: what numerical parity is measured with. Each network's file names its
/// own.
package struct NetworkKind: RawRepresentable, Hashable, Sendable, CaseIterable {
  package let rawValue: String

  /// - Returns: nil where no network has a pass of this name.
  package init?(rawValue: String) {
    self.rawValue = rawValue
    guard Self.allCases.contains(self) else { return nil }
  }

  init(_ name: String) { rawValue = name }

  /// In the order of the networks.
  package static var allCases: [NetworkKind] {
    Model.kinds.flatMap { $0.passes }.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}

/// What a pass is entered for.
struct PassSite {
  var model: Model
  /// Images or codes at once.
  var batch: Int
  var kernels: Kernels
  /// Truncation factor in place of the file's; only for `.truncation`.
  var psi: Float?
  /// Side of the images; nil for those of the model. Only for `.encoder`, which brings them to the size that it reads.
  var side: Int?
}

/// Where a pass begins and ends in its graph.
struct PassEnds {
  var input: TensorID
  var output: TensorID
  /// In place of the tensors' own, where those are matrices of codes: [N, L, D].
  var inputShape: [Int]?
  var outputShape: [Int]?
}

extension Network {
  /// Nil where the file does not hold the network.
  static func load(
    _ specification: ModelSpecification, from weights: WeightLoader
  ) throws(InversionError) -> (any Network)? {
    guard let part = specification[keyPath: Specification.place] else { return nil }
    return try Self(part, from: weights)
  }
}

extension Graph {
  /// A pass of images [N, 3, side, side].
  mutating func appendImages(
    _ batch: Int, side: Int, _ body: (inout Graph, TensorID) throws(GraphError) -> TensorID
  ) throws(InversionError) -> PassEnds {
    let images = input(.image(batch: batch, channels: 3, height: side, width: side))
    do throws(GraphError) { return PassEnds(input: images, output: try body(&self, images)) } catch {
      throw .graph(error)
    }
  }
}
