import Foundation
import Quant
import Runtime
import Testing

@testable import Inversion

/// The mean curvature, its inverse, and L-BFGS that begins with it.
@Suite struct CurvatureTests {
  /// A random orthonormal basis: eigenvectors of a random symmetric matrix, [n, n].
  private func basis(_ n: Int, seed: UInt64) -> [Double] {
    var random = SplitMix(seed: seed)
    return SymmetricEigen((0..<n * n).map { _ in Double.random(in: -1...1, using: &random) }, size: n).vectors
  }

  private func vector(_ n: Int, seed: UInt64) -> [Float] {
    var random = SplitMix(seed: seed)
    return (0..<n).map { _ in Float.random(in: -1...1, using: &random) }
  }

  /// H̄⁻¹·v by its definition.
  private func oracle(_ basis: [Double], _ values: [Double], _ remainder: Double, _ v: [Float]) -> [Double] {
    let n = v.count
    var result = v.map { Double($0) / remainder }
    for (row, value) in values.enumerated() {
      let u = Array(basis[row * n..<(row + 1) * n])
      let overlap = zip(u, v).reduce(0) { $0 + $1.0 * Double($1.1) }
      for index in 0..<n { result[index] += u[index] * overlap * (1 / value - 1 / remainder) }
    }
    return result
  }

  @Test func itSolvesAsItsDefinitionSays() {
    for (n, rank) in [(5, 5), (16, 16), (19, 4), (64, 20)] {
      let basis = Array(basis(n, seed: 3).prefix(rank * n))
      let values = (0..<rank).map { 50 / Double($0 + 1) }
      let curvature = Curvature(
        basis: basis.map { Float($0) }, values: values.map { Float($0) }, remainder: 0.5)
      let v = vector(n, seed: 7)
      let expected = oracle(basis, values, 0.5, v)
      let largest = expected.map { abs($0) }.max() ?? 0
      for (found, expected) in zip(curvature.solve(v), expected) {
        #expect(abs(Double(found) - expected) < 1e-5 * largest, "n \(n), rank \(rank)")
      }
      // vᵀ·H̄·v of v = H̄⁻¹·b is bᵀ·H̄⁻¹·b.
      let form = zip(expected, v).reduce(0) { $0 + $1.0 * Double($1.1) }
      let found = curvature.quadraticForm(expected.map { Float($0) })
      #expect(abs(found - form) < 1e-5 * form, "n \(n), rank \(rank)")
    }
  }

  /// Rounded to halves, a basis is orthonormal to three digits only; stiff directions must not turn round for that.
  @Test func aRoundedBasisLeavesItSymmetricAndPositive() {
    for rank in [12, 40] {
      let n = 40
      let exact = Array(basis(n, seed: 5).prefix(rank * n))
      let curvature = Curvature(
        basis: exact.map { Half(Float($0)).float }, values: (0..<rank).map { 1e5 / Float($0 + 1) }, remainder: 1e-2)
      var probes = (0..<5).map { vector(n, seed: UInt64($0)) }
      probes += (0..<rank).map { row in exact[row * n..<(row + 1) * n].map { Float($0) } }
      for v in probes { #expect(dot(v, curvature.solve(v)) > 0, "rank \(rank)") }
      let (a, b) = (probes[0], probes[1])
      let (ab, ba) = (dot(a, curvature.solve(b)), dot(b, curvature.solve(a)))
      #expect(abs(ab - ba) < 1e-4 * max(abs(ab), dot(a, curvature.solve(a))))
    }
  }

  /// What single precision rounds to zero cannot be divided by.
  @Test func anObjectiveThatDoesNotCurveIsRefused() throws {
    #expect(try CurvatureMeasurement.positive([-1, 1e-9, 4]) == [4e-6, 4e-6, 4])
    for eigenvalues in [[0, 0], [0, 1e-38], [-1, -1e-3], [1, .infinity], [1, .nan]] {
      #expect(throws: InversionError.self, "\(eigenvalues)") { try CurvatureMeasurement.positive(eigenvalues) }
    }
  }

  @Test func inWItStaysInW() {
    let curvature = Curvature(
      basis: basis(12, seed: 1).prefix(24).map { Float($0) }, values: [9, 3], remainder: 0.1
    ).restricted(to: .w, layerCount: 3)
    let solved = curvature.solve(CodeSpace.w.projection(of: vector(12, seed: 2), layerCount: 3))
    #expect(solved[0..<4] == solved[4..<8] && solved[4..<8] == solved[8..<12])
  }

  /// ½ (x − 1)ᵀ H (x − 1), curvatures from 1,000 to 0.01.
  private struct Bowl {
    let n = 24
    let rows: [Double]
    let values: [Double]

    init(_ basis: [Double]) {
      rows = basis
      values = (0..<24).map { 1000 * pow(1e-5, Double($0) / 23) }
    }

    func callAsFunction(_ x: [Float]) -> (loss: Float, gradient: [Float]) {
      var loss = 0.0
      var gradient = [Double](repeating: 0, count: n)
      for (row, value) in values.enumerated() {
        var overlap = 0.0
        for index in 0..<n { overlap += rows[row * n + index] * (Double(x[index]) - 1) }
        loss += value * overlap * overlap / 2
        for index in 0..<n { gradient[index] += value * overlap * rows[row * n + index] }
      }
      return (Float(loss), gradient.map { Float($0) })
    }

    func curvature(rank: Int) -> Curvature {
      Curvature(
        basis: rows.prefix(rank * n).map { Float($0) }, values: values.prefix(rank).map { Float($0) },
        remainder: Float(values[rank - 1]))
    }
  }

  /// Evaluations until the loss has fallen to a share of the start's.
  private func evaluations(_ optimizer: LBFGS, _ bowl: Bowl, to share: Float) -> Int {
    var optimizer = optimizer
    var first: Float?
    for count in 1...300 {
      let (loss, gradient) = bowl(optimizer.proposal)
      first = first ?? loss
      if loss <= share * first! { return count }
      optimizer.observe(loss: loss, gradient: gradient)
    }
    return .max
  }

  @Test func whoKnowsTheCurvatureNeedsFewSteps() {
    let bowl = Bowl(basis(24, seed: 9))
    let start = [Float](repeating: 0, count: 24)
    let known = evaluations(LBFGS(start: start, curvature: bowl.curvature(rank: 24)), bowl, to: 1e-6)
    let partly = evaluations(LBFGS(start: start, curvature: bowl.curvature(rank: 12)), bowl, to: 1e-6)
    let unknown = evaluations(LBFGS(start: start), bowl, to: 1e-6)
    #expect(known <= 4, "\(known)")
    #expect(partly < unknown, "\(partly), \(unknown)")
  }

  /// The two-loop recursion against the update of the whole matrix (Nocedal and Wright, eq. 6.17), in double precision.
  @Test func directionsAreThoseOfTheWholeMatrix() {
    let bowl = Bowl(basis(24, seed: 4))
    let n = bowl.n
    let curvature = bowl.curvature(rank: 10)
    var optimizer = LBFGS(start: vector(n, seed: 8), curvature: curvature)
    var codes: [[Float]] = []
    var gradients: [[Float]] = []
    for _ in 0..<8 {
      let proposal = optimizer.proposal
      let (loss, gradient) = bowl(proposal)
      optimizer.observe(loss: loss, gradient: gradient)
      guard optimizer.code == proposal else { continue }  // not accepted
      codes.append(proposal)
      gradients.append(gradient)
      guard codes.count > 1 else { continue }
      // H₀ = γ·H̄⁻¹, column by column.
      func pair(_ k: Int) -> (s: [Float], y: [Float]) {
        (adding(codes[k + 1], -1, codes[k]), adding(gradients[k + 1], -1, gradients[k]))
      }
      let (s, y) = pair(codes.count - 2)
      // The geometric mean of the two scales that the pair suggests.
      var form = dot(s, s) * bowl.values[9]
      for row in 0..<10 {
        let overlap = dot(bowl.rows[row * n..<(row + 1) * n].map { Float($0) }, s)
        form += (bowl.values[row] - bowl.values[9]) * overlap * overlap
      }
      let scale = (dot(s, y) / dot(y, curvature.solve(y)) * (form / dot(s, y))).squareRoot()
      var matrix: [[Double]] = (0..<n).map { column in
        var unit = [Float](repeating: 0, count: n)
        unit[column] = 1
        return curvature.solve(unit).map { Double($0) * scale }
      }
      for k in 0..<codes.count - 1 {
        let (s, y) = pair(k)
        let rho = 1 / dot(s, y)
        let hy = (0..<n).map { row in (0..<n).reduce(0) { $0 + matrix[row][$1] * Double(y[$1]) } }
        let yhy = zip(y, hy).reduce(0) { $0 + Double($1.0) * $1.1 }
        for row in 0..<n {
          for column in 0..<n {
            let (a, b) = (Double(s[row]), Double(s[column]))
            matrix[row][column] += rho * (rho * yhy + 1) * a * b - rho * (hy[row] * b + a * hy[column])
          }
        }
      }
      let step = adding(optimizer.proposal, -1, optimizer.code)
      var error = 0.0
      for row in 0..<n {
        let expected = -(0..<n).reduce(0.0) { $0 + matrix[row][$1] * Double(gradient[$1]) }
        error = max(error, abs(Double(step[row]) - expected))
      }
      #expect(error < 2e-3 * dot(step, step).squareRoot(), "after \(codes.count) codes: \(error)")
    }
    #expect(codes.count > 4)
  }

  @Test func aMemoryGoesOnWithTheSameBits() throws {
    let bowl = Bowl(basis(24, seed: 6))
    let curvature = bowl.curvature(rank: 6)
    func proceed(_ optimizer: inout any Optimizer, _ count: Int) -> [Float] {
      (0..<count).map { _ in
        let (loss, gradient) = bowl(optimizer.proposal)
        optimizer.observe(loss: loss, gradient: gradient)
        return loss
      }
    }
    let start = vector(24, seed: 1)
    var whole = OptimizerKind.auto.start(at: start, learningRate: 0.01, curvature: curvature)
    let losses = proceed(&whole, 20)
    for stop in [0, 1, 9] {
      var half = OptimizerKind.auto.start(at: start, learningRate: 0.01, curvature: curvature)
      let first = proceed(&half, stop)
      var resumed = try #require(
        OptimizerKind.auto.resume(half.memory, count: 24, learningRate: 0.01, curvature: curvature))
      #expect(first + proceed(&resumed, 20 - stop) == losses)
    }
    let other = Curvature(basis: [1, 0], values: [1], remainder: 1)
    #expect(LBFGS(whole.memory, curvature: other) == nil)
  }

  // MARK: Measured

  private static let kernels = Kernels(threadCount: 2)

  /// Under emulation only some directions are looked at, as in long codes.
  private static func plan(imageCount: Int, rank: Int, seed: UInt64) -> CurvatureMeasurement.Plan {
    var plan = CurvatureMeasurement.Plan(imageCount: imageCount, rank: rank, seed: seed)
    if Effort.isLow { plan.wholeLimit = 0 }
    return plan
  }

  @Test func measuringIsRepeatableAndCanBeStopped() throws {
    let model = try Golden.model("res32")
    let rank = Effort.count(6, low: 3)
    let plan = Self.plan(imageCount: Effort.count(2, low: 1), rank: rank, seed: 5)
    func measured() throws -> Curvature? { try CurvatureMeasurement(model, plan: plan, kernels: Self.kernels).run() }
    let curvature = try #require(try measured())
    #expect(curvature.rank == rank && curvature.values == curvature.values.sorted(by: >))
    #expect(curvature.values[rank - 1] > 0 && curvature.remainder == curvature.values[rank - 1])
    #expect(try measured() == curvature)
    let stored = curvature.stored
    for a in 0..<rank {
      for b in 0...a {
        let n = stored.basis.count / rank
        let overlap = dot(Array(stored.basis[a * n..<(a + 1) * n]), Array(stored.basis[b * n..<(b + 1) * n]))
        #expect(abs(overlap - (a == b ? 1 : 0)) < 1e-4)
      }
    }
    var count = 0
    let stopped = try CurvatureMeasurement(model, plan: plan, kernels: Self.kernels).run { _ in
      count += 1
      return count < 3
    }
    #expect(stopped == nil && count == 3)
  }

  /// On images of the model itself: lower after few steps than without, and never above the start.
  @Test func invertingWithItIsAheadAndNeverWorseThanTheStart() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "curvature-\(UInt64.random(in: 0...UInt64.max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let plain = try Golden.model("res32")
    let rank = Effort.count(32, low: 12)
    let plan = Self.plan(imageCount: Effort.count(4, low: 2), rank: rank, seed: 1)
    let curvature = try #require(try CurvatureMeasurement(plain, plan: plan, kernels: Self.kernels).run())
    let path = folder.appendingPathComponent("m.idinv").path
    try plain.file.write(curvature.stored, to: path)
    let model = try Model(path: path)
    let found = try #require(try model.curvature())
    #expect(found.values == curvature.values && found.rank == rank)

    let codes = vector(3 * (try plain.generator().codeCount), seed: 11)
    let images = try plain.run(.generator, on: codes, count: 3, kernels: Self.kernels).values
    for image in 0..<Effort.count(3, low: 1) {
      let picture = Array(images[image * images.count / 3..<(image + 1) * images.count / 3])
      func run(_ model: Model, _ count: Int) throws -> [Losses] {
        let options = InversionOptions(iterations: count, optimizer: .auto)
        return try Inverter(model, options: options, kernels: Self.kernels).invert(picture).history
      }
      let (with, without) = (try run(model, 12), try run(plain, 12))
      let best = with.map(\.total).min()!
      #expect(best <= with[0].total && with[0] == without[0])
      #expect(best < without.map(\.total).min()!, "image \(image)")
    }

    // A basis that is not a number: found when it is used.
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let length = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    let header = try #require(
      JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length])) as? [String: Any])
    let entry = try #require(header["curvature.basis"] as? [String: Any])
    #expect(entry["dtype"] as? String == "F16")
    let begin = 8 + length + (try #require((entry["data_offsets"] as? [Int])?.first))
    (bytes[begin], bytes[begin + 1]) = (0, 0x7e)
    let hostile = folder.appendingPathComponent("hostile.idinv").path
    try Data(bytes).write(to: URL(fileURLWithPath: hostile))
    let damaged = try Model(file: ModelFile(path: hostile), path: hostile)
    #expect(throws: InversionError.self) { try damaged.curvature() }
  }
}
