import ArgumentParser

/// A list of non-negative integers and ranges, as users write it: `0-3,7`.
struct IntegerList {
  let values: [Int]

  /// - Parameters:
  ///   - option: named in the error.
  ///   - limit: the most values allowed.
  init(_ text: String, option: String, limit: Int) throws {
    values = try Self.parse(text, option: option, limit: limit, upTo: UInt64(UInt32.max)).map { Int($0) }
  }

  /// Seeds of random numbers: PyTorch takes all 64 bits.
  static func seeds(_ text: String, option: String, limit: Int) throws -> [UInt64] {
    try parse(text, option: option, limit: limit, upTo: .max)
  }

  private static func parse(_ text: String, option: String, limit: Int, upTo most: UInt64) throws -> [UInt64] {
    var values: [UInt64] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
      guard let first = ends[0], ends.count <= 2, let last = ends[ends.count - 1], first <= last, last <= most else {
        throw ValidationError("\(option): expected numbers up to \(most) and ranges such as 0-3,7, found '\(text)'")
      }
      guard last - first < UInt64(limit - values.count) else {
        throw ValidationError("\(option): at most \(limit) values, found more in '\(text)'")
      }
      values += first...last
    }
    return values
  }
}
