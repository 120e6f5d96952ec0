import Foundation
import Inversion
import Quant
import Runtime
import Testing

/// The solver against scikit-learn (`Tests/Golden/make_semantics.py`), and against its own optimality conditions.
@Suite struct LinearSVMTests {
  /// The data of `make_semantics.py`, which follow from a seed.
  struct Problem {
    let rows: SampleRows
    let scores: [Double]

    static let shared = Problem()

    private init() {
      let (count, dimension) = (10_000, 512)
      var random = TorchRandom(seed: 7)
      var codes = random.normals(count * dimension)
      let spread = (0..<dimension).map { exp(-Float($0) / 128) }
      let direction = random.normals(dimension)
      let noise = random.normals(count)
      var scores: [Double] = []
      for row in 0..<count {
        var sum = 0.0
        for column in 0..<dimension {
          let value = codes[row * dimension + column] * spread[column]
          sum += Double(value) * Double(direction[column])
          codes[row * dimension + column] = value + 0.3
        }
        scores.append(sum / 10 + 0.3 * Double(noise[row]))
      }
      self.scores = scores
      rows = SampleRows(matrix(codes, columns: dimension), kernels: Kernels(threadCount: 1))
    }

    /// Rows by falling score.
    var order: [Int] { scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) } }
  }

  private func cosine(_ a: [Float], _ b: [Float]) -> Double { Double(Difference(a, reference: b).cosine) }

  @Test(arguments: [("all_hinge", SVMLoss.hinge), ("all_squared", .squaredHinge)])
  func tenThousandSamplesAgreeWithScikitLearn(name: String, loss: SVMLoss) throws {
    let problem = Problem.shared
    let order = problem.order
    let median = (problem.scores[order[4999]] + problem.scores[order[5000]]) / 2
    var options = LinearSVM.Options()
    options.loss = loss
    // What is proved; the angle is much smaller. The squared hinge's bound comes down slowly.
    options.cosine = loss == .hinge ? 0.99 : 0.97
    let machine = try LinearSVM(
      problem.rows, rows: Array(0..<10_000), labels: problem.scores.map { $0 > median ? 1 : -1 }, options: options)
    let reference = try Golden.array("semantics", name).values
    #expect(cosine(machine.weights, reference) > 0.999)
    #expect(machine.cosineBound >= options.cosine && machine.dualityGap >= 0)
    let figures = try #require(Figures.all[name])
    #expect(abs(machine.norm / figures.norm - 1) < 0.02 && abs(machine.bias - figures.bias) < 0.02 * figures.norm)
  }

  @Test(arguments: [("confident_hinge", SVMLoss.hinge), ("confident_squared", .squaredHinge)])
  func confidentSamplesAgreeWithScikitLearn(name: String, loss: SVMLoss) throws {
    let problem = Problem.shared
    let rows = Array(problem.order.prefix(140) + problem.order.suffix(140))
    var options = LinearSVM.Options()
    options.loss = loss
    options.cosine = 0.99999
    let labels = (0..<280).map { $0 < 140 ? 1.0 : -1 }
    let machine = try LinearSVM(problem.rows, rows: rows, labels: labels, options: options)
    #expect(cosine(machine.weights, try Golden.array("semantics", name).values) > 0.9999)
    let figures = try #require(Figures.all[name])
    #expect(abs(machine.norm / figures.norm - 1) < 2e-3 && abs(machine.bias - figures.bias) < 0.01)
  }

  /// Figures of the references.
  struct Figures: Decodable {
    var norm: Double
    var bias: Double

    static let all: [String: Figures] = {
      let data = (try? Data(contentsOf: URL(fileURLWithPath: Golden.path("semantics", "figures.json")))) ?? Data()
      let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] ?? [:]
      return object.compactMapValues { entry in
        guard let entry = entry as? [String: Double], let norm = entry["norm"], let bias = entry["bias"] else {
          return nil
        }
        return Figures(norm: norm, bias: bias)
      }
    }()
  }

  @Test(arguments: SVMLoss.allCases) func smallProblemsAgreeWithASlowOracle(loss: SVMLoss) throws {
    for seed in 1...4 {
      var random = TorchRandom(seed: UInt32(seed))
      let (count, dimension) = (40, 5)
      // Seven columns, of which the middle five count.
      let values = random.normals(count * 7)
      let noise = random.normals(count)
      let labels = (0..<count).map { values[$0 * 7 + 2] + 0.7 * noise[$0] > 0.4 ? 1.0 : -1 }
      let rows = SampleRows(matrix(values, columns: 7), runs: [1..<3, 3..<6], kernels: Kernels(threadCount: 2))
      var options = LinearSVM.Options()
      options.loss = loss
      options.cost = 0.5
      options.cosine = 1 - 1e-9
      let machine = try LinearSVM(rows, rows: Array(0..<count), labels: labels, options: options)
      #expect(machine.weights[0] == 0 && machine.weights[6] == 0)

      func objective(_ w: [Double], _ bias: Double) -> Double {
        var sum = 0.5 * w.reduce(0) { $0 + $1 * $1 }
        for sample in 0..<count {
          var product = bias
          for column in 0..<dimension { product += w[column] * Double(values[sample * 7 + 1 + column]) }
          let short = max(0, 1 - labels[sample] * product)
          sum += 0.5 * (loss == .hinge ? short : short * short)
        }
        return sum
      }
      let ours = objective(machine.weights[1..<6].map(Double.init), machine.bias)
      #expect(abs(ours - machine.objective) < 1e-5)
      // Subgradient descent from zero, with steps that fall: slow, and sure.
      var (w, bias, best) = ([Double](repeating: 0, count: dimension), 0.0, Double.infinity)
      for step in 1...60_000 {
        var (gradient, slope) = (w, 0.0)
        for sample in 0..<count {
          var product = bias
          for column in 0..<dimension { product += w[column] * Double(values[sample * 7 + 1 + column]) }
          let short = 1 - labels[sample] * product
          guard short > 0 else { continue }
          let factor = -0.5 * labels[sample] * (loss == .hinge ? 1 : 2 * short)
          for column in 0..<dimension { gradient[column] += factor * Double(values[sample * 7 + 1 + column]) }
          slope += factor
        }
        let rate = 1 / (20 + 0.5 * Double(step))
        for column in 0..<dimension { w[column] -= rate * gradient[column] }
        bias -= rate * slope
        if step % 100 == 0 { best = min(best, objective(w, bias)) }
      }
      #expect(ours <= best * (1 + 1e-6), "\(loss) \(seed): \(ours) against \(best)")
      #expect(best - ours < 0.01 * best, "\(loss) \(seed): the oracle is far off: \(ours) against \(best)")
      // What the gap proves is true.
      #expect(machine.objective - machine.dualityGap <= best * (1 + 1e-6))
    }
  }

  @Test func threadsAndRepetitionsGiveTheSameBits() throws {
    var random = TorchRandom(seed: 5)
    let values = random.normals(200 * 64)
    let labels = (0..<200).map { values[$0 * 64] > 0 ? 1.0 : -1 }
    let machines = try [1, 2, 2].map { threads in
      try LinearSVM(
        SampleRows(matrix(values, columns: 64), kernels: Kernels(threadCount: threads)), rows: Array(0..<200),
        labels: labels, options: LinearSVM.Options())
    }
    #expect(machines[0].weights == machines[1].weights && machines[1].weights == machines[2].weights)
    #expect(machines[0].bias == machines[1].bias)
  }

  @Test func whatNothingCanBeLearnedFromIsRefused() throws {
    func error(_ values: [Float], _ labels: [Double]) -> String {
      do throws(InversionError) {
        _ = try LinearSVM(
          SampleRows(matrix(values, columns: 2), kernels: Kernels(threadCount: 1)), rows: Array(labels.indices),
          labels: labels, options: LinearSVM.Options())
        return "none"
      } catch {
        return "\(error)"
      }
    }
    #expect(error([1, 2, 3, 4], [1, 1]).contains("of one only"))
    #expect(error([1, 2, .nan, 4], [1, -1]).hasPrefix("sample 1: expected finite numbers"))
    #expect(error([1, 2, 3, 3e38], [1, -1]).contains("too large"))
    #expect(error([0, 0, 0, 0], [1, -1]).contains("zeros"))
    // Two equal samples with different labels: there is no direction, and that ends.
    #expect(error([1, 1, 1, 1], [1, -1]) == "none")
  }
}

/// A matrix in memory.
func matrix(_ values: [Float], columns: Int) -> FloatMatrix {
  let builder = FloatMatrixBuilder(rowCapacity: values.count / columns, columnCount: columns)!
  builder.append(values)
  return builder.finish()
}
