import ArgumentParser
import Checkpoint
import Imaging
import Inversion
import Quant
import Runtime
import SIMDKernels

/// Exit codes of `sysexits.h`, as the command's contract lists them.
enum Status: Int32 {
  case usage = 64
  case badData = 65
  case missingInput = 66
  case unavailable = 69
  case internalError = 70
  case cannotCreate = 73
  case inputOutput = 74
}

/// A failure that the command itself finds.
struct Failure: Error, CustomStringConvertible {
  var status: Status
  var description: String

  init(_ status: Status, _ description: String) {
    self.status = status
    self.description = description
  }
}

/// The one table from errors to exit codes.
func status(of error: any Error) -> Status {
  switch error {
  case let error as Failure: error.status
  case let error as ImagingError:
    switch error {
    case .missing: .missingInput
    case .unreadable: .inputOutput
    case .folderNotCreated: .cannotCreate
    case .notWritten(_, let operation, _):
      operation == "open" || operation == "create" ? .cannotCreate : .inputOutput
    case .noImages: .usage
    default: .badData
    }
  case let error as ModelFileError:
    switch error {
    case .cannotOpen: .missingInput
    case .cannotRead: .inputOutput
    case .cannotWrite: .cannotCreate
    default: .badData
    }
  case let error as CheckpointError:
    switch error {
    case .cannotOpen: .missingInput
    case .cannotRead: .inputOutput
    case .cannotWrite: .cannotCreate
    case .modelFile(let error): status(of: error)
    default: .badData
    }
  case let error as InversionError:
    switch error {
    case .badOption: .usage
    case .model(let error): status(of: error)
    case .graph(let error): status(of: error)
    case .missingNetwork, .badShape, .notFinite: .badData
    }
  case let error as GraphError:
    switch error {
    case .outOfMemory: .unavailable
    default: .badData
    }
  case is KernelError: .usage
  default: .internalError
  }
}

extension ParsableCommand {
  /// Runs the body of a command: an error becomes one line on standard error and an exit code.
  func reporting(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as ExitCode {
      throw error
    } catch let error as ValidationError {
      throw error
    } catch {
      StandardStreams.printError("idinv-lite: \(error)")
      throw ExitCode(status(of: error).rawValue)
    }
  }
}
