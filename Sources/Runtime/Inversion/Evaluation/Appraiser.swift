import Runtime

/// What the networks say about a picture.
package struct Appraisal: Sendable {
  /// F(x), [C, h, w]; empty without a feature network.
  package var feature: [Float]
  /// The feature of whoever judges, the mean over positions, [C]: the judge's or, without one, F's.
  package var pooled: [Float]
  /// What the judge, or the model's attribute network, reads, in its own units; empty without one.
  package var attributes: [Float]
  /// The picture of a code, [3, R, R]; empty where the picture was given.
  package var image: [Float]
  /// ‖z − E(G(z))‖ of a code; nil where the picture was given, and without an encoder.
  package var score: InDomainScore?
  /// C of `feature`.
  package var featureChannels = 0

  /// Distance of two pictures in the style of LPIPS.
  package func distance(to other: Appraisal) -> Double {
    PerceptualDistance.unitNormalized(feature, other.feature, channelCount: featureChannels)
  }
}

/// Runs what a model knows about pictures, and about codes by their pictures: one prepared graph for each.
package final class Appraiser {
  package let model: Model
  private let judge: Model?
  private let batch: Int
  private let kernels: Kernels
  private var ofImages: Network?
  private var ofCodes: Network?

  /// Pictures side by side beyond which nothing is gained.
  package static let mostBatch = 4

  /// - Parameters:
  ///   - judge: whose features and attributes count; nil for the model's own.
  ///   - batch: pictures side by side; the results are the same.
  package init(_ model: Model, judge: Model? = nil, batch: Int = mostBatch, kernels: Kernels) {
    precondition(batch > 0)
    self.model = model
    self.judge = judge
    self.batch = batch
    self.kernels = kernels
  }

  /// Prepares both graphs, for a memory plan; they are otherwise when they are first needed.
  package func prepare() throws(InversionError) {
    _ = try network(fromCodes: false)
    _ = try network(fromCodes: true)
  }

  /// - Parameter images: each [3, R, R] in the model's pixel range.
  package func appraise(images: [[Float]]) throws(InversionError) -> [Appraisal] {
    try network(fromCodes: false).run(images)
  }

  /// - Parameter codes: each [L, D].
  package func appraise(codes: [[Float]]) throws(InversionError) -> [Appraisal] {
    try network(fromCodes: true).run(codes)
  }

  private func network(fromCodes: Bool) throws(InversionError) -> Network {
    if let network = fromCodes ? ofCodes : ofImages { return network }
    let network = try Network(model, judge, batch: batch, fromCodes: fromCodes, kernels: kernels)
    if fromCodes { ofCodes = network } else { ofImages = network }
    return network
  }

  private final class Network {
    private let prepared: PreparedGraph
    private let batch: Int
    private let input: TensorID
    private let rowCount: Int
    private let image: TensorID?
    private let reencoded: TensorID?
    private let feature: TensorID?
    private let judged: TensorID?
    private let attributes: TensorID?
    private let featureChannels: Int
    private let judgedChannels: Int

    init(
      _ model: Model, _ judge: Model?, batch: Int, fromCodes: Bool, kernels: Kernels
    ) throws(InversionError) {
      let generator = try model.generator()
      let encoder = fromCodes && model.hasEncoder ? try model.encoder() : nil
      let average = encoder == nil ? nil : try model.averageImage(kernels: kernels)
      let features = model.hasFeatureNetwork ? try model.features() : nil
      let reader = (judge ?? model).readsAttributes ? try (judge ?? model).attributeReader() : nil
      let side = generator.specification.resolution
      var graph = Graph()
      do throws(GraphError) {
        var picture: TensorID
        if fromCodes {
          input = graph.input(.matrix(rows: batch, columns: generator.codeCount))
          picture = try generator.appendSynthesis(to: &graph, input, isExact: true)
          graph.markOutput(picture)
          image = picture
        } else {
          input = graph.input(
            .image(batch: batch, channels: generator.specification.imageChannels, height: side, width: side))
          picture = input
          image = nil
        }
        var (reencoded, feature, judged, attributes): (TensorID?, TensorID?, TensorID?, TensorID?)
        if let encoder { reencoded = try encoder.append(to: &graph, picture, average: average) }
        if let features {
          feature = try features.append(to: &graph, picture)
          judged = feature
        }
        switch reader {
        case .head(_, let head)? where judge == nil: attributes = try head.append(to: &graph, feature!)
        case let reader?: (judged, attributes) = try reader.append(to: &graph, picture)
        case nil: break
        }
        let outputs = [reencoded, feature, judged == feature ? nil : judged, attributes]
        for output in outputs { if let output { graph.markOutput(output) } }
        (self.reencoded, self.feature, self.judged, self.attributes) = (reencoded, feature, judged, attributes)
        featureChannels = feature.map { graph.shape(of: $0).extents[1] } ?? 0
        judgedChannels = judged.map { graph.shape(of: $0).extents[1] } ?? 0
        prepared = try PreparedGraph(graph, kernels: kernels, arena: model.arena)
      } catch {
        throw .graph(error)
      }
      self.batch = batch
      rowCount = graph.shape(of: input).extents.reduce(1, *) / batch
    }

    func run(_ rows: [[Float]]) throws(InversionError) -> [Appraisal] {
      var result: [Appraisal] = []
      for start in stride(from: 0, to: rows.count, by: batch) {
        let part = Array(rows[start..<min(start + batch, rows.count)])
        for row in part where row.count != rowCount {
          throw .badShape(what: "picture or code", expected: "[\(rowCount)]", found: [row.count])
        }
        var values = part.flatMap { $0 }
        // Rows that nobody asked for repeat the last one.
        for _ in part.count..<batch { values += part[part.count - 1] }
        prepared.write(values, to: input)
        prepared.run()
        func read(_ tensor: TensorID?) -> [Float] { tensor.map(prepared.read) ?? [] }
        let (images, codes, features, attributes) = (read(image), read(reencoded), read(feature), read(attributes))
        let judged = judged == feature ? features : read(judged)
        for (index, row) in part.enumerated() {
          func slice(_ values: [Float]) -> [Float] {
            let count = values.count / batch
            return Array(values[index * count..<(index + 1) * count])
          }
          result.append(
            Appraisal(
              feature: slice(features),
              pooled: judgedChannels > 0
                ? PerceptualDistance.pooled(slice(judged), channelCount: judgedChannels) : [],
              attributes: slice(attributes), image: slice(images),
              score: codes.isEmpty ? nil : InDomainScore(code: row, reencoded: slice(codes)),
              featureChannels: featureChannels))
        }
      }
      return result
    }
  }
}
