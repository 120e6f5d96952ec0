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
