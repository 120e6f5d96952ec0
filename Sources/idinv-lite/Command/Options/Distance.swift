import ArgumentParser
import Files
import Inversion
import Reports
import Workflows

/// Distances as users write them: `-3,0,2sd`.
struct DistanceList: CustomStringConvertible {
  let values: [BoundaryDistance]
  /// As it was given.
  let description: String

  /// - Parameter limit: the most distances allowed.
  init(_ text: String, limit: Int) throws {
    values = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let distance = BoundaryDistance(argument: String(part)) else {
        throw ValidationError("expected numbers such as -3,0,1.5 or -2sd,2sd")
      }
      return distance
    }
    guard values.count <= limit else { throw ValidationError("expected at most \(limit) numbers") }
    description = text
  }
}

extension BoundaryDistance: ExpressibleByArgument {
  package init?(argument: String) {
    self.init(argument.trimmed)
    guard value.isFinite else { return nil }
  }

  /// α, along the unit normal.
  func alpha(along boundary: LoadedBoundary) throws -> Double {
    guard let alpha = alpha(deviation: boundary.distanceDeviation) else {
      throw Failure(
        .badData, at: boundary.path,
        "nothing says how far codes lie from this boundary; expected distance_standard_deviation in the "
          + ".json beside it ('boundary train' writes it), or α as a plain number")
    }
    return alpha
  }
}

/// What α means for a boundary whose codes' distances are known.
struct DistanceScale {
  /// Of codes' distances from the boundary.
  var deviation: Double
  var path: String

  init?(_ boundary: LoadedBoundary) {
    guard let deviation = boundary.distanceDeviation else { return nil }
    self.deviation = deviation
    path = boundary.path
  }

  /// Says what α means, and warns where it leads where no codes are.
  static func announce(_ distances: [Double], along boundary: LoadedBoundary, _ reporting: ReportingOptions) throws {
    guard let scale = DistanceScale(boundary) else { return }
    let name = PathText.lastComponent(of: boundary.path)
    if !reporting.quiet, !reporting.json {
      try StandardStreams.printOutput(scale.summary(distances, name: name) + "\n")
    }
    let moves = distances.map { $0 * boundary.factor }
    if let warning = scale.warning(moves, name: name) { StandardStreams.printError("idinv-lite: \(warning)") }
  }

  /// "-1.39 (-3 sd)".
  func text(_ alpha: Double) -> String { printed("%.3g (%.3g sd)", alpha, alpha / deviation) }

  /// Beyond this many deviations hardly any code lies: pictures there are not of the model's domain.
  static let usualReach = 4.0

  /// "α from -1.39 (-3 sd) to 1.39 (3 sd) along glasses.npy, where 1 sd is 0.465".
  func summary(_ distances: [Double], name: String) -> String {
    let ends = distances.count == 1 ? text(distances[0]) : "from \(text(distances.min()!)) to \(text(distances.max()!))"
    return "α \(ends) along \(name), where 1 sd is " + printed("%.3g", deviation)
  }

  /// What to say where a move leaves what codes do; nil where it does not.
  func warning(_ distances: [Double], name: String) -> String? {
    let reach = distances.map { abs($0 / deviation) }.max() ?? 0
    guard reach > Self.usualReach else { return nil }
    let size = printed("%.3g standard deviations (1 sd is %.3g)", reach, deviation)
    return "warning: α reaches \(size) of codes' distances from \(name); beyond \(printed("%.3g", Self.usualReach)) "
      + "pictures leave the model's domain. Plain numbers are distances along the unit normal; write 3sd for deviations"
  }
}
