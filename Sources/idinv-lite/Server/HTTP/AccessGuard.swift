import Glibc

/// Who may speak to the server.
///
/// A page of another site that a browser shows can send requests to any address that the browser reaches, and with a name
/// that resolves to that address (DNS rebinding) also read the answers. So the `Host` must be a name of this server, a request that
/// changes something must come from this server's page, and beyond the loopback address everybody needs the token.
package struct AccessGuard: Sendable {
  /// Names that the server answers to, in lower case, without ports.
  package var hosts: Set<String>
  /// Whether any IP address will do as a host: for servers that others reach, under addresses not known beforehand.
  package var allowsAddresses: Bool
  /// What every request must carry; nil on the loopback address.
  package var token: String?

  package static let cookieName = "idinv_token"

  /// The guard of a server.
  ///
  /// - Parameters:
  ///   - address: what it listens on.
  ///   - names: further host names, of a reverse proxy for example.
  package init(address: String, names: [String], token: String?) {
    hosts = Set((["localhost", "127.0.0.1", "[::1]", address] + names).map { $0.lowercased() })
    allowsAddresses = !Self.isLoopback(address)
    if allowsAddresses, let name = Self.machineName() { hosts.formUnion([name, name + ".local"]) }
    self.token = token
  }

  package static func isLoopback(_ address: String) -> Bool {
    address == "localhost" || address == "::1" || address == "[::1]" || isIPv4(address) && address.hasPrefix("127.")
  }

  /// - Throws: `Problem` 400, 401 or 403.
  package func check(_ request: HTTPRequest) throws(Problem) {
    guard let host = request.headers["host"].map(Self.name(ofHost:)) else {
      throw Problem(400, "the request has no Host header")
    }
    guard hosts.contains(host) || allowsAddresses && Self.isAddress(host) else {
      throw Problem(
        403, "this server does not answer to the name '\(host)'; whoever runs it can add the name to its hosts")
    }
    if let origin = request.headers["origin"], origin.lowercased() != "http://\(request.headers["host"]!.lowercased())",
      origin.lowercased() != "https://\(request.headers["host"]!.lowercased())"
    {
      throw Problem(403, "pages of other sites may not use this server")
    }
    if request.headers["sec-fetch-site"] == "cross-site", request.headers["sec-fetch-mode"] != "navigate" {
      throw Problem(403, "pages of other sites may not use this server")
    }
    guard let token else { return }
    let bearer = request.headers["authorization"].flatMap { value in
      value.lowercased().hasPrefix("bearer ") ? String(value.dropFirst(7)) : nil
    }
    let given = [bearer, request.cookie(Self.cookieName), request.query["token"]].compactMap { $0 }
    guard given.contains(where: { Self.isEqual($0, token) }) else {
      throw Problem(
        401, "this server needs its token: open the address that it printed when it started",
        headers: [("WWW-Authenticate", "Bearer")])
    }
  }

  /// A token of 128 random bits.
  package static func makeToken() -> String { RandomName.make() }

  /// Whether a text can be a token, in headers and cookies too: 8 or more printable characters but spaces and semicolons.
  package static func isToken(_ text: String) -> Bool {
    text.utf8.count >= 8 && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: ";") }
  }

  // MARK: Names

  /// The name in a `Host` header, in lower case, without the port.
  private static func name(ofHost host: String) -> String {
    let host = host.lowercased()
    if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return String(host[...end]) }
    return String(host.prefix(while: { $0 != ":" }))
  }

  private static func isAddress(_ host: String) -> Bool {
    isIPv4(host) || host.hasPrefix("[") && host.hasSuffix("]")
  }

  private static func isIPv4(_ host: String) -> Bool {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
  }

  /// What this machine calls itself, in lower case.
  package static func machineName() -> String? {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return nil }
    let name = String(decoding: buffer.prefix(while: { $0 != 0 }).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return name.isEmpty ? nil : name.lowercased()
  }

  /// Takes the same time wherever two texts of one length differ.
  private static func isEqual(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    guard a.count == b.count else { return false }
    return zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

/// Names that nobody guesses: 32 hexadecimal digits.
enum RandomName {
  static func make() -> String {
    var generator = SystemRandomNumberGenerator()
    let digits = Array("0123456789abcdef")
    return String((0..<32).map { _ in digits[Int(generator.next(upperBound: 16 as UInt32))] })
  }

  static func isValid(_ name: some StringProtocol) -> Bool {
    name.utf8.count == 32 && name.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }
}
