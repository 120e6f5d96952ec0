/// The options of a job, as the fields of a form.
extension JobOptions {
  private static let largestBudget = 3600.0

  /// - Throws: `Problem` 422 that names the field, what was found and what was expected.
  package init(form: [String: FormField]) throws(Problem) {
    self.init()
    if let text = form["steps"]?.text {
      guard let value = Int(text), Self.stepCounts.contains(value) else {
        throw Self.problem("steps", "a whole number from 0 to \(Self.stepCounts.upperBound)", text)
      }
      steps = value
    }
    if let text = form["budget_seconds"]?.text, !text.isEmpty {
      guard let value = Double(text), value > 0, value <= Self.largestBudget else {
        throw Self.problem("budget_seconds", "seconds, up to \(Int(Self.largestBudget))", text)
      }
      budgetSeconds = value
    }
    if let text = form["crops_center"]?.text {
      guard let value = Bool(text) else { throw Self.problem("crops_center", "true or false", text) }
      cropsCenter = value
    }
    if let text = form["frame"]?.text, !text.isEmpty {
      guard let square = try? JSONBody.decode(Square.self, [UInt8](text.utf8)), square.frame != nil else {
        throw Self.problem("frame", #"a square as {"center": [x, y], "axis": [x, y]}"#, text)
      }
      frame = square
    }
  }

  private static func problem(_ field: String, _ expected: String, _ found: String) -> Problem {
    Problem(422, "\(field): expected \(expected), found '\(found.prefix(40))'")
  }
}
