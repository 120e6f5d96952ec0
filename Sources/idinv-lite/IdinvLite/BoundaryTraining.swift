import Inversion
import Quant
import Runtime
import SIMDKernels

/// How a boundary is learned: a linear support vector machine on the samples with the highest and the lowest scores.
public struct TrainingOptions: Sendable {
  /// Cost of a sample on the wrong side.
  public enum Loss: String, Sendable, CaseIterable {
    /// As the published boundaries.
    case hinge
    case squaredHinge = "squared-hinge"
  }

  /// Share of all samples that is taken on each side.
  public var ratio = 0.02
  /// Share of those that is learned from; the others validate.
  public var split = 0.7
  /// What a sample on the wrong side costs: C.
  public var cost = 1.0
  public var loss = Loss.hinge
  /// Of the split and the order of learning.
  public var seed: UInt32 = 0
  /// The layers to learn from and to move; nil for all.
  public var layers: [Int]?
  /// Whether each layer is learned apart, with a normal of length 1: the form of idinvert's published boundaries.
  public var isPerLayer = false
  /// Boundaries of attributes that are to stay as they are.
  public var conditions: [Boundary] = []
  /// Threads; 0 for one per physical core that this process may use.
  public var threads = 0

  public init() {}

  fileprivate func resolved() throws(IdinvError) -> Inversion.BoundaryTraining.Options {
    guard cost > 0, cost.isFinite else {
      throw IdinvError(.invalidArgument, "cost: expected more than 0, found \(cost)")
    }
    var options = Inversion.BoundaryTraining.Options()
    options.samples.ratio = ratio
    options.samples.trainingShare = split
    options.samples.seed = UInt64(seed)
    options.machine.cost = cost
    options.machine.loss = loss == .hinge ? .hinge : .squaredHinge
    options.machine.seed = UInt64(seed)
    options.layers = layers
    options.isPerLayer = isPerLayer
    options.conditions = conditions.map(\.stored)
    return options
  }
}

/// A boundary, and how well it tells the samples apart.
public struct BoundaryTrainingResult: Sendable {
  public let boundary: Boundary
  /// b of the signed distance n·z + b.
  public let bias: Double
  /// Share of samples on the right side; nil where there are none.
  public let trainingAccuracy: Double?
  public let validationAccuracy: Double?
  public let remainingAccuracy: Double?
  /// Pearson's, between signed distance and score, over all samples.
  public let correlation: Double
}

extension Boundary {
  /// Learns the boundary of an attribute from codes and their scores (Shen et al., CVPR 2020, sec. 4).
  ///
  /// - Parameters:
  ///   - scores: one for each code, larger for more of the attribute.
  ///   - shouldStop: asked now and then; the best boundary so far is returned.
  /// - Throws: `.invalidArgument`; `.badData` where nothing can be learned from the samples.
  public static func train(
    _ name: String, codes: Codes, scores: [Float], options: TrainingOptions = TrainingOptions(),
    shouldStop: () -> Bool = { false }
  ) throws(IdinvError) -> BoundaryTrainingResult {
    let kernels = try EngineOptions(threads: options.threads, arithmetic: .f32).kernels()
    let resolved = try options.resolved()
    guard codes.count > 0,
      let builder = FloatMatrixBuilder(
        rowCapacity: codes.count, columnCount: codes.layerCount * codes.dimension)
    else { throw IdinvError(.invalidArgument, "codes: expected some that fit into memory, found \(codes.shape)") }
    builder.append(codes.values)
    let trained = try IdinvError.wrapping {
      try Inversion.BoundaryTraining(codes: builder.finish(), shape: codes.codeShape, kernels: kernels)
        .train(name, scores: scores, options: resolved) { shouldStop() || Task.isCancelled }
    }
    let boundary = try IdinvError.wrapping {
      try SemanticBoundary(
        name: name, values: trained.normal, shape: [1, codes.layerCount, codes.dimension], layers: trained.layers,
        of: codes.codeShape)
    }
    return BoundaryTrainingResult(
      boundary: Boundary(boundary, distanceDeviation: trained.distanceDeviation), bias: trained.bias,
      trainingAccuracy: trained.training.share, validationAccuracy: trained.validation.share,
      remainingAccuracy: trained.remaining.share, correlation: trained.correlation)
  }
}

/// Random codes, and what a model's attribute network reads off their images.
public struct AttributeSamples: Sendable {
  public let codes: Codes
  public let names: [String]
  /// [N, A] in C order, one column for each name.
  public let values: [Float]

  /// One attribute of all samples; nil for a name that the model does not have.
  public func scores(_ name: String) -> [Float]? {
    names.firstIndex(of: name).map { column in
      stride(from: column, to: values.count, by: names.count).map { values[$0] }
    }
  }
}

extension Model {
  /// Draws random codes and reads the attributes of their images: what boundaries are learned from.
  ///
  /// - Parameters:
  ///   - truncation: ψ in place of the model's; 1 for none.
  ///   - progress: told how many samples are done; false ends the work, and what is done is returned.
  /// - Throws: `.badData` without generator, perceptual and attribute network.
  public func drawAttributeSamples(
    _ count: Int, seed: UInt32 = 0, truncation: Float? = nil, progress: (Int) -> Bool = { _ in true }
  ) throws(IdinvError) -> AttributeSamples {
    guard (1...10_000_000).contains(count) else {
      throw IdinvError(.invalidArgument, "samples: expected 1 to 10000000, found \(count)")
    }
    let shape = try codeShape()
    return try computing { engine in
      let samples = try engine.sampler(truncation: truncation, count: count).draw(count, seed: UInt64(seed)) {
        progress($0) && !Task.isCancelled
      }
      let drawn = samples.codes.floats(rows: 0..<samples.codes.rowCount)
      return AttributeSamples(
        codes: Codes(drawn, shape: shape), names: samples.names, values: samples.attributes)
    }
  }
}
