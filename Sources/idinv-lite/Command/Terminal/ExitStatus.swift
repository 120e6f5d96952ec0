import Checkpoint
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

/// " (--landmarks, --aligned)": the options that help.
func remedyText(_ parameters: [String]) -> String {
  parameters.isEmpty ? "" : " (" + parameters.map { "--" + $0 }.joined(separator: ", ") + ")"
}

func remedyText(_ parameter: String?) -> String { remedyText(parameter.map { [$0] } ?? []) }

private func optionText(_ error: any Error) -> String? {
  switch error {
  case let error as Failure:
    return (error.parameter == nil ? "" : "--") + "\(error)\(remedyText(error.remedies))"
  case let error as LocatedError: return optionText(error.error).map { "\(error.path): \($0)" }
  case ImagingError.notSquare: return "\(error)\(remedyText("crop center"))"
  case ImagingError.tooMuchMemory: return "\(error)\(remedyText("memory-budget"))"
  case ImagingError.tooLargeToEncode: return "\(error)\(remedyText("format png"))"
  case CheckpointError.badOption: return "--\(error)"
  case CheckpointError.reversedChannels: return "\(error)\(remedyText("perceptual-input"))"
  case CheckpointError.inFile(let path, let error): return optionText(error).map { "\(path): \($0)" }
  case InversionError.badOption(let name, _, _) where name.allSatisfy({ $0.isLowercase || $0 == "-" }):
    return "--\(error)"
  case InversionError.badLayers(let what, _, _) where what == "layers": return "--\(error)"
  case KernelError.unknownTier(let value, let expected):
    return "IDINV_ISA=\(value): expected one of \(expected.joined(separator: ", "))"
  default: return nil
  }
}
