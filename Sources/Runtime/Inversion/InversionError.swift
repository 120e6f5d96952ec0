import Quant
import Runtime

/// What can go wrong between a model file and an inverted code.
package enum InversionError: Error, CustomStringConvertible {
  /// The model file has no such network, and the task needs it.
  case missingNetwork(String, model: String)
  /// An array does not have the shape that the model needs.
  case badShape(what: String, expected: String, found: [Int])
  /// Models that cannot be compared.
  case badReference(expected: String, found: String)
  /// The objective became infinite or not a number.
  case notFinite(term: String, step: Int)
  /// A boundary that is no direction.
  case badBoundary(name: String, expected: String, found: String)
  /// Style layers that the model does not have.
  case badLayers(what: String, expected: ClosedRange<Int>, found: [Int])
  case badOption(name: String, expected: String, found: String)
  /// Samples, labels or scores that nothing can be learned from.
  case badSamples(what: String, expected: String, found: String)
  /// A memory budget that no plan keeps to; bytes.
  case badBudget(found: Int, least: Int)
  case model(ModelFileError)
  case graph(GraphError)

  package var description: String {
    switch self {
    case .missingNetwork(let network, let model):
      "\(model) holds no \(network); convert one with it (see 'idinv-lite help convert')"
    case .badShape(let what, let expected, let found):
      "\(what): expected shape \(expected), found \(found)"
    case .badReference(let expected, let found): "model: expected \(expected), found \(found)"
    case .notFinite(let term, let step):
      "the \(term) term is not finite at step \(step); expected a number: the loss's weights or Adam's learning rate may be "
        + "too large"
    case .badBoundary(let name, let expected, let found):
      "boundary '\(name)': expected \(expected), found \(found)"
    case .badLayers(let what, let expected, let found):
      "\(what): expected layers from \(expected.lowerBound) to \(expected.upperBound), found "
        + (found.isEmpty ? "none" : found.map(String.init).joined(separator: ","))
    case .badOption(let name, let expected, let found), .badSamples(let name, let expected, let found):
      "\(name): expected \(expected), found \(found)"
    case .badBudget(let found, let least):
      "memory budget: expected at least \(Self.megabytes(least)), which is the least that would do; found "
        + (found < 1 << 20 ? "\(found)" : Self.megabytes(found))
    case .model(let error): "\(error)"
    case .graph(let error): "\(error)"
    }
  }
}

extension InversionError {
  /// As `--memory-budget` takes it, rounded up: "143M".
  private static func megabytes(_ byteCount: Int) -> String { "\((byteCount + (1 << 20) - 1) >> 20)M" }
}

/// Runs `body` and wraps what it throws.
func wrapGraph<Value>(_ body: () throws(GraphError) -> Value) throws(InversionError) -> Value {
  do { return try body() } catch { throw .graph(error) }
}

func wrapModel<Value>(_ body: () throws(ModelFileError) -> Value) throws(InversionError) -> Value {
  do { return try body() } catch { throw .model(error) }
}
