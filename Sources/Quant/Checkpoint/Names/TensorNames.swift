/// The names under which a program stores the tensors that a plan reads, and how it lays them out.
///
/// Plans read one set of names, those of idinvert_pytorch; a table for each other program says where each of them lies.
struct TensorNames: Sendable {
  struct Source: Sendable {
    /// The program's own name, without wrappers' prefixes.
    var name: String
    var layout: TensorLayout
  }

  /// The program and its network, for messages.
  let title: String
  /// The first components of the network's own names: an unknown tensor behind one of them would change its output.
  let modules: Set<String>
  private var sources: [String: [Source]] = [:]
  private var targets: [String: [String]] = [:]

  init(title: String, modules: Set<String>) {
    self.title = title
    self.modules = modules
  }

  /// - Parameters:
  ///   - target: the plan's name.
  ///   - source: the program's.
  mutating func add(_ target: String, from source: String, _ layout: TensorLayout = .asStored) {
    sources[target, default: []].append(Source(name: source, layout: layout))
    targets[source, default: []].append(target)
  }

  /// A tensor of the program that says nothing that a plan needs to know.
  mutating func addKnown(_ source: String) { targets[source] = [] }

  /// Where a tensor of the plan may lie, the usual place first; none where the program does not store it.
  func sources(of target: String) -> [Source] { sources[target] ?? [] }

  func knows(_ source: String) -> Bool { targets[source] != nil }

  /// The plan's tensors that come from one of the program's.
  func targets(of source: String) -> [String] { targets[source] ?? [] }

  /// The number of the program's names behind each prefix ("", "module.", "generator_smooth.").
  func prefixes(in names: [String]) -> [String: Int] {
    var counts: [String: Int] = [:]
    for name in names {
      var start = name.startIndex
      while true {
        if targets[String(name[start...])] != nil {
          counts[String(name[..<start]), default: 0] += 1
          break
        }
        guard let dot = name[start...].firstIndex(of: ".") else { break }
        start = name.index(after: dot)
      }
    }
    return counts
  }
}
