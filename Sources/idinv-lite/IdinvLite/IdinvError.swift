import Workflows

/// Why a call failed: one line for people, and the facts for programs.
public struct IdinvError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Kinds of failure. The raw values are the exit codes of the `idinv-lite` command and the status codes of the C library.
  public enum Kind: Int32, Sendable, CaseIterable {
    /// A parameter has a value that the call does not accept.
    case invalidArgument = 64
    /// A file or an array was read, and its contents are of no use: damaged, of another kind, or of another model.
    case badData = 65
    /// An input file does not exist or may not be opened.
    case missingFile = 66
    /// The model, the machine or the memory budget lacks what the call needs.
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
    self.init(Kind(rawValue: status(of: error).rawValue) ?? .internalError, message, path: path)
  }

  /// Runs `body`; what it throws becomes an `IdinvError`.
  ///
  /// - Parameter path: the file that `body` reads or writes.
  static func wrapping<Value>(path: String? = nil, _ body: () throws -> Value) throws(IdinvError) -> Value {
    do { return try body() } catch { throw IdinvError(error, path: path) }
  }
}
