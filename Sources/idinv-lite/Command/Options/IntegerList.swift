import ArgumentParser

/// A list of non-negative integers and ranges, as users write it: `0-3,7`.
///
/// Options get it by a transformation, whose error becomes part of ArgumentParser's message.
struct IntegerList: CustomStringConvertible {
  let values: [Int]
  /// As it was given.
  let text: String

  /// - Parameter limit: the most values allowed.
  init(_ text: String, limit: Int) throws {
    values = try Self.parse(text, limit: limit, upTo: UInt64(UInt32.max)).map { Int($0) }
    self.text = text
  }

  var description: String { text }

  init(values: [Int], text: String) {
    self.values = values
    self.text = text
  }

  /// At most 1000 values: style layers, or numbers of steps or threads.
  static func short(_ text: String) throws -> IntegerList { try IntegerList(text, limit: 1000) }

  fileprivate static func parse(_ text: String, limit: Int, upTo most: UInt64) throws -> [UInt64] {
    var values: [UInt64] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
      guard let first = ends[0], ends.count <= 2, let last = ends[ends.count - 1], first <= last, last <= most else {
        throw ValidationError("expected numbers up to \(most) and ranges such as 0-3,7")
      }
      guard last - first < UInt64(limit - values.count) else {
        throw ValidationError("expected at most \(limit) values, found more")
      }
      values += first...last
    }
    return values
  }
}

/// Seeds of random numbers: PyTorch takes all 64 bits.
struct SeedList {
  let values: [UInt64]

  init(_ text: String) throws { values = try IntegerList.parse(text, limit: 10_000, upTo: .max) }
}
