import CIdinv
import Glibc
import IdinvLite
import Synchronization

/// What an `idinv_context *` points to: at most one model, and the last error.
final class Context: Sendable {
  private struct State {
    var model: Model?
    var error: IdinvError?
  }
  private let state = Mutex(State())
  /// Checked when a model is opened, so that there is a place for the error.
  private let options: Result<EngineOptions, IdinvError>

  init(options: Result<EngineOptions, IdinvError>) { self.options = options }

  func open(_ path: String) throws {
    let model = try Model(path: path, options: options.get())
    state.withLock { $0.model = model }
  }

  func close() { state.withLock { $0.model = nil } }

  /// The model that is open.
  func model() throws -> Model {
    guard let model = state.withLock({ $0.model }) else {
      throw IdinvError(.invalidArgument, "context: expected an open model; call idinv_open first")
    }
    return model
  }

  var lastError: IdinvError? {
    get { state.withLock { $0.error } }
    set { state.withLock { $0.error = newValue } }
  }

  static func at(_ handle: OpaquePointer) -> Context {
    Unmanaged<Context>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
  }
}

/// Runs the body of a call: what it throws becomes the context's last error, and its kind the status.
func call(_ handle: OpaquePointer?, _ body: (Context) throws -> Void) -> idinv_status {
  guard let handle else { return IdinvError.Kind.invalidArgument.rawValue }
  let context = Context.at(handle)
  do {
    try body(context)
    context.lastError = nil
    return 0
  } catch {
    let failure = error as? IdinvError ?? IdinvError(.internalError, "\(error)")
    context.lastError = failure
    return failure.kind.rawValue
  }
}

// MARK: Version

/// A constant that is never freed; `unsafe` because the compiler cannot know that nobody writes to it.
nonisolated(unsafe) private let version: UnsafePointer<CChar> = UnsafePointer(strdup(idinvLiteVersion)!)

@_cdecl("idinv_version")
public func idinvVersion() -> UnsafePointer<CChar> { version }

@_cdecl("idinv_abi")
public func idinvABI() -> Int32 { IDINV_ABI }

// MARK: Lifetime

@_cdecl("idinv_create")
public func idinvCreate(_ options: UnsafePointer<idinv_engine_options>?) -> OpaquePointer? {
  var resolved: Result<EngineOptions, IdinvError>
  do {
    resolved = .success(try engineOptions(options))
  } catch {
    resolved = .failure(error as? IdinvError ?? IdinvError(.internalError, "\(error)"))
  }
  return OpaquePointer(Unmanaged.passRetained(Context(options: resolved)).toOpaque())
}

private func engineOptions(_ pointer: UnsafePointer<idinv_engine_options>?) throws -> EngineOptions {
  let given = try known(pointer, zero: idinv_engine_options(), "engine options")
  let arithmetic = try choice(
    given.arithmetic, of: [EngineOptions.Arithmetic.auto, .f32, .f16, .int8], "arithmetic")
  return EngineOptions(
    threads: Int(given.threads), arithmetic: arithmetic,
    memoryBudget: given.memory_budget == 0 ? nil : Int(clamping: given.memory_budget))
}

@_cdecl("idinv_destroy")
public func idinvDestroy(_ handle: OpaquePointer?) {
  if let handle { Unmanaged<Context>.fromOpaque(UnsafeRawPointer(handle)).release() }
}

// MARK: Errors

@_cdecl("idinv_error_code")
public func idinvErrorCode(_ handle: OpaquePointer?) -> idinv_status {
  guard let handle else { return IdinvError.Kind.invalidArgument.rawValue }
  return Context.at(handle).lastError?.kind.rawValue ?? 0
}

@_cdecl("idinv_error_text")
public func idinvErrorText(_ handle: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Int {
  let text = handle.map { Context.at($0).lastError?.message ?? "" } ?? "context: expected one, found NULL"
  return copy(text, to: buffer, capacity)
}

@_cdecl("idinv_error_path")
public func idinvErrorPath(_ handle: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Int {
  copy(handle.flatMap { Context.at($0).lastError?.path } ?? "", to: buffer, capacity)
}

/// Copies as many whole characters as fit, and a terminator. Returns the length of all of the text in bytes.
private func copy(_ text: String, to buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Int {
  let bytes = Array(text.utf8)
  if let buffer, capacity > 0 {
    var count = min(bytes.count, capacity - 1)
    // Not into the middle of a character: continuation bytes of UTF-8 are 10xxxxxx.
    while count > 0, count < bytes.count, bytes[count] & 0xC0 == 0x80 { count -= 1 }
    for index in 0..<count { buffer[index] = CChar(bitPattern: bytes[index]) }
    buffer[count] = 0
  }
  return bytes.count
}

@_cdecl("idinv_release")
public func idinvRelease(_ memory: UnsafeMutableRawPointer?) { free(memory) }
