/// Which part of a list a run takes: the one that it is told, or the one that a scheduler has numbered.
package enum ShardChoice: Equatable, CustomStringConvertible {
  case fixed(Shard)
  /// By the variables of a Slurm array or of a Kubernetes Indexed Job; one of `count`, where that is told.
  case scheduled(count: Int?)

  package static let whole = ShardChoice.fixed(.whole)

  /// Reads "2/9", "auto" or "auto/9".
  package init?(argument: String) {
    if argument == "auto" {
      self = .scheduled(count: nil)
    } else if argument.hasPrefix("auto/") {
      // As any shard: the first of so many.
      guard let first = Shard(argument: "1/" + argument.dropFirst(5)) else { return nil }
      self = .scheduled(count: first.count)
    } else {
      guard let shard = Shard(argument: argument) else { return nil }
      self = .fixed(shard)
    }
  }

  package var description: String {
    switch self {
    case .fixed(let shard): shard.description
    case .scheduled(let count): count.map { "auto/\($0)" } ?? "auto"
    }
  }

  /// The shard in force.
  ///
  /// A Slurm array is numbered 1-N, or 0-(N-1) where no count is told. Only a whole array says how many shards there are: a
  /// single task that is submitted again would be 1 of 1, and do all the work anew.
  ///
  /// - Parameter environment: the value of a variable.
  /// - Throws: where no scheduler has numbered the process, or its numbers do not tell the shard.
  package func shard(in environment: (String) -> String?) throws(Failure) -> Shard {
    guard case .scheduled(let count) = self else {
      if case .fixed(let shard) = self { return shard }
      return .whole
    }
    func number(_ name: String) throws(Failure) -> Int? {
      guard let text = environment(name) else { return nil }
      guard let value = Int(text) else {
        throw Failure(.usage, of: "shard", "\(name)=\(text): expected a whole number")
      }
      return value
    }
    if let index = try number("JOB_COMPLETION_INDEX") {
      guard let count else {
        throw Failure(
          .usage, of: "shard",
          "Kubernetes does not tell a job's number of completions; expected auto/N with the N of its 'completions'")
      }
      return try Self.shard(index + 1, of: count, "JOB_COMPLETION_INDEX=\(index)", expected: "0 to \(count - 1)")
    }
    guard let task = try number("SLURM_ARRAY_TASK_ID") else {
      throw Failure(
        .usage, of: "shard",
        "neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set; expected a task of an array, or I/N")
    }
    if let count {
      return try Self.shard(
        task, of: count, "SLURM_ARRAY_TASK_ID=\(task)", expected: "1 to \(count), as of an array 1-\(count)")
    }
    let first = try number("SLURM_ARRAY_TASK_MIN")
    let last = try number("SLURM_ARRAY_TASK_MAX")
    let total = try number("SLURM_ARRAY_TASK_COUNT")
    guard let first, let last, let total, (0...1).contains(first), total == last - first + 1 else {
      throw Failure(
        .usage, of: "shard",
        "the array's tasks are not numbered 1-N or 0-N; expected auto/N for a part of the array that is submitted again"
      )
    }
    return try Self.shard(task - first + 1, of: total, "SLURM_ARRAY_TASK_ID=\(task)", expected: "\(first) to \(last)")
  }

  private static func shard(
    _ number: Int, of count: Int, _ variable: String, expected: String
  ) throws(Failure) -> Shard {
    guard (1...count).contains(number) else {
      throw Failure(.usage, of: "shard", "\(variable): expected \(expected)")
    }
    return Shard(number: number, count: count)
  }
}
