/// Finds the handler of a request by its method and path.
struct Router: Sendable {
  /// What a handler is given besides the request: the parts of the path that its pattern leaves open.
  typealias Handler = @Sendable (_ request: HTTPRequest, _ parts: [String]) throws(Problem) -> HTTPResponse

  private struct Route: Sendable {
    var method: String
    /// Parts of the path; nil stands for any.
    var pattern: [String?]
    var handler: Handler
  }
  private var routes: [Route] = []

  /// - Parameter pattern: a path such as "/v1/jobs/*", where "*" stands for one part.
  mutating func on(_ method: String, _ pattern: String, _ handler: @escaping Handler) {
    routes.append(
      Route(
        method: method, pattern: Self.parts(pattern).map { $0 == "*" ? nil : $0 }, handler: handler))
  }

  /// All addresses, as they were added.
  var addresses: [(method: String, path: String)] {
    routes.map { ($0.method, "/" + $0.pattern.map { $0 ?? "*" }.joined(separator: "/")) }
  }

  func respond(to request: HTTPRequest) throws(Problem) -> HTTPResponse {
    let parts = Self.parts(request.path)
    let method = request.method == "HEAD" ? "GET" : request.method
    var methods: [String] = []
    for route in routes where route.pattern.count == parts.count {
      guard zip(route.pattern, parts).allSatisfy({ $0 == nil || $0 == $1 }) else { continue }
      guard route.method == method else {
        methods.append(route.method)
        continue
      }
      return try route.handler(request, zip(route.pattern, parts).filter { $0.0 == nil }.map(\.1))
    }
    guard methods.isEmpty else {
      throw Problem(
        405, "\(request.method) is not possible here; expected \(methods.joined(separator: " or "))",
        headers: [("Allow", methods.joined(separator: ", "))])
    }
    throw Problem(404, "there is nothing at this address")
  }

  private static func parts(_ path: String) -> [String] {
    path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
  }
}
