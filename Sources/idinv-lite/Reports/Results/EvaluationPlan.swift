import Inversion

/// What an evaluation measures, and on how much.
package struct EvaluationPlan: Codable, Equatable {
  package var methods: [InversionMethod]
  /// Steps of the in-domain inversion, and of the free optimizations that are compared with it.
  package var iterations: Int
  package var freeIterations: Int
  /// λ_dom of the ablation.
  package var lambdas: [Float]
  /// Images, from the first of the list, of each part.
  package var reconstructionCount: Int
  package var analysisCount: Int
  package var ablationCount: Int
  package var editCount: Int
  package var interpolationCount: Int
  /// Random samples of the generator.
  package var sampleCount: Int

  package init(
    methods: [InversionMethod], iterations: Int, freeIterations: Int, lambdas: [Float], reconstructionCount: Int,
    analysisCount: Int, ablationCount: Int, editCount: Int, interpolationCount: Int, sampleCount: Int
  ) {
    self.methods = methods
    self.iterations = iterations
    self.freeIterations = freeIterations
    self.lambdas = lambdas
    self.reconstructionCount = reconstructionCount
    self.analysisCount = analysisCount
    self.ablationCount = ablationCount
    self.editCount = editCount
    self.interpolationCount = interpolationCount
    self.sampleCount = sampleCount
  }

  /// The λ_dom of the paper's figure, and both sides of it.
  package static let publishedLambdas: [Float] = [0, 0.5, 2, 10, 40]

  /// Seconds: shows that all is in place.
  package static let quick = EvaluationPlan(
    methods: InversionMethod.allCases, iterations: 50, freeIterations: 50, lambdas: publishedLambdas,
    reconstructionCount: 16, analysisCount: 32, ablationCount: 8, editCount: 8, interpolationCount: 8, sampleCount: 64)

  /// The paper's experiments. Free optimization is what in-domain inversion is held against, so that it runs until it gains
  /// nothing more: at 200 steps it is still worse in pixels than the paper says, and than it is at 1000.
  package static let paper = EvaluationPlan(
    methods: InversionMethod.allCases, iterations: 100, freeIterations: 1000, lambdas: publishedLambdas,
    reconstructionCount: 200, analysisCount: 200, ablationCount: 40, editCount: 60, interpolationCount: 60,
    sampleCount: 1000)

  /// The same for at most `count` images.
  package func limited(to count: Int) -> EvaluationPlan {
    var plan = self
    plan.reconstructionCount = min(count, reconstructionCount)
    plan.analysisCount = min(count, analysisCount)
    plan.ablationCount = min(count, ablationCount)
    plan.editCount = min(count, editCount)
    plan.interpolationCount = min(count, interpolationCount) / 2 * 2
    return plan
  }

  /// Images that each method has to invert.
  package var inversionCount: Int { max(reconstructionCount, analysisCount, editCount, interpolationCount) }

  /// Images that some part looks at.
  package var imageCount: Int { max(inversionCount, ablationCount) }

  /// The methods whose codes are edited and interpolated: the paper's, and the one that it is compared with.
  package var editedMethods: [InversionMethod] { methods.filter { $0 == .inDomain || $0 == .image2StyleGAN } }

  package func iterations(of method: InversionMethod) -> Int {
    switch method {
    case .inDomain: iterations
    case .image2StyleGAN, .w: freeIterations
    case .encoder, .conventional: 0
    }
  }
}

extension InversionMethod {
  package var title: String {
    switch self {
    case .inDomain: "In-domain"
    case .encoder: "Domain-guided encoder"
    case .conventional: "Conventional encoder"
    case .image2StyleGAN: "Free, W+"
    case .w: "Free, W"
    }
  }

  package var explanation: String {
    switch self {
    case .inDomain: "domain-regularized optimization from the domain-guided encoder's code: the paper's method"
    case .encoder: "the domain-guided encoder alone"
    case .conventional: "an encoder that was trained on codes of synthesised images, alone"
    case .image2StyleGAN: "Image2StyleGAN: optimization in W+ from the mean code, without an encoder"
    case .w: "the same with one w for all layers"
    }
  }

  /// Number of the page's line color.
  package var style: Int {
    switch self {
    case .inDomain: 0
    case .encoder: 1
    case .image2StyleGAN: 2
    case .w: 3
    case .conventional: 4
    }
  }
}
