import CCivetweb
import Glibc

/// One request's connection, for as long as its handler runs.
struct HTTPConnection: HTTPBody {
  private let connection: OpaquePointer
  private let deadlines: Deadlines

  init(_ connection: OpaquePointer, _ deadlines: Deadlines) {
    self.connection = connection
    self.deadlines = deadlines
  }

  /// What the client sends counts for so many seconds from now; nil for any time.
  func awaitClient(seconds: Double?) {
    let key = Int(bitPattern: connection)
    guard let seconds, let information = mg_get_request_info(connection)?.pointee else { return deadlines.clear(key) }
    let address = withUnsafeBytes(of: information.remote_addr) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    deadlines.set(
      key, client: Deadlines.Client(address: address, port: Int(information.remote_port)), seconds: seconds)
  }

  // MARK: Requests

  /// The request; nil where civetweb knows of none.
  func request() -> HTTPRequest? {
    guard let information = mg_get_request_info(connection)?.pointee,
      let method = information.request_method.map({ String(cString: $0) }),
      let path = (information.local_uri ?? information.request_uri).map({ String(cString: $0) }),
      // Civetweb leaves out what comes after so many headers, a second length for example.
      information.num_headers < MG_MAX_HEADERS
    else { return nil }
    let headers = Self.headerList(information)
    // What two readers may take for different requests is no request.
    let once = ["host", "content-length", "transfer-encoding", "content-type", "origin"]
    guard once.allSatisfy({ name in headers.count { $0.name == name } <= 1 }) else { return nil }
    let length = headers.first { $0.name == "content-length" }?.value
    let coding = headers.first { $0.name == "transfer-encoding" }?.value
    guard length == nil || coding == nil, length?.utf8.allSatisfy({ (48...57).contains($0) }) ?? true,
      coding == nil || coding!.lowercased() == "chunked"
    else { return nil }
    return HTTPRequest(
      method: method, path: path, query: Self.query(information.query_string.map { String(cString: $0) } ?? ""),
      headers: Dictionary(headers.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }), body: self)
  }

  private static func headerList(_ information: mg_request_info) -> [(name: String, value: String)] {
    withUnsafeBytes(of: information.http_headers) { bytes in
      bytes.bindMemory(to: mg_header.self).prefix(Int(information.num_headers)).compactMap { header in
        guard let name = header.name, let value = header.value else { return nil }
        return (String(cString: name).lowercased(), String(cString: value))
      }
    }
  }

  private static func query(_ text: String) -> [String: String] {
    var values: [String: String] = [:]
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      values[decoded(parts[0])] = parts.count > 1 ? decoded(parts[1]) : ""
    }
    return values
  }

  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "+") {
        bytes.append(0x20)
      } else if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let bodySeconds = 30.0

  func read(limit: Int) throws(Problem) -> [UInt8] {
    try read(limit: limit, stated: limit, seconds: Self.bodySeconds)
  }

  /// - Parameter stated: the limit that a refusal names.
  private func read(limit: Int, stated: Int, seconds: Double) throws(Problem) -> [UInt8] {
    let declared = mg_get_request_info(connection)?.pointee.content_length ?? 0
    guard declared <= Int64(limit) else { throw tooLarge(stated) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    let end = ContinuousClock.now + .seconds(seconds)
    awaitClient(seconds: seconds)
    defer { awaitClient(seconds: nil) }
    while true {
      let count = mg_read(connection, &piece, piece.count)
      guard ContinuousClock.now < end else { throw tooSlow() }
      if count == 0 { break }
      guard count > 0 else { throw brokenOff() }
      bytes += piece[..<Int(count)]
      guard bytes.count <= limit else { throw tooLarge(stated) }
    }
    guard declared < 0 || Int64(bytes.count) == declared else { throw brokenOff() }
    return bytes
  }

  func readForm(limits: FormLimits) throws(Problem) -> [String: FormField] {
    let type = mg_get_header(connection, "Content-Type").map { String(cString: $0) } ?? ""
    guard type.lowercased().hasPrefix("multipart/form-data") else {
      throw Problem(415, "expected a form: multipart/form-data with a part 'image'")
    }
    let body = try read(limit: limits.byteCount + (64 << 10), stated: limits.byteCount, seconds: limits.seconds)
    return try MultipartForm.fields(body, type: type, limits: limits)
  }

  private func tooLarge(_ limit: Int) -> Problem {
    Problem(413, "the request has more than \(limit) bytes, which is the most that is taken here")
  }
  private func tooSlow() -> Problem { Problem(408, "the upload took too long") }
  private func brokenOff() -> Problem { Problem(400, "the request broke off before its end") }

  // MARK: Responses

  func send(_ response: HTTPResponse, isHead: Bool) {
    var head = "HTTP/1.1 \(response.status) \(HTTPResponse.reason(response.status))\r\n"
    // What follows a request that was refused may be the rest of its body.
    if response.status >= 400 {
      mg_disable_connection_keep_alive(connection)
      head += "Connection: close\r\n"
    }
    for header in response.headers { head += "\(header.name): \(header.value)\r\n" }
    switch response.body {
    case .bytes(let bytes):
      if response.status != 204, response.status != 304 { head += "Content-Length: \(bytes.count)\r\n" }
      head += "\r\n"
      write([UInt8](head.utf8) + (isHead ? [] : bytes))
    case .events(let stream):
      mg_disable_connection_keep_alive(connection)
      head += "Connection: close\r\nX-Accel-Buffering: no\r\n\r\n"
      guard write([UInt8](head.utf8)), !isHead else { return }
      stream { write([UInt8]($0.utf8)) }
    }
  }

  @discardableResult
  private func write(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { mg_write(connection, $0.baseAddress, $0.count) } == Int32(bytes.count)
  }
}
