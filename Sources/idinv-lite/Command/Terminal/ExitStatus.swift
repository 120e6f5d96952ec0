import Imaging
import Inversion
import SIMDKernels
import Workflows

/// Exit codes of `sysexits.h`, as the command's contract lists them.
enum Status: Int32 {
  case usage = 64
  case badData = 65
  case missingInput = 66
  case unavailable = 69
  case internalError = 70
  case cannotCreate = 73
  case inputOutput = 74

  init(_ kind: FailureKind) {
    self =
      switch kind {
      case .usage: .usage
      case .badData: .badData
      case .missingInput: .missingInput
      case .unavailable: .unavailable
      case .internalError: .internalError
      case .cannotCreate: .cannotCreate
      case .inputOutput: .inputOutput
      }
  }
}

/// What the terminal says about an error: its own text, and the option that it is about. Parameters of runs have the names
/// of options.
func terminalLine(_ error: any Error) -> String { printable(optionText(error) ?? "\(error)") }

private func optionText(_ error: any Error) -> String? {
  switch error {
  case let error as Failure:
    guard error.parameter != nil || error.remedy != nil else { return nil }
    return (error.parameter == nil ? "" : "--") + "\(error)" + (error.remedy.map { " (--\($0))" } ?? "")
  case let error as LocatedError: return optionText(error.error).map { "\(error.path): \($0)" }
  case ImagingError.notSquare: return "\(error) (--crop center)"
  case InversionError.badOption(let name, _, _) where name.allSatisfy({ $0.isLowercase || $0 == "-" }):
    return "--\(error)"
  case InversionError.badLayers(let what, _, _) where what == "layers": return "--\(error)"
  case KernelError.unknownTier(let value, let expected):
    return "IDINV_ISA=\(value): expected one of \(expected.joined(separator: ", "))"
  default: return nil
  }
}
