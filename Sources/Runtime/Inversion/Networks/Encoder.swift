import Quant
import Runtime
import Synchronization

/// What makes a code of an image of the size that it reads.
protocol EncoderNetwork: Sendable {
  /// Image [N, 3, R, R] → code [N, L·D].
  ///
  /// - Parameter beside: the image of the code so far, where the encoder corrects one.
  func append(to graph: inout Graph, _ image: TensorID, beside: TensorID?) throws(GraphError) -> TensorID

  /// What is added to the code, [L·D]; empty for nothing.
  var startCode: [Float] { get }
}

extension EncoderNetwork {
  var startCode: [Float] { [] }
}

/// An encoder with frozen weights: image → w+.
///
/// Images of another size than it reads, such as the generator's of 1024×1024, are brought to it by means of windows
/// (`AdaptiveAvgPool2d`, as pSp's family does), and gradients go the same way back.
package struct Encoder: Network {
  package let specification: EncoderSpecification
  private let network: any EncoderNetwork
  /// What an iterated encoder starts from: [L·D].
  var startCode: [Float] { network.startCode }

  init(_ specification: EncoderSpecification, from weights: WeightLoader) throws(InversionError) {
    self.specification = specification
    switch specification.architecture {
    case .inDomain: network = try InDomainEncoder(specification, from: weights)
    case .tensorFlow: network = try TensorFlowEncoder(specification, from: weights)
    case .filtered: network = try FilteredEncoder(specification, from: weights)
    case .pyramid(let pyramid): network = try PyramidEncoder(specification, pyramid, from: weights)
    case .styleHeads(let heads): network = try StyleHeadsEncoder(specification, heads, from: weights)
    }
  }

  /// Corrections of one code by an iterated encoder, as published; nil for one that sees the image alone.
  package var iterations: Int? { specification.architecture.styleHeads?.iterations }

  /// Image [N, 3, R, R] → code [N, L·D] at once.
  ///
  /// - Parameter average: `Model.averageImage`, which an iterated encoder compares the image with: one correction.
  package func append(
    to graph: inout Graph, _ image: TensorID, average: AverageImage? = nil
  ) throws(GraphError) -> TensorID {
    let pooled = try appendPooling(to: &graph, image)
    var beside: TensorID?
    if let average {
      beside = try graph.append(
        Constant(
          average.values, channels: specification.imageChannels, height: specification.resolution,
          width: specification.resolution, batch: graph.shape(of: image).extents[0]))
    }
    let code = try network.append(to: &graph, pooled, beside: beside)
    if startCode.isEmpty { return code }
    return try graph.append(
      ColumnAffine(scale: [Float](repeating: 1, count: startCode.count), shift: startCode), code)
  }

  /// A correction of `code`, whose image is `current`, by an iterated encoder.
  fileprivate func appendCorrection(
    to graph: inout Graph, _ image: TensorID, of code: TensorID, current: TensorID
  ) throws(GraphError) -> TensorID {
    let beside = try appendPooling(to: &graph, current)
    return try graph.append(
      Sum(), code, try network.append(to: &graph, try appendPooling(to: &graph, image), beside: beside))
  }

  /// An image of the size that the encoder reads. By halves where that is all: the fastest way.
  func appendPooling(to graph: inout Graph, _ image: TensorID) throws(GraphError) -> TensorID {
    let side = specification.resolution
    var image = image
    while graph.shape(of: image).extents[2] >= 2 * side, graph.shape(of: image).extents[2] % 2 == 0 {
      image = try graph.append(AveragePool(), image)
    }
    let extents = graph.shape(of: image).extents
    if extents[2] == side, extents[3] == side { return image }
    return try graph.append(Resize(height: side, width: side, method: .adaptiveAverage), image)
  }
}

/// The image of an iterated encoder's start code, of the size that the encoder reads: what its first correction sees.
package struct AverageImage: Sendable {
  let values: [Float]
}

/// Makes it once for a model.
final class AverageImageCache: Sendable {
  private let made = Mutex<AverageImage?>(nil)

  func image(_ make: () throws(InversionError) -> AverageImage) throws(InversionError) -> AverageImage {
    if let image = made.withLock({ $0 }) { return image }
    let image = try make()
    made.withLock { $0 = image }
    return image
  }
}

extension Model {
  /// Image [N, 3, R, R] → code [N, L·D], with all corrections of an iterated encoder, each of which sees the image of the code
  /// so far.
  ///
  /// - Parameter iterations: nil for as many as the file says.
  /// - Throws: `.missingNetwork` without an encoder, or for an iterated one without a generator; `.graph`.
  package func appendEncoding(
    to graph: inout Graph, _ image: TensorID, iterations: Int? = nil, kernels: Kernels
  ) throws(InversionError) -> TensorID {
    let encoder = try encoder(), average = try averageImage(kernels: kernels)
    let generator = average == nil ? nil : try generator()
    return try wrapGraph { () throws(GraphError) in
      var code = try encoder.append(to: &graph, image, average: average)
      guard let generator else { return code }
      for _ in 1..<max(1, iterations ?? encoder.iterations ?? 1) {
        let current = try generator.appendSynthesis(to: &graph, code, isExact: true)
        code = try encoder.appendCorrection(to: &graph, image, of: code, current: current)
      }
      return code
    }
  }

  /// Nil for an encoder that sees the image alone. Planning gets one that says nothing.
  ///
  /// - Throws: `.missingNetwork` for an iterated encoder without a generator.
  func averageImage(kernels: Kernels) throws(InversionError) -> AverageImage? {
    guard let encoder = try? encoder(), encoder.iterations != nil else { return nil }
    let (generator, specification) = (try generator(), encoder.specification)
    if kernels.isPlanning {
      let count = specification.imageChannels * specification.resolution * specification.resolution
      return AverageImage(values: [Float](repeating: 0, count: count))
    }
    return try averageImages.image { () throws(InversionError) in
      try wrapGraph { () throws(GraphError) in
        var graph = Graph()
        let code = graph.input(.matrix(rows: 1, columns: generator.codeCount))
        let image = try encoder.appendPooling(
          to: &graph, try generator.appendSynthesis(to: &graph, code, isExact: true))
        graph.markOutput(image)
        let prepared = try PreparedGraph(graph, kernels: kernels, arena: arena)
        prepared.write(encoder.startCode, to: code)
        prepared.run()
        return AverageImage(values: prepared.read(image))
      }
    }
  }
}

extension NetworkKind {
  package static let encoder = NetworkKind("encoder")
}

extension Encoder {
  static let passes: [NetworkKind] = [.encoder]

  func append(_ pass: NetworkKind, to graph: inout Graph, _ site: PassSite) throws(InversionError) -> PassEnds {
    let side = if let side = site.side { side } else { try site.model.imageResolution() }
    let input = graph.input(
      .image(batch: site.batch, channels: specification.imageChannels, height: side, width: side))
    return PassEnds(
      input: input, output: try site.model.appendEncoding(to: &graph, input, kernels: site.kernels),
      outputShape: [site.batch, specification.layerCount, specification.wDimension])
  }
}
