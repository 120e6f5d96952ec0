import Foundation

// Numbers as people read them, in pages and on the terminal alike.

/// Bytes for people: "12.3 MB".
package func humanBytes(_ count: Int) -> String {
  count < 1_000_000
    ? printed("%.1f kB", Double(count) / 1e3)
    : count < 1_000_000_000
      ? printed("%.1f MB", Double(count) / 1e6) : printed("%.2f GB", Double(count) / 1e9)
}

/// Layers as users write them, in order: `0-3,7` is 0, 1, 2, 3, 7.
package func rangeText(_ layers: [Int]) -> String {
  var parts: [String] = []
  var index = 0
  while index < layers.count {
    var end = index
    while end + 1 < layers.count, layers[end + 1] == layers[end] + 1 { end += 1 }
    parts.append(index == end ? "\(layers[index])" : "\(layers[index])-\(layers[end])")
    index = end + 1
  }
  return parts.joined(separator: ",")
}
