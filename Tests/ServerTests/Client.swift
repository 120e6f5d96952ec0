import Foundation
import Glibc

/// A client that sends what it is told to, bytes for bytes: also what no library would send.
struct Client {
  let port: Int

  struct Answer {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var object: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:] }
  }

  /// A connection to the server; reads end after some seconds.
  func connect(seconds: Int = 20) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var timeout = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    return status == 0 ? descriptor : -1
  }

  /// Sends bytes and reads until the server closes.
  func exchange(_ bytes: [UInt8], seconds: Int = 20) -> [UInt8] {
    let descriptor = connect(seconds: seconds)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    // A server that refuses early closes before all is sent.
    _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return result }
      result += buffer[..<count]
    }
  }

  func exchange(_ text: String, seconds: Int = 20) -> Answer? {
    Self.answer(exchange([UInt8](text.utf8), seconds: seconds))
  }

  static func answer(_ bytes: [UInt8]) -> Answer? {
    let separator: [UInt8] = [13, 10, 13, 10]
    guard bytes.count >= 4,
      let end = (0...bytes.count - 4).first(where: { bytes[$0..<$0 + 4].elementsEqual(separator) })
    else { return nil }
    let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
    let parts = lines[0].split(separator: " ")
    guard parts.count > 1, let status = Int(parts[1]) else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let pair = line.split(separator: ":", maxSplits: 1)
      if pair.count == 2 { headers[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces) }
    }
    return Answer(status: status, headers: headers, body: Array(bytes[(end + 4)...]))
  }

  /// A well-formed request.
  func send(
    _ method: String, _ path: String, headers: [String: String] = [:], type: String? = nil, body: [UInt8] = []
  ) -> Answer? {
    var fields = ["Host": "127.0.0.1:\(port)", "Connection": "close"]
    if !body.isEmpty || method != "GET" { fields["Content-Length"] = "\(body.count)" }
    if let type { fields["Content-Type"] = type }
    for (name, value) in headers { fields[name] = value }
    let head = "\(method) \(path) HTTP/1.1\r\n" + fields.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
    return Self.answer(exchange([UInt8](head.utf8) + body))
  }

  func post(_ path: String, json: String) -> Answer? {
    send("POST", path, type: "application/json", body: [UInt8](json.utf8))
  }

  static let boundary = "----------------------------a4f8c1"

  /// A form's body; each part with a file name is a file.
  static func form(_ parts: [(name: String, file: String?, bytes: [UInt8])]) -> [UInt8] {
    var body: [UInt8] = []
    for part in parts {
      let file = part.file.map { "; filename=\"\($0)\"\r\nContent-Type: application/octet-stream" } ?? ""
      body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(part.name)\"\(file)\r\n\r\n".utf8
      body += part.bytes + [13, 10]
    }
    return body + "--\(boundary)--\r\n".utf8
  }

  func submit(_ picture: [UInt8], steps: Int, name: String = "face.png", extra: [(String, String)] = []) -> Answer? {
    let parts: [(name: String, file: String?, bytes: [UInt8])] =
      [("steps", nil, [UInt8]("\(steps)".utf8))] + extra.map { ($0.0, nil, [UInt8]($0.1.utf8)) }
      + [("image", name, picture)]
    return send(
      "POST", "/v1/jobs", type: "multipart/form-data; boundary=\(Self.boundary)", body: Self.form(parts))
  }

  /// The job once nothing more happens to it.
  func wait(for id: String, seconds: Double = 60) -> [String: Any] {
    // Instrumented code (scripts/sanitize) is slow.
    let patience: Double = ProcessInfo.processInfo.environment["IDINV_SANITIZER"] == nil ? 1 : 20
    let end = Date().addingTimeInterval(seconds * patience)
    while Date() < end {
      let job = send("GET", "/v1/jobs/\(id)")?.object ?? [:]
      if let state = job["state"] as? String, ["done", "failed", "cancelled"].contains(state) { return job }
      usleep(20_000)
    }
    return [:]
  }
}
