import Imaging
import Inversion
import Reports
import Runtime

extension EvaluationPictures {
  package init(_ run: EvaluationRun, kernels: Kernels) throws {
    self.init()
    let plan = run.plan
    let album = try Album(run, kernels)
    let byMethod = try plan.methods.map { method in
      try run.codes(run.options(method), count: plan.inversionCount, title: method.title)
    }
    for index in 0..<min(6, plan.reconstructionCount) {
      reconstructed.append(
        PictureComparison(
          name: run.images[index].name, original: try album.original(index),
          results: try byMethod.map { try album.show($0[index].code) }))
    }
    if plan.methods.contains(.inDomain) { ablated = try album.ablated() }
    for method in plan.editedMethods {
      let codes = byMethod[plan.methods.firstIndex(of: method)!]
      if method == plan.editedMethods.first { edited = try album.edited(codes) }
      if plan.interpolationCount >= 2 {
        lines.append(Line(method: method, frames: try album.line(from: codes[0].code, to: codes[1].code)))
      }
    }
  }

  /// Renders what the page shows.
  private struct Album {
    /// Largest side on the page.
    static let side = 128

    let run: EvaluationRun
    let reconstruct: Reconstructor
    let resolution: Int
    /// α of one step along each boundary.
    let steps: [Double]
    let moves: [Manipulation]

    init(_ run: EvaluationRun, _ kernels: Kernels) throws {
      self.run = run
      reconstruct = try Reconstructor(run.model, kernels: kernels)
      resolution = try run.model.imageResolution()
      steps = try run.editSteps()
      moves = run.boundaries.map { Manipulation([($0.boundary, 1)]) }
    }

    func show(_ code: [Float]) throws -> ReportImage {
      try ReportImage(
        run.evaluator.picture(reconstruct(code).image, height: resolution, width: resolution), maximumSide: Self.side)
    }

    func original(_ index: Int) throws -> ReportImage {
      try ReportImage(run.images[index].picture, maximumSide: Self.side)
    }

    /// Some pictures, inverted with each weight of the domain term.
    func ablated() throws -> [Ablated] {
      let plan = run.plan
      let byLambda = try plan.lambdas.map { lambda in
        try run.codes(run.options(lambda: lambda), count: plan.ablationCount, title: "λ")
      }
      return try (0..<min(2, plan.ablationCount)).map { index in
        var ablated = Ablated(
          name: run.images[index].name, original: try original(index),
          results: try byLambda.map { try show($0[index].code) },
          edited: [])
        if let move = moves.first {
          ablated.edited = try byLambda.map { try show(move($0[index].code, distances: [4 * steps[0]])) }
        }
        return ablated
      }
    }

    /// Another picture for each boundary, moved along it.
    func edited(_ codes: [EvaluatedCode]) throws -> [Edited] {
      guard run.plan.editCount > 0 else { return [] }
      return try run.boundaries.enumerated().map { place, boundary in
        let index = place % run.plan.editCount
        return Edited(
          boundary: boundary.boundary.name, name: run.images[index].name,
          frames: try EvaluationPictures.editSteps.map { step in
            try show(moves[place](codes[index].code, distances: [Double(step) * steps[place]]))
          })
      }
    }

    func line(from first: [Float], to last: [Float]) throws -> [ReportImage] {
      let count = InterpolationEvaluation.stepCount
      let codes = Interpolation.codes(from: first, to: last, innerSteps: count - 1)
      return try (0...count).map { try show(Array(codes[$0 * first.count..<($0 + 1) * first.count])) }
    }
  }
}
