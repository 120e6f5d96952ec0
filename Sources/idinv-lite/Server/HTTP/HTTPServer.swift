import CCivetweb
import Glibc

/// An HTTP/1.1 server: civetweb's, with one function for all requests.
///
/// Civetweb reads, checks and limits requests; one of its threads calls the handler for each. It serves no files.
package final class HTTPServer: @unchecked Sendable {
  /// Called on many threads at a time.
  package typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

  package struct Configuration: Sendable {
    package var address: String
    /// 0 for any free one.
    package var port: Int
    /// Requests and event streams at a time; further ones wait.
    package var threadCount = 256
    /// Seconds that a client may take for its header, and between two parts of a body: with so many threads and places in the
    /// queue, some seconds pass until thousands of silent connections are all turned away.
    package var patience = 3.0

    package init(address: String, port: Int) {
      self.address = address
      self.port = port
    }
  }

  private let handler: Handler
  private var context: OpaquePointer?
  private let deadlines = Deadlines()

  /// The port in force.
  package private(set) var port = 0

  /// Starts to listen.
  ///
  /// - Throws: `ServerError.cannotListen`.
  package init(_ configuration: Configuration, handler: @escaping Handler) throws(ServerError) {
    self.handler = handler
    mg_init_library(UInt32(MG_FEATURES_DEFAULT))
    var callbacks = mg_callbacks()
    callbacks.begin_request = { connection in
      guard let connection, let server = HTTPServer.server(of: connection) else { return 500 }
      return server.serve(connection)
    }
    // What civetweb refuses by itself (a header that is none, for example) is answered without its page.
    callbacks.http_error = { connection, status, _ in
      guard let connection, let server = HTTPServer.server(of: connection) else { return 1 }
      HTTPConnection(connection, server.deadlines).send(
        Problem(Int(status), "the request could not be understood").response, isHead: false)
      return 0
    }
    callbacks.end_request = { connection, _ in
      guard let connection, let server = HTTPServer.server(of: connection) else { return }
      HTTPConnection(connection, server.deadlines).awaitClient(seconds: nil)
    }
    // Standard error belongs to the program.
    callbacks.log_message = { _, _ in 1 }
    callbacks.log_access = { _, _ in 1 }
    let milliseconds = String(Int(configuration.patience * 1000))
    let options = [
      "listening_ports", "\(configuration.address):\(configuration.port)",
      "num_threads", String(configuration.threadCount),
      "request_timeout_ms", milliseconds, "keep_alive_timeout_ms", milliseconds,
      "enable_keep_alive", "yes", "tcp_nodelay", "1",
      "max_request_size", "16384", "connection_queue", "256", "listen_backlog", "256",
      "enable_directory_listing", "no",
      // No address has anything to decode, and a decoded zero would end it.
      "decode_url", "no",
      // No page of another site gets leave to read answers.
      "access_control_allow_origin", "", "access_control_allow_methods", "", "access_control_allow_headers", "",
    ]
    context = Self.withCStrings(options) { mg_start(&callbacks, Unmanaged.passUnretained(self).toOpaque(), $0) }
    guard let context else { throw .cannotListen(address: configuration.address, port: configuration.port) }
    var ports = [mg_server_port](repeating: mg_server_port(), count: 8)
    if mg_get_server_ports(context, 8, &ports) > 0 { port = Int(ports[0].port) }
  }

  /// Ends all connections and stops to listen. Handlers that run are waited for.
  package func stop() {
    guard let context else { return }
    self.context = nil
    mg_stop(context)
    deadlines.stop()
    mg_exit_library()
  }

  deinit { stop() }

  private static func server(of connection: OpaquePointer) -> HTTPServer? {
    guard let context = mg_get_context(connection), let pointer = mg_get_user_data(context) else { return nil }
    return Unmanaged<HTTPServer>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// - Returns: the status, for civetweb's log.
  private func serve(_ connection: OpaquePointer) -> Int32 {
    let wire = HTTPConnection(connection, deadlines)
    guard let request = wire.request() else {
      let response = Problem(400, "the request could not be understood").response
      wire.send(response, isHead: false)
      wire.awaitClient(seconds: 5)
      return 400
    }
    let response = handler(request)
    wire.send(response, isHead: request.method == "HEAD")
    // Civetweb reads what is left of the body, to drop it.
    wire.awaitClient(seconds: 5)
    return Int32(response.status)
  }

  private static func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers: [UnsafePointer<CChar>?] = texts.map { UnsafePointer(strdup($0)) }
    pointers.append(nil)
    defer { for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) } }
    return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
  }
}

/// Why a server could not start.
package enum ServerError: Error, Sendable {
  case cannotListen(address: String, port: Int)
  /// Jobs cannot be kept in this folder.
  case folderNotUsable(path: String, reason: String)
  /// The system has no thread left.
  case noThread
}

extension ServerError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .cannotListen(let address, let port):
      "cannot listen on \(address):\(port): the port is in use, or the address is not one of this machine"
    case .folderNotUsable(let path, let reason): "\(path): jobs cannot be kept there: \(reason)"
    case .noThread: "no thread can be started; the system's limit is reached"
    }
  }
}
