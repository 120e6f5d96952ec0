/// One HTTP request, its body still unread.
package struct HTTPRequest {
  package let method: String
  /// The decoded path, without the query: "/v1/jobs".
  package let path: String
  /// The parameters after "?", decoded; the last of several of one name.
  package let query: [String: String]
  /// Header fields by their names in lower case; the first of several.
  package let headers: [String: String]
  package let body: any HTTPBody

  /// A cookie's value.
  package func cookie(_ name: String) -> String? {
    for pair in (headers["cookie"] ?? "").split(separator: ";") {
      let text = pair.drop(while: { $0 == " " })
      guard let equals = text.firstIndex(of: "="), text[..<equals] == name else { continue }
      return String(text[text.index(after: equals)...])
    }
    return nil
  }
}

/// The body of a request, read on demand and never beyond a limit.
package protocol HTTPBody {
  /// The whole body.
  ///
  /// - Throws: `Problem` 413 beyond `limit` bytes, 408 where the client is too slow, 400 where it breaks off.
  func read(limit: Int) throws(Problem) -> [UInt8]
  /// The fields of a `multipart/form-data` body.
  ///
  /// - Throws: as `read`; 415 for other bodies.
  func readForm(limits: FormLimits) throws(Problem) -> [String: FormField]
}

/// What a form may hold.
package struct FormLimits: Sendable {
  /// Bytes of all fields together.
  package var byteCount: Int
  package var fieldCount = 16
  /// Seconds until the whole form must be there.
  package var seconds = 60.0

  package init(byteCount: Int) { self.byteCount = byteCount }
}

/// One field of a form.
package struct FormField: Sendable {
  /// The file's name as the client sent it: for messages, never a path.
  package var fileName: String?
  package var bytes: [UInt8]

  package var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// The answer to a request.
package struct HTTPResponse {
  package enum Body {
    case bytes([UInt8])
    /// Server-sent events: called with a function that sends text and says whether the client is still there. The
    /// connection ends with it.
    case events((_ send: (String) -> Bool) -> Void)
  }
  package var status: Int
  package var headers: [(name: String, value: String)]
  package var body: Body

  package init(status: Int = 200, type: String, _ bytes: [UInt8], headers: [(name: String, value: String)] = []) {
    self.status = status
    self.headers = [("Content-Type", type)] + headers
    body = .bytes(bytes)
  }

  /// No content.
  package static var empty: HTTPResponse {
    var response = HTTPResponse(status: 204, type: "text/plain", [])
    response.headers = []
    return response
  }

  package static func events(_ stream: @escaping (_ send: (String) -> Bool) -> Void) -> HTTPResponse {
    var response = HTTPResponse(type: "text/event-stream", [])
    response.body = .events(stream)
    return response
  }

  static func reason(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 202: "Accepted"
    case 204: "No Content"
    case 303: "See Other"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 411: "Length Required"
    case 413: "Content Too Large"
    case 415: "Unsupported Media Type"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 500: "Internal Server Error"
    case 503: "Service Unavailable"
    default: status < 400 ? "OK" : "Error"
    }
  }
}

/// A refusal in the form of RFC 9457: a status and a sentence for a person.
package struct Problem: Error, Sendable {
  package var status: Int
  package var detail: String
  package var headers: [(name: String, value: String)] = []

  package init(_ status: Int, _ detail: String, headers: [(name: String, value: String)] = []) {
    self.status = status
    self.detail = detail
    self.headers = headers
  }

  package var response: HTTPResponse {
    let body = ProblemBody(title: HTTPResponse.reason(status), status: status, detail: detail)
    return HTTPResponse(
      status: status, type: "application/problem+json", JSONBody.encode(body),
      headers: headers)
  }

  private struct ProblemBody: Encodable {
    var title: String
    var status: Int
    var detail: String
  }
}
