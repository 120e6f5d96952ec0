import Foundation
import Testing

@testable import Server

@Suite struct HostileTests {
  @Test func othersAreKeptOut() throws {
    let server = try TestServer(hosts: ["board.example"])
    let client = server.client
    #expect(client.send("GET", "/v1/health")?.status == 200)
    #expect(client.send("GET", "/v1/health", headers: ["Host": "board.example"])?.status == 200)
    #expect(client.send("GET", "/v1/health", headers: ["Host": "LOCALHOST:\(client.port)"])?.status == 200)
    // A name that somebody else's DNS server points here.
    #expect(client.send("GET", "/v1/health", headers: ["Host": "evil.example"])?.status == 403)
    #expect(client.send("GET", "/v1/health", headers: ["Host": "192.168.0.7"])?.status == 403)
    #expect(client.send("GET", "/v1/health", headers: ["Host": ""])?.status != 200)
    // A page of another site.
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
      #expect(client.send("POST", "/v1/render", headers: ["Origin": origin])?.status == 403)
    }
    #expect(client.send("GET", "/v1/health", headers: ["Origin": "http://127.0.0.1:\(client.port)"])?.status == 200)
    #expect(client.send("GET", "/v1/health", headers: ["Sec-Fetch-Site": "cross-site"])?.status == 403)
    let preflight = client.send(
      "OPTIONS", "/v1/jobs", headers: ["Origin": "http://evil.example", "Access-Control-Request-Method": "POST"])
    #expect(preflight?.headers.keys.contains { $0.hasPrefix("access-control") } == false)
  }

  @Test func aTokenIsAskedForEverywhere() throws {
    let server = try TestServer(token: "0123456789abcdef")
    let client = server.client
    for path in ["/", "/page.js", "/v1/health", "/v1/jobs", "/nothing"] {
      #expect(client.send("GET", path)?.status == 401, "\(path)")
      #expect(client.send("GET", path, headers: ["Authorization": "Bearer 0123456789abcdeF"])?.status == 401)
    }
    #expect(client.send("GET", "/v1/health", headers: ["Authorization": "Bearer 0123456789abcdef"])?.status == 200)
    #expect(client.send("GET", "/v1/health", headers: ["Cookie": "a=b; idinv_token=0123456789abcdef"])?.status == 200)
    let first = try #require(client.send("GET", "/?token=0123456789abcdef"))
    #expect(first.status == 303 && first.headers["location"] == "/")
    #expect(first.headers["set-cookie"]?.contains("HttpOnly; SameSite=Strict") == true)
  }

  @Test func namesNeverBecomePaths() throws {
    let server = try TestServer()
    let client = server.client
    for path in [
      "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/v1/jobs/../../../etc/passwd", "/v1/jobs/..%2f..%2fetc",
      "/.git/config", "/page.html", "/v1/jobs/\(String(repeating: "A", count: 32))",
    ] {
      let answer = try #require(client.send("GET", path))
      #expect(answer.status == 404, "\(path)")
      #expect(!answer.text.contains("root:"))
    }
    let id = try #require(
      client.submit(TestServer.example(1), steps: 0, name: "../../../tmp/evil.png")?.object["id"] as? String)
    #expect(client.wait(for: id)["name"] as? String == "evil.png")
    #expect(RandomName.isValid(id))
  }

  @Test func requestsThatCanBeReadTwoWaysAreRefused() throws {
    let server = try TestServer()
    let host = "Host: 127.0.0.1:\(server.client.port)\r\n"
    let smuggled = "GET /v1/metrics HTTP/1.1\r\n\(host)\r\n"
    for head in [
      "Content-Length: 4\r\nContent-Length: 40\r\n", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
      "Content-Length: -1\r\n", "Content-Length: 4x\r\n", "Transfer-Encoding: identity, chunked\r\n",
    ] {
      let text = "POST /v1/render HTTP/1.1\r\n\(host)\(head)\r\n0\r\n\r\n\(smuggled)"
      let answer = String(decoding: server.client.exchange([UInt8](text.utf8)), as: UTF8.self)
      #expect(!answer.hasPrefix("HTTP/1.1 200"), "\(head)")
      #expect(!answer.contains("idinv_jobs_waiting"), "\(head)")
    }
    let two = server.client.exchange(
      "GET /v1/health HTTP/1.1\r\n\(host)Host: evil.example\r\nConnection: close\r\n\r\n")
    #expect(two?.status == 400)
    #expect(server.client.send("GET", "/v1/health")?.status == 200)
  }

  @Test func whatIsNoRequestIsRefused() throws {
    let server = try TestServer()
    for text in [
      "\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}", "GET /\u{0} HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\n" + String(repeating: "a", count: 40_000) + "\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: localhost\r\n" + (0..<500).map { "A\($0): b\r\n" }.joined() + "\r\n",
      "GET /%00/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
      let answer = server.client.exchange(text, seconds: 8)
      #expect(answer == nil || answer!.status >= 400)
    }
    #expect(server.client.send("GET", "/v1/health")?.status == 200)
  }

  @Test func bodiesAreLimited() throws {
    let server = try TestServer()
    let client = server.client
    let host = "Host: 127.0.0.1:\(client.port)\r\n"
    let large = client.exchange(
      "POST /v1/jobs HTTP/1.1\r\n\(host)Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 999999999999\r\n\r\n--x"
    )
    #expect(large?.status == 413)
    let render = client.exchange("POST /v1/render HTTP/1.1\r\n\(host)Content-Length: 99999999\r\n\r\n{")
    #expect(render?.status == 413)
    // A form of very many parts.
    let parts = (0..<1000).map { (name: "p\($0)", file: String?.none, bytes: [UInt8]("1".utf8)) }
    let bomb = client.send(
      "POST", "/v1/jobs", type: "multipart/form-data; boundary=\(Client.boundary)", body: Client.form(parts))
    #expect(bomb?.status == 413)
    let sameName = (0..<1000).map { _ in (name: "p", file: String?.none, bytes: [UInt8]()) }
    let emptyParts = client.send(
      "POST", "/v1/jobs", type: "multipart/form-data; boundary=\(Client.boundary)", body: Client.form(sameName))
    #expect(emptyParts?.status == 413)
    // A body without an end, in chunks: more than the limit of a small request.
    let chunk = "10000\r\n" + String(repeating: " ", count: 65536) + "\r\n"
    let endless = client.exchange(
      "POST /v1/render HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk + chunk)
    #expect(endless?.status == 413)
    #expect(client.send("POST", "/v1/jobs", type: "text/plain", body: [1, 2, 3])?.status == 415)
  }

  @Test func anUploadThatBreaksOffLeavesNothing() throws {
    let server = try TestServer()
    let body = Client.form([(name: "image", file: "a.png", bytes: TestServer.example(1))])
    let head =
      "POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:\(server.client.port)\r\n"
      + "Content-Type: multipart/form-data; boundary=\(Client.boundary)\r\nContent-Length: \(body.count)\r\n\r\n"
    let descriptor = server.client.connect()
    let bytes = [UInt8](head.utf8) + body[..<(body.count / 2)]
    _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    close(descriptor)
    #expect((server.client.send("GET", "/v1/jobs")?.object["jobs"] as? [Any])?.isEmpty == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: server.folder).isEmpty)
  }

  @Test func picturesAndOptionsThatCannotBeUsedAreExplained() throws {
    let server = try TestServer()
    let client = server.client
    let cases: [([UInt8], [(String, String)], String)] = [
      ([UInt8]("hello".utf8), [], "picture"), (Array(TestServer.example(1).dropLast(1000)), [], "damaged"),
      (TestServer.example(1), [("budget_seconds", "soon")], "budget_seconds"),
      (TestServer.example(1), [("crops_center", "maybe")], "crops_center"),
      (TestServer.example(1), [("steps", "100000")], "steps"),
    ]
    for (picture, extra, word) in cases {
      let answer = try #require(client.submit(picture, steps: 1, extra: extra))
      #expect(answer.status == 422, "\(answer.text)")
      #expect((answer.object["detail"] as? String)?.contains(word) == true, "\(answer.text)")
    }
    for (json, status) in [
      ("", 400), ("[]", 400), ("{}", 400), (#"{"\ud800": 1}"#, 400), (#"{"\q": 1}"#, 400), (#"{"source": {}}"#, 422),
      (#"{"source": {"seed": -1}}"#, 400),
      (#"{"source": {"job": "../../x"}}"#, 422),
      (#"{"source": {"job": "\#(String(repeating: "0", count: 32))"}}"#, 404),
      (#"{"source": {"seed": 1}, "moves": [{"boundary": "nose", "alpha": 1}]}"#, 422),
      (#"{"source": {"seed": 1}, "moves": [{"boundary": "smile", "alpha": 1e300}]}"#, 422),
      (#"{"source": {"seed": 1}, "moves": [{"boundary": "smile", "alpha": "1e300sd"}]}"#, 422),
      (#"{"source": {"seed": 1}, "moves": [{"boundary": "smile", "alpha": "2"}]}"#, 400),
      (#"{"source": {"seed": 1}, "moves": [{"boundary": "smile", "alpha": "sd"}]}"#, 400),
      (#"{"source": {"seed": 1}, "walk": {"source": {"seed": 2}, "position": 99}}"#, 422),
      (#"{"source": {"seed": 1}, "mix": {"source": {"seed": 2}, "layers": [99]}}"#, 422),
    ] {
      #expect(client.post("/v1/render", json: json)?.status == status, "\(json)")
    }
    #expect(client.post("/v1/animations", json: #"{"source": {"seed": 1}, "frames": 100000}"#)?.status == 422)
  }

  @Test func methodsAndHeadersAreRight() throws {
    let server = try TestServer()
    let put = try #require(server.client.send("PUT", "/v1/jobs"))
    #expect(put.status == 405 && put.headers["allow"]?.contains("POST") == true)
    let page = try #require(server.client.send("GET", "/"))
    #expect(page.headers["content-security-policy"]?.contains("default-src 'none'") == true)
    #expect(page.headers["x-content-type-options"] == "nosniff")
    let head = try #require(server.client.send("HEAD", "/"))
    #expect(head.status == 200 && head.body.isEmpty)
    #expect(head.headers["content-length"] == "\(page.body.count)")
  }

  @Test func everyAddressIsInTheDescription() throws {
    let server = try TestServer()
    let description = try #require(server.client.send("GET", "/v1/openapi.json")?.object)
    let paths = try #require(description["paths"] as? [String: [String: Any]])
    for route in server.service.addresses where route.path.hasPrefix("/v1/") {
      let path = route.path.replacingOccurrences(of: "*", with: "{id}")
      #expect(paths[path]?[route.method.lowercased()] != nil, "\(route.method) \(path)")
    }
    let operations = paths.values.reduce(0) { $0 + $1.keys.filter { $0 != "parameters" }.count }
    #expect(operations == server.service.addresses.count { $0.path.hasPrefix("/v1/") })
  }
}
