import ArgumentParser

/// A list of non-negative integers and ranges, as users write it: `0-3,7`.
struct IntegerList {
  let values: [Int]

  /// - Parameters:
  ///   - option: named in the error.
  ///   - limit: the most values allowed.
  init(_ text: String, option: String, limit: Int) throws {
    var values: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends[0], ends.count <= 2, let last = ends[ends.count - 1], first >= 0, first <= last,
        last <= Int(UInt32.max)
      else {
        throw ValidationError(
          "\(option): expected numbers up to \(UInt32.max) and ranges such as 0-3,7, found '\(text)'")
      }
      guard last - first < limit - values.count else {
        throw ValidationError("\(option): at most \(limit) values, found more in '\(text)'")
      }
      values += first...last
    }
    self.values = values
  }
}
