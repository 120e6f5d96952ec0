import Checkpoint
import Glibc
import Server

/// A server of this process that reads of each request what the real one reads, and does nothing with it.
enum HTTPTarget {
  private static let server: HTTPServer? = {
    var configuration = HTTPServer.Configuration(address: "127.0.0.1", port: 0)
    configuration.threadCount = 2
    return try? HTTPServer(configuration, handler: answer)
  }()
  private static let access = AccessGuard(address: "127.0.0.1", names: [], token: "token")

  @Sendable private static func answer(_ request: HTTPRequest) -> HTTPResponse {
    do throws(Problem) {
      try access.check(request)
      switch (request.method, request.path) {
      case ("POST", "/form"):
        let form = try request.body.readForm(limits: FormLimits(byteCount: 1 << 16))
        try use(form)
        return HTTPResponse(type: "text/plain", [UInt8](form.keys.sorted().joined(separator: " ").utf8))
      case ("POST", _):
        _ = try JSONBody.decode(RenderRequest.self, try request.body.read(limit: 1 << 16))
        return .empty
      default:
        let pairs = request.query.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return HTTPResponse(type: "text/plain", [UInt8](pairs.joined(separator: "\n").utf8))
      }
    } catch {
      return error.response
    }
  }

  /// What the server makes of a form's fields.
  private static func use(_ form: [String: FormField]) throws(Problem) {
    _ = try JobOptions(form: form)
    if let code = form["code"] { _ = try? NumpyArray(bytes: code.bytes) }
  }

  /// A form as `HTTPBody.readForm` gives it to its reader.
  static func readForm(_ bytes: [UInt8]) {
    let line = bytes.prefix { $0 != 0x0a }
    let body = Array(bytes.dropFirst(line.count + 1))
    var limits = FormLimits(byteCount: 1 << 12)
    limits.fieldCount = 8
    guard let form = try? MultipartForm.fields(body, type: String(decoding: line, as: UTF8.self), limits: limits) else {
      return
    }
    precondition(
      form.values.reduce(0) { $0 + $1.bytes.count } <= min(limits.byteCount, body.count), "more than was sent")
    try? use(form)
  }

  /// Sends the bytes, says that no more will come, and reads until the server ends the connection.
  static func read(_ bytes: [UInt8]) {
    guard let server else { return }
    let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard connection >= 0 else { return }
    defer { close(connection) }
    // Ports of one address would not last: the system keeps each for a minute after its connection. All of 127/8 is this machine.
    connections &+= 1
    var own = address(host: 0x7F00_0001 + connections % 0xFFFF, port: 0)
    guard withAddress(&own, { bind(connection, $0, $1) }) == 0 else { return }
    var other = address(host: 0x7F00_0001, port: UInt16(server.port))
    guard withAddress(&other, { connect(connection, $0, $1) }) == 0 else { return }
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(connection, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { break }
      sent += count
    }
    shutdown(connection, Int32(SHUT_WR))
    var answer: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 14)
    while case let count = recv(connection, &piece, piece.count, 0), count > 0 { answer += piece[..<count] }
    let text = String(decoding: answer.prefix(12), as: UTF8.self)
    precondition(answer.isEmpty || text.hasPrefix("HTTP/1.1 "), "no answer of HTTP: \(text)")
    precondition(!text.hasSuffix(" 500"), "a request made the server fail")
  }

  nonisolated(unsafe) private static var connections: UInt32 = 0

  private static func address(host: UInt32, port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = host.bigEndian
    address.sin_port = port.bigEndian
    return address
  }

  private static func withAddress(
    _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }
}
