import Checkpoint
import Files
import Foundation
import Imaging
import Inversion
import Quant
import Runtime
import SIMDKernels

/// Exit codes of `sysexits.h`, as the command's contract lists them.
package enum Status: Int32 {
  case usage = 64
  case badData = 65
  case missingInput = 66
  case unavailable = 69
  case internalError = 70
  case cannotCreate = 73
  case inputOutput = 74
}

/// A failure that the command itself finds.
package struct Failure: Error, CustomStringConvertible {
  package var status: Status
  package var description: String

  package init(_ status: Status, _ description: String) {
    self.status = status
    self.description = description
  }
}

/// The one table from errors to exit codes.
package func status(of error: any Error) -> Status {
  switch error {
  case let error as Failure: error.status
  case let error as FileError: statusOfFile(error)
  case let error as ImagingError:
    switch error {
    case .file(let error): status(of: error)
    case .missingListed: .missingInput
    case .noImages: .usage
    default: .badData
    }
  case let error as ModelFileError:
    switch error {
    case .file(let error): status(of: error)
    default: .badData
    }
  case let error as CheckpointError:
    switch error {
    case .file(let error): status(of: error)
    case .modelFile(let error): status(of: error)
    case .inFile(_, let error): status(of: error)
    case .outOfMemory: .unavailable
    default: .badData
    }
  case let error as InversionError:
    switch error {
    case .badOption: .usage
    case .badBudget: .unavailable
    case .model(let error): status(of: error)
    case .graph(let error): status(of: error)
    case .missingNetwork, .badShape, .badReference, .badBoundary, .badLayers, .badSamples, .notFinite: .badData
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

/// An input that is not there, or is something else; a place that cannot be written from the start; a disk that failed or
/// filled up in the middle.
private func statusOfFile(_ error: FileError) -> Status {
  switch (error.operation, error.reason) {
  case (_, .hasChanged), (_, .endsEarly): .inputOutput
  case (_, .isTooLarge): .badData
  case (let operation, .system(let code)) where operation.isReading:
    [ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, ENAMETOOLONG].contains(code) ? .missingInput : .inputOutput
  case (let operation, _) where operation.isReading: .badData
  case (.create, _), (.rename, _), (.createFolder, _), (.lock, _), (.remove, _):
    error.isDiskFailure ? .inputOutput : .cannotCreate
  default: .inputOutput
  }
}

/// An error as one line.
package func errorLine(_ error: any Error) -> String {
  let text =
    switch error {
    case KernelError.unknownTier(let value, let expected):
      "IDINV_ISA=\(value): expected one of \(expected.joined(separator: ", "))"
    default: "\(error)"
    }
  return printable(text)
}

/// Text from outside, such as names of files and tensors, as one line that does nothing to a terminal.
package func printable(_ text: String) -> String { PlainText.line(text) }

/// Runs `body`, which reads the file at `path`; readers know bytes, and users want to know of which file.
package func locating<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
  do {
    return try body()
  } catch {
    let text = "\(error)"
    if text.hasPrefix("\(path):") || text.contains(" \(path):") { throw error }
    throw Failure(status(of: error), "\(path): \(text)")
  }
}
