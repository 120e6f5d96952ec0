import ArgumentParser
import Reports
import Workflows

extension CoreChoice: ExpressibleByArgument {
  package init?(argument: String) {
    switch argument {
    case "auto": self = .automatic
    case "big": self = .big
    case "all": self = .all
    default:
      guard let list = try? IntegerList(argument, limit: 1024) else { return nil }
      self = .list(Array(Set(list.values)).sorted())
    }
  }

  package var defaultValueDescription: String {
    switch self {
    case .automatic: "auto"
    case .big: "big"
    case .all: "all"
    case .list(let numbers): rangeText(numbers)
    }
  }
}
