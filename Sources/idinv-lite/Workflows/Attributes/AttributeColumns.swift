import Inversion

/// Attributes of a model, by name: `--attribute smile,glasses`.
package struct AttributeColumns {
  package let names: [String]
  /// Places in the attribute network's output.
  package let columns: [Int]

  /// - Parameter list: names with commas between them; nil for all.
  package init(_ list: String?, of model: Model) throws {
    let known = try model.attributeReader().names
    guard let list else {
      names = known
      columns = Array(known.indices)
      return
    }
    var names: [String] = []
    var columns: [Int] = []
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let name = String(part)
      guard let column = known.firstIndex(of: name), !names.contains(name) else {
        throw Failure(
          .usage, of: "attribute",
          names.contains(name)
            ? "'\(name)' twice"
            : "the model has no '\(name)'; expected some of \(known.joined(separator: ", "))")
      }
      names.append(name)
      columns.append(column)
    }
    self.names = names
    self.columns = columns
  }
}
