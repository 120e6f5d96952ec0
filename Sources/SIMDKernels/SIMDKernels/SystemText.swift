import Glibc

/// Small text files in which the system describes the machine and the process.
enum SystemText {
  /// What a file says; nil where there is none.
  static func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    // The longest, of control groups, have a dozen lines.
    let capacity = 16 << 10
    return String(unsafeUninitializedCapacity: capacity) { fread($0.baseAddress!, 1, capacity, file) }
  }

  /// The integers of a list: "0-2,8" → 0, 1, 2, 8.
  static func integers(_ text: String) -> [Int] {
    text.split { !$0.isNumber && $0 != "-" }.flatMap { part -> [Int] in
      let ends = part.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 16 else { return [] }
      return Array(first...last)
    }
  }
}
