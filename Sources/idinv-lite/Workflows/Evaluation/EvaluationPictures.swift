import Imaging
import Inversion
import Reports
import Runtime

extension EvaluationPictures {
  /// Largest side on the page.
  private static let side = 128

  package init(_ run: EvaluationRun, kernels: Kernels) throws {
    self.init()
    let reconstruct = try Reconstructor(run.model, kernels: kernels)
    let resolution = try run.model.imageResolution()
    func show(_ code: [Float]) throws -> ReportImage {
      try ReportImage(
        run.evaluator.picture(reconstruct(code).image, height: resolution, width: resolution), maximumSide: Self.side)
    }
    func original(_ index: Int) throws -> ReportImage {
      try ReportImage(run.images[index].picture, maximumSide: Self.side)
    }
    let plan = run.plan
    let byMethod = try plan.methods.map { method in
      try run.codes(run.options(method), count: plan.inversionCount, title: method.title)
    }
    for index in 0..<min(6, plan.reconstructionCount) {
      reconstructed.append(
        Reconstructed(
          name: run.images[index].name, original: try original(index),
          results: try byMethod.map { try show($0[index].code) }))
    }
    let steps = try run.editSteps()
    let moves = run.boundaries.map { Manipulation([($0.boundary, 1)]) }
    if plan.methods.contains(.inDomain) {
      let byLambda = try plan.lambdas.map { lambda in
        try run.codes(run.options(lambda: lambda), count: plan.ablationCount, title: "λ")
      }
      for index in 0..<min(2, plan.ablationCount) {
        var ablated = Ablated(
          name: run.images[index].name, original: try original(index),
          results: try byLambda.map { try show($0[index].code) },
          edited: [])
        if let move = moves.first {
          ablated.edited = try byLambda.map { try show(move($0[index].code, distances: [4 * steps[0]])) }
        }
        self.ablated.append(ablated)
      }
    }
    for method in plan.editedMethods {
      let codes = byMethod[plan.methods.firstIndex(of: method)!]
      if method == plan.editedMethods.first {
        for (place, boundary) in run.boundaries.enumerated() where plan.editCount > 0 {
          // Another image for each boundary.
          let index = place % plan.editCount
          edited.append(
            Edited(
              boundary: boundary.boundary.name, name: run.images[index].name,
              frames: try Self.editSteps.map { step in
                try show(moves[place](codes[index].code, distances: [Double(step) * steps[place]]))
              }))
        }
      }
      if plan.interpolationCount >= 2 {
        let count = InterpolationEvaluation.stepCount
        let line = Interpolation.codes(from: codes[0].code, to: codes[1].code, innerSteps: count - 1)
        let size = codes[0].code.count
        lines.append(
          Line(method: method, frames: try (0...count).map { try show(Array(line[$0 * size..<($0 + 1) * size])) }))
      }
    }
  }
}
