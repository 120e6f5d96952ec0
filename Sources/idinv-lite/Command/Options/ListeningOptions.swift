import ArgumentParser
import Server

/// Where a server listens, and who may speak to it.
struct ListeningOptions: ParsableArguments {
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Port to listen on; 0 for any free one.", valueName: "port"))
  var port = 8080

  @Option(help: ArgumentHelp("Address to listen on.", valueName: "address"))
  var address = "127.0.0.1"

  @Option(
    help: ArgumentHelp(
      "What every request must carry. Default: none on the loopback address, else a random one that is printed.",
      valueName: "token"))
  var token: String?

  @Option(
    name: .customLong("host"),
    help: ArgumentHelp("A further name that the server answers to, of a reverse proxy for example.", valueName: "name"))
  var hosts: [String] = []

  mutating func validate() throws {
    guard (0...65535).contains(port) else { throw ValidationError("--port: expected 0 to 65535, found \(port)") }
    guard !address.isEmpty else { throw ValidationError("--address: expected an address of this machine") }
    if let token, !AccessGuard.isToken(token) {
      throw ValidationError("--token: expected 8 or more printable characters without spaces and semicolons")
    }
  }

  var isLoopback: Bool { AccessGuard.isLoopback(address) }

  /// What others reach the server by.
  var shownName: String {
    ["0.0.0.0", "::", "[::]"].contains(address) ? AccessGuard.machineName() ?? address : address
  }

  /// Beyond the loopback address there is a token in any case.
  func apply(to configuration: inout Service.Configuration) {
    configuration.address = address
    configuration.port = port
    configuration.hosts = hosts
    configuration.token = token ?? (isLoopback ? nil : AccessGuard.makeToken())
  }
}
