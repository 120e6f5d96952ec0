/// One of several runs that share the images of a list: run i of n takes lines i, i + n, i + 2n, …
package struct Shard: Codable, Equatable, CustomStringConvertible {
  /// From 1.
  package var number: Int
  package var count: Int

  package static let whole = Shard(number: 1, count: 1)

  package init(number: Int, count: Int) {
    self.number = number
    self.count = count
  }

  package init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let number = parts[0], let count = parts[1], 1 <= number, number <= count, count <= 100_000
    else { return nil }
    self.init(number: number, count: count)
  }

  package var description: String { "\(number)/\(count)" }

  /// Whether a line of the list, from 0, is this run's.
  package func contains(_ line: Int) -> Bool { line % count == number - 1 }

  /// The lines of this run.
  package func lines(of lineCount: Int) -> StrideTo<Int> { stride(from: number - 1, to: lineCount, by: count) }
}
