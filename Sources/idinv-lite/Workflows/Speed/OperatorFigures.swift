import Glibc
import Inversion
import Reports
import SIMDKernels

/// What `bench --graph` says of one operator.
package struct OperatorFigures: Encodable {
  package var name: String
  /// Shape of its output.
  package var output: String
  package var median_s: Double
  /// By definition: a minimal-filtering algorithm does less.
  package var gflop: Double
  /// What the chosen algorithm executes in matrix products, and bytes that its transforms load and store.
  package var executed_gflop: Double
  package var transform_bytes: Int
  package var gflops: Double
  /// Of what is executed, in the peak of its arithmetic: 1 is all of it.
  package var share_of_peak: Double
  /// f32, 16-bit or 8-bit.
  package var arithmetic: String
  /// Inputs, output and weights, each once: no operator can move less unless a cache holds them.
  package var bytes: Int
  package var gb_per_s: Double

  package init(_ operation: GraphTiming.Operation, peaks: [ProductArithmetic: Double]) {
    name = operation.name
    output = operation.shape
    median_s = operation.seconds
    // A clock that did not move between two operators says nothing about their speed.
    let seconds = max(operation.seconds, 1e-9)
    gflop = Double(operation.work) * 1e-9
    executed_gflop = Double(operation.matrixWork) * 1e-9
    transform_bytes = operation.transformByteCount
    gflops = gflop / seconds
    share_of_peak = Double(operation.matrixWork) / seconds / (peaks[operation.arithmetic] ?? .infinity)
    arithmetic = operation.arithmetic.rawValue
    bytes = operation.traffic
    gb_per_s = Double(operation.traffic) * 1e-9 / seconds
  }
}

/// One line per operator, in the order in which they run.
package func operatorTable(_ operators: [OperatorFigures]) -> String {
  var text = "      ms  GFLOP/s   peak of            MB    GB/s  output              operator\n"
  for figures in operators {
    text += printed("%8.3f  ", figures.median_s * 1e3)
    text +=
      figures.gflop > 0
      ? printed("%7.1f  %4.0f %% ", figures.gflops, figures.share_of_peak * 100) + figures.arithmetic.column(8)
      : "      -       -         "
    text += printed("%8.3f  %6.1f  ", Double(figures.bytes) * 1e-6, figures.gb_per_s)
    text += figures.output.column(18) + "  \(figures.name)\n"
  }
  return text
}

extension [ProductArithmetic: Double] {
  /// Operations per second in billions, by the names of arithmetics.
  var gflops: [String: Double] {
    Dictionary<String, Double>(uniqueKeysWithValues: map { ($0.key.rawValue, $0.value * 1e-9) })
  }
}
