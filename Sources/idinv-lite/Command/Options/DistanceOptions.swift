import ArgumentParser
import Files
import Inversion
import Workflows

/// How far codes are moved: `--alpha`, or `--start-distance`, `--end-distance` and `--steps`.
struct DistanceOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The first α. (default: -3sd where they are known, else -3)", valueName: "alpha"))
  var startDistance: BoundaryDistance?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The last α. (default: 3sd where they are known, else 3)", valueName: "alpha"))
  var endDistance: BoundaryDistance?

  @Option(
    name: .customLong("steps"), parsing: .unconditional,
    help: ArgumentHelp("Number of α, evenly spaced. (default: 7)", valueName: "n"))
  var stepCount: Int?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("These α instead, as in -2,0,1.5 or -2sd,2sd.", valueName: "list"),
    transform: { try DistanceList($0, limit: DistanceOptions.stepLimit) })
  var alpha: DistanceList?

  fileprivate static let stepLimit = 1000

  mutating func validate() throws {
    guard (1...Self.stepLimit).contains(steps) else {
      throw ValidationError("--steps: expected 1 to \(Self.stepLimit), found \(steps)")
    }
    if alpha != nil {
      for (option, isGiven) in [
        ("--start-distance", startDistance != nil), ("--end-distance", endDistance != nil),
        ("--steps", stepCount != nil),
      ] where isGiven {
        throw ValidationError("--alpha lists every α; drop it or \(option)")
      }
    }
  }

  private var steps: Int { stepCount ?? 7 }

  /// α along the unit normal; by default three standard deviations of codes' distances from the first boundary, where its
  /// file says them.
  func distances(along boundary: LoadedBoundary) throws -> [Double] {
    if let alpha { return try alpha.values.map { try $0.alpha(along: boundary) } }
    let reach = BoundaryDistance(3, isInDeviations: boundary.distanceDeviation != nil)
    let back = BoundaryDistance(-3, isInDeviations: boundary.distanceDeviation != nil)
    return Manipulation.distances(
      from: try (startDistance ?? back).alpha(along: boundary),
      through: try (endDistance ?? reach).alpha(along: boundary),
      count: steps)
  }

  func list(_ distances: [Double]) -> [(name: String, value: String)] {
    if let alpha { return [("--alpha", alpha.description)] }
    return [
      ("--start-distance", "\(distances[0])"), ("--end-distance", "\(distances[distances.count - 1])"),
      ("--steps", "\(steps)"),
    ]
  }
}
