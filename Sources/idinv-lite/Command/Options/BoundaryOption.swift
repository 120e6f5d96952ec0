import ArgumentParser
import Files
import Reports
import Workflows

extension BoundaryReference: ExpressibleByArgument {
  package init?(argument: String) {
    // A file may have a colon in its name; then the whole is its name.
    var (path, factor) = (argument, 1.0)
    if let colon = argument.lastIndex(of: ":"), !Folder.exists(argument),
      let value = Double(argument[argument.index(after: colon)...])
    {
      guard value.isFinite, value != 0 else { return nil }
      (path, factor) = (String(argument[..<colon]), value)
    }
    guard !path.isEmpty else { return nil }
    self.init(path: path, factor: factor)
  }
}

/// Numbers as users write them: `-3,0,1.5`.
func numberList(_ text: String, option: String) throws -> [Double] {
  try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
    guard let value = Double(part.trimmed), value.isFinite else {
      throw ValidationError("\(option): expected numbers such as -3,0,1.5, found '\(text)'")
    }
    return value
  }
}
