import Quant
import Runtime

/// Finds the layers in which an attribute lives: moves codes along a boundary in one layer at a time, and reads what that does
/// to the attribute, and to the others.
///
/// The effect of a move is the mean over the codes of (a(z + α·n) − a(z − α·n)) / 2, in the attribute's units; that on others is
/// measured in their standard deviations over the codes.
package struct LayerSearch: Sendable {
  /// What a move in some layers does.
  package struct Effect: Sendable, Equatable {
    package var layers: [Int]
    /// On the attribute.
    package var change: Double
    /// Mean over the other attributes of the magnitude of their change, in standard deviations; nil where there are none.
    package var sideEffect: Double?
    /// The other attribute that changes most.
    package var worst: (name: String, change: Double)?

    package static func == (a: Effect, b: Effect) -> Bool {
      a.layers == b.layers && a.change == b.change && a.sideEffect == b.sideEffect && a.worst?.name == b.worst?.name
    }
  }

  /// All layers of the boundary at once.
  package let whole: Effect
  /// Each of its layers alone.
  package let single: [Effect]
  /// The shortest range whose single effects add up to `share` of their sum, moved at once.
  package let suggestion: Effect
  package let share: Double
  /// α.
  package let distance: Float

  /// What is asked: which attribute, which direction, and how far.
  package struct Question: Sendable {
    package var boundary: SemanticBoundary
    /// The attribute, among the model's.
    package var column: Int
    /// [N, L·D].
    package var codes: FloatMatrix
    /// α; nil for twice the standard deviation of the codes' products with the normal.
    package var distance: Float?
    /// Of the whole effect, which the suggested layers should have.
    package var share: Double

    package init(
      _ boundary: SemanticBoundary, column: Int, codes: FloatMatrix, distance: Float? = nil, share: Double = 0.8
    ) {
      self.boundary = boundary
      self.column = column
      self.codes = codes
      self.distance = distance
      self.share = share
    }
  }

  /// - Parameters:
  ///   - judge: who reads the attributes; nil for the model itself.
  ///   - progress: gets the steps done and their number; false stops.
  /// - Returns: nil if it was stopped.
  /// - Throws: `.missingNetwork`, `.badSamples`.
  package init?(
    _ question: Question, of model: Model, judge: Model? = nil, kernels: Kernels,
    progress: (Int, Int) -> Bool = { _, _ in true }
  ) throws(InversionError) {
    let boundary = question.boundary
    let probe = try Probe(question, of: model, judge: judge, kernels: kernels)
    let distance = question.distance ?? probe.usualDistance(kernels)
    guard distance > 0, distance.isFinite else {
      throw .badSamples(what: "codes", expected: "codes that differ along the boundary", found: "equal ones")
    }
    let steps = boundary.layers.count + 3, rowCount = question.codes.rowCount
    let base = try probe.attributes([], 0)
    var done = 1
    var isStopped = !progress(rowCount, steps * rowCount)
    if isStopped { return nil }
    func effect(_ layers: [Int]) throws(InversionError) -> Effect {
      let (up, down) = (try probe.attributes(layers, distance), try probe.attributes(layers, -distance))
      done += 1
      isStopped = !progress(done * rowCount, steps * rowCount)
      return probe.effect(layers, up, down, base: base)
    }
    whole = try effect(boundary.layers)
    var single: [Effect] = []
    for layer in boundary.layers where !isStopped { single.append(try effect([layer])) }
    if isStopped { return nil }
    self.single = single
    share = question.share
    self.distance = distance
    suggestion = try effect(Self.range(single, share: question.share))
  }

  /// Reads the attributes of moved codes.
  private struct Probe {
    let question: Question
    let names: [String]
    let generator: NetworkRunner
    let reader: NetworkRunner

    init(_ question: Question, of model: Model, judge: Model?, kernels: Kernels) throws(InversionError) {
      self.question = question
      names = try (judge ?? model).attributeReader().names
      generator = try NetworkRunner(.generator, of: model, batch: 1, kernels: kernels)
      reader = try NetworkRunner(.attributes, of: judge ?? model, batch: 1, kernels: kernels)
    }

    /// Twice the standard deviation of the codes along the boundary.
    func usualDistance(_ kernels: Kernels) -> Float {
      let rows = Array(0..<question.codes.rowCount)
      let products = SampleRows(question.codes, kernels: kernels).dots(rows, question.boundary.normal)
      return Float(2 * deviation(products.map { Double($0) }))
    }

    /// Attributes [N][A] after a move in some layers.
    func attributes(_ layers: [Int], _ distance: Float) throws(InversionError) -> [[Float]] {
      let (boundary, codes) = (question.boundary, question.codes)
      var values: [[Float]] = []
      for row in 0..<codes.rowCount {
        var code = codes.floats(rows: row..<row + 1)
        for layer in layers {
          for index in boundary.shape.entries(of: layer) { code[index] += distance * boundary.normal[index] }
        }
        let found = try reader(try generator(code))
        guard found.allSatisfy(\.isFinite) else {
          throw .badSamples(what: "code \(row)", expected: "finite attributes", found: "others; try a smaller alpha")
        }
        values.append(found)
      }
      return values
    }

    /// - Parameters:
    ///   - up: attributes after a move forth, `down` after one back.
    ///   - base: those of the codes as they are.
    func effect(_ layers: [Int], _ up: [[Float]], _ down: [[Float]], base: [[Float]]) -> Effect {
      let changes = names.indices.map { attribute in
        zip(up, down).reduce(0) { $0 + Double($1.0[attribute] - $1.1[attribute]) / 2 } / Double(max(1, up.count))
      }
      var others: [(name: String, change: Double)] = []
      for attribute in names.indices where attribute != question.column {
        let deviation = deviation(base.map { Double($0[attribute]) })
        if deviation > 0 { others.append((names[attribute], changes[attribute] / deviation)) }
      }
      return Effect(
        layers: layers, change: changes[question.column],
        sideEffect: others.isEmpty ? nil : others.reduce(0) { $0 + abs($1.change) } / Double(others.count),
        worst: others.max { abs($0.change) < abs($1.change) })
    }
  }

  /// The shortest run of layers whose effects add up to a share of all; among equals the one of the largest sum. Layers with
  /// an effect in the wrong direction count against it.
  static func range(_ effects: [Effect], share: Double) -> [Int] {
    let total = effects.reduce(0) { $0 + $1.change }
    // Of a boundary that lowers its attribute, the signs are turned.
    let sign: Double = total < 0 ? -1 : 1
    for length in 1...max(1, effects.count) {
      var best: (sum: Double, start: Int)?
      for start in 0...max(0, effects.count - length) {
        let sum = sign * effects[start..<min(effects.count, start + length)].reduce(0) { $0 + $1.change }
        if sum >= share * sign * total, sum > best?.sum ?? -.infinity { best = (sum, start) }
      }
      if let best { return effects[best.start..<best.start + length].flatMap(\.layers) }
    }
    return effects.flatMap(\.layers)
  }
}

/// The standard deviation of a whole population.
private func deviation(_ values: [Double]) -> Double {
  let mean = values.reduce(0, +) / Double(max(1, values.count))
  return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, values.count))).squareRoot()
}
