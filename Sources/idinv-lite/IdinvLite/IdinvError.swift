import Inversion
import Workflows

/// Why a call failed: one line for people, and the facts for programs.
public struct IdinvError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Kinds of failure. The raw values are the exit codes of the `idinv-lite` command and the status codes of the C library.
  public enum Kind: Int32, Sendable, CaseIterable {
    /// A parameter has a value that the call does not accept.
    case invalidArgument = 64
    /// The contents of a file or an array are of no use: damaged, of another kind, of another model, or without the network
    /// that the call needs.
    case badData = 65
    /// An input file does not exist or may not be opened.
    case missingFile = 66
    /// The machine or the memory budget lacks what the call needs.
    case unavailable = 69
    /// A fault of this library.
    case internalError = 70
    /// An output file or folder cannot be created.
    case cannotCreate = 73
    /// The file system failed while reading or writing.
    case inputOutput = 74
    /// The caller stopped the work before there was a result.
    case cancelled = 130
  }

  public var kind: Kind
  /// What happened, where, and what was expected, in one line.
  public var message: String
  /// The file that the failure is about, as the caller gave it; nil where it is about none.
  public var path: String?

  public init(_ kind: Kind, _ message: String, path: String? = nil) {
    self.kind = kind
    self.message = message
    self.path = path
  }

  public var description: String { message }

  /// A failure of the modules behind this one.
  ///
  /// - Parameter path: the file that was being read or written, for errors that do not know it.
  init(_ error: any Error, path: String? = nil) {
    if let error = error as? IdinvError {
      self = error
      return
    }
    var message = String(describing: error)
    if let path, !message.contains(path) { message = "\(path): \(message)" }
    self.init(Self.kind(of: error), message, path: path)
  }

  private static func kind(of error: any Error) -> Kind {
    // A parameter here, where the command reads them from files, too.
    if case InversionError.badLayers = error { return .invalidArgument }
    return switch FailureKind(error) {
    case .usage: .invalidArgument
    case .badData: .badData
    case .missingInput: .missingFile
    case .unavailable: .unavailable
    case .internalError: .internalError
    case .cannotCreate: .cannotCreate
    case .inputOutput: .inputOutput
    }
  }

  /// Runs `body`; what it throws becomes an `IdinvError`.
  ///
  /// - Parameter path: the file that `body` reads or writes.
  static func wrapping<Value>(path: String? = nil, _ body: () throws -> Value) throws(IdinvError) -> Value {
    do { return try body() } catch { throw IdinvError(error, path: path) }
  }
}
