import Reports
import SIMDKernels

/// `--cores`: which CPUs to compute on.
package enum CoreChoice: Equatable, Sendable {
  /// `big` where some CPUs are clearly weaker and the threads asked for fit on the others; else `all`.
  case automatic
  /// All but the clearly weaker.
  case big
  /// All that the process may use.
  case all
  case list([Int])

  /// Numbers of the CPUs that this means.
  ///
  /// - Parameter threadCount: threads asked for; 0 where the number of cores decides.
  package func cpus(of topology: CoreTopology, threadCount: Int = 0) throws -> [Int] {
    let all = topology.cpus.map(\.number)
    switch self {
    case .all: return all
    case .big: return topology.bigCPUs
    case .automatic:
      let big = topology.bigCPUs
      return threadCount <= topology.coreCount(of: big) ? big : all
    case .list(let numbers):
      guard let missing = numbers.first(where: { !all.contains($0) }) else { return numbers }
      throw Failure(
        .usage, of: "cores", "CPU \(missing) is not there, or not for this process; expected some of \(rangeText(all))")
    }
  }

  /// Confines this process to the CPUs that this means: before anything computes in parallel.
  ///
  /// - Returns: the CPUs in force.
  @discardableResult
  package func apply(to topology: CoreTopology = CoreTopology(), threadCount: Int = 0) throws -> [Int] {
    let chosen = try cpus(of: topology, threadCount: threadCount)
    // The system is asked for nothing where nothing changes.
    guard chosen.count < topology.cpus.count else { return chosen }
    guard Processor.confine(to: chosen) else {
      throw Failure(.unavailable, of: "cores", "the system does not let this process choose CPUs \(rangeText(chosen))")
    }
    return chosen
  }
}
