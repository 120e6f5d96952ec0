import Checkpoint
import Files
import Glibc
import Imaging
import Inversion
import Quant
import Runtime
import SIMDKernels

/// What kind of trouble an error is: what a command's exit code, or a server's status, goes by.
package enum FailureKind: Sendable {
  case usage, badData, missingInput, unavailable, internalError, cannotCreate, inputOutput
}

/// A failure that a run itself finds. Its text names no option: who has options says which one it was.
package struct Failure: Error, CustomStringConvertible {
  package var kind: FailureKind
  /// The file or folder that it is about.
  package var path: String?
  /// The parameter whose value is wrong, by its name: "shard".
  package var parameter: String?
  /// The parameters that help, each with its value where that is known: "judge none".
  package var remedies: [String]
  package var message: String

  package init(
    _ kind: FailureKind, at path: String? = nil, of parameter: String? = nil, remedies: [String] = [], _ message: String
  ) {
    self.kind = kind
    self.path = path
    self.parameter = parameter
    self.remedies = remedies
    self.message = message
  }

  package var description: String { [parameter, path, message].compactMap(\.self).joined(separator: ": ") }

  /// - Throws: where an edit has led to no picture.
  static func requireFinite(_ image: [Float], at path: String) throws {
    guard image.allSatisfy(\.isFinite) else {
      throw Failure(
        .badData, at: path, "the generator's image is not finite; expected a code nearer to those of pictures")
    }
  }
}

/// An error that does not say by itself which file it is about.
package struct LocatedError: Error, CustomStringConvertible {
  package var path: String
  package var error: any Error

  package init(path: String, error: any Error) {
    self.path = path
    self.error = error
  }

  package var description: String { "\(path): \(error)" }
}

/// Adds the path of the file that `body` is about to an error that names none.
package func locating<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
  do {
    return try body()
  } catch {
    if namesFile(error) { throw error }
    throw LocatedError(path: path, error: error)
  }
}

/// Whether an error says which file it is about.
private func namesFile(_ error: any Error) -> Bool {
  switch error {
  case is LocatedError, is FileError, is Cancelled, is NothingDone: return true
  case let error as Failure: return error.path != nil
  case let error as ImagingError:
    switch error {
    case .noImages, .notEncodable, .tooLargeToEncode: return false
    default: return true
    }
  case let error as ModelFileError:
    switch error {
    case .file: return true
    default: return false
    }
  case let error as CheckpointError:
    switch error {
    case .file, .outOfMemory, .unsupported, .inFile: return true
    case .modelFile(let error): return namesFile(error)
    default: return false
    }
  case let error as InversionError:
    switch error {
    case .missingNetwork: return true
    case .model(let error): return namesFile(error)
    default: return false
    }
  default: return false
  }
}

extension FailureKind {
  /// The one table from errors to kinds.
  package init(_ error: any Error) {
    self =
      switch error {
      case let error as Failure: error.kind
      case let error as LocatedError: FailureKind(error.error)
      case let error as FileError: FailureKind(error)
      case let error as ImagingError: FailureKind(error)
      case let error as ModelFileError: FailureKind(error)
      case let error as CheckpointError: FailureKind(error)
      case let error as InversionError: FailureKind(error)
      case let error as GraphError: FailureKind(error)
      case is KernelError: .usage
      case is NothingDone: .badData
      default: .internalError
      }
  }

  /// An input that is not there, or is something else; a place that cannot be written from the start; a disk that failed or
  /// filled up in the middle.
  private init(_ error: FileError) {
    self =
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

  private init(_ error: ImagingError) {
    self =
      switch error {
      case .file(let error): FailureKind(error)
      case .missingListed: .missingInput
      case .noImages: .usage
      default: .badData
      }
  }

  private init(_ error: ModelFileError) {
    self =
      switch error {
      case .file(let error): FailureKind(error)
      default: .badData
      }
  }

  private init(_ error: CheckpointError) {
    self =
      switch error {
      case .file(let error): FailureKind(error)
      case .outOfMemory: .unavailable
      case .modelFile(let error): FailureKind(error)
      case .inFile(_, let error), .inNetwork(_, let error): FailureKind(error)
      default: .badData
      }
  }

  private init(_ error: InversionError) {
    self =
      switch error {
      case .badOption: .usage
      case .badBudget: .unavailable
      case .model(let error): FailureKind(error)
      case .graph(let error): FailureKind(error)
      case .missingNetwork, .badShape, .badReference, .badBoundary, .badLayers, .badSamples, .notFinite: .badData
      }
  }

  private init(_ error: GraphError) {
    self =
      switch error {
      case .outOfMemory: .unavailable
      default: .badData
      }
  }
}

/// An error as one line without control characters, as results and the terminal take it.
package func errorLine(_ error: any Error) -> String { printable("\(error)") }

/// Text from outside, such as names of files and tensors, as one line that does nothing to a terminal.
package func printable(_ text: String) -> String { PlainText.line(text) }
