import Glibc
import Runtime

/// Until when clients must have sent what they announced.
///
/// Civetweb waits for each piece of a body anew, so that a client which sends a byte now and then would hold a thread for days. Here a
/// thread ends the reading side of such connections. It sleeps while nothing is awaited.
final class Deadlines: Sendable {
  /// The other end of a connection: civetweb does not tell its descriptor.
  struct Client: Sendable {
    var address: String
    var port: Int
  }

  private struct Entry {
    var client: Client
    var end: ContinuousClock.Instant
  }

  private struct State {
    var entries: [Int: Entry] = [:]
    var isOver = false
  }

  private let state = Monitor(State())

  init() {
    WorkerThread.start { [state] in
      while true {
        let goesOn = state.wait { $0.isOver ? false : $0.entries.isEmpty ? nil : true }
        guard goesOn == true, state.wait(seconds: 1, until: { $0.isOver ? true : nil }) == nil else { return }
        // A connection that has an entry is open: its thread takes the entry away first.
        state.read { state in
          for (key, entry) in state.entries where entry.end <= .now {
            Self.endReading(from: entry.client)
            state.entries[key] = nil
          }
        }
      }
    }
  }

  /// Makes the thread end.
  func stop() { state.change { $0.isOver = true } }

  func set(_ key: Int, client: Client, seconds: Double) {
    let entry = Entry(client: client, end: .now + .seconds(seconds))
    let isFirst = state.read { state in
      defer { state.entries[key] = entry }
      return state.entries.isEmpty
    }
    if isFirst { state.change { _ in } }
  }

  func clear(_ key: Int) { state.read { $0.entries[key] = nil } }

  /// What comes from the client then is its end; answers still reach it.
  private static func endReading(from client: Client) {
    guard let folder = opendir("/proc/self/fd") else { return }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard let descriptor = Int32(name) else { continue }
      var address = sockaddr_storage()
      var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
      var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
      let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
          getpeername(descriptor, pointer, &size) != 0
            ? -1
            : getnameinfo(
              pointer, size, &host, socklen_t(host.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV
            )
        }
      }
      guard status == 0, text(port) == String(client.port), text(host) == client.address else { continue }
      shutdown(descriptor, Int32(SHUT_RD))
    }
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
