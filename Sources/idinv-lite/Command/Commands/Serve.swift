import ArgumentParser
import Files
import FoundationEssentials
import Glibc
import Imaging
import Inversion
import Server
import Workflows

/// `idinv-lite serve`
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve a page in the browser, and an HTTP API, to edit photos.",
    discussion: """
      Prints an address; its page does the whole job: choose a photo, watch the reconstruction, move the sliders, save. \
      The API is described at /v1/openapi.json.

      Example: idinv-lite serve --model ffhq256.idinv

      Only programs on this machine reach 127.0.0.1. With --address 0.0.0.0 everybody in the network reaches the server, and \
      needs the token that is part of the printed address. There is no encryption: over the internet put a reverse proxy \
      with TLS in front (docs/SERVER.md).

      Photos and results stay in the data folder until they are deleted on the page or --keep is over. Ctrl-C ends the \
      server; what was not finished goes on with the next one.
      """)

  @OptionGroup var model: ModelOption

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

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How long photos and results are kept, as 30m or 24h. (default: 24h)", valueName: "time"))
  var keep: OptimiserOptions.Duration?

  @Option(
    help: ArgumentHelp(
      "Folder for photos and results. Default: $STATE_DIRECTORY, else ~/.local/state/idinv-lite/serve.",
      valueName: "dir"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "Folder of boundaries (.npy), a slider for each. Default: boundaries beside the model file.", valueName: "dir"))
  var boundaries: String?

  @Option(
    help: ArgumentHelp(
      "File with a face detector (scripts/fetch-detector makes one): the page finds faces. Default: $IDINV_DETECTOR, else "
        + "the model's own.", valueName: "faces.idinv"))
  var detector: String?

  @Flag(help: "Print the address as a QR code too, for a phone.")
  var qr = false

  @OptionGroup var memory: MemoryOption
  @OptionGroup var engine: EngineOptions

  mutating func validate() throws {
    guard (0...65535).contains(port) else { throw ValidationError("--port: expected 0 to 65535, found \(port)") }
    guard !address.isEmpty else { throw ValidationError("--address: expected an address of this machine") }
    if let token, token.utf8.count < 8 || !token.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 59 }) {
      throw ValidationError("--token: expected 8 or more printable characters without spaces and semicolons")
    }
  }

  func run() throws {
    try reporting {
      Signals.install()
      Signals.hold()
      let loaded = try model.load()
      let kernels = try engine.kernels()
      let options = InversionOptions(optimiser: .auto)
      let choice = try memory.limit.choose(
        loaded, kernels: kernels, workload: options.workload(readsAttributes: true))
      let isLoopback = AccessGuard.isLoopback(address)
      var configuration = Service.Configuration(folder: try dataFolder(), version: Program.version)
      configuration.address = address
      configuration.port = port
      configuration.hosts = hosts
      configuration.token = token ?? (isLoopback ? nil : AccessGuard.makeToken())
      configuration.keptSeconds = keep?.seconds ?? 86400
      configuration.fit(
        into: choice.budgetByteCount.map { $0 - choice.plan.predictedByteCount } ?? ImageLimits.ofThisMachine.byteCount)
      let (detector, model) = (detector, choice.model)
      let service = try Service(
        configuration, model: model, boundaries: try readBoundaries(of: loaded),
        detector: { try FaceDetector.find(detector, model: model, kernels: kernels) }, kernels: kernels,
        now: { Date().timeIntervalSince1970 })
      try announce(service, configuration, isLoopback: isLoopback)
      Signals.waitForOne()
      service.stop()
    }
  }

  private func announce(_ service: Service, _ configuration: Service.Configuration, isLoopback: Bool) throws {
    let name = ["0.0.0.0", "::", "[::]"].contains(address) ? AccessGuard.machineName() ?? address : address
    let query = configuration.token.map { "?token=\($0)" } ?? ""
    let url = "http://\(name):\(service.port)/\(query)"
    try StandardStreams.printOutput(url + "\n")
    if qr, let code = QRCode(url) { try StandardStreams.printOutput(code.terminalText) }
    if !isLoopback {
      StandardStreams.printError(
        "idinv-lite: everybody who can reach \(address) and knows this address can use the server and see all photos on it"
      )
    }
    StandardStreams.printError("idinv-lite: photos are kept in \(configuration.folder); Ctrl-C ends the server")
  }

  private func dataFolder() throws -> String {
    if let data { return data }
    func variable(_ name: String) -> String? {
      getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
    if let state = variable("STATE_DIRECTORY") { return state }
    if let state = variable("XDG_STATE_HOME") { return "\(state)/idinv-lite/serve" }
    guard let home = variable("HOME") else {
      throw Failure(.usage, "there is no HOME; say by --data where photos are kept")
    }
    return "\(home)/.local/state/idinv-lite/serve"
  }

  /// The boundaries of the folder that fit the model; what does not is said.
  private func readBoundaries(of model: Model) throws -> [Studio.Boundary] {
    let folder = boundaries ?? PathText.folder(of: model.path) + "boundaries"
    guard let names = try? Folder.names(in: folder) else {
      if boundaries != nil { throw Failure(.missingInput, at: folder, "no such folder; expected boundaries (.npy)") }
      StandardStreams.printError("idinv-lite: no boundaries in \(folder): the page has no sliders")
      return []
    }
    return try names.filter { $0.hasSuffix(".npy") }.sorted().compactMap { name in
      do {
        let reference = BoundaryReference(path: PathText.path(name, in: folder), factor: 1)
        let loaded = try LoadedBoundary.read([reference], layers: nil, conditions: [], of: model)[0]
        return Studio.Boundary(
          name: String(name.dropLast(4)), boundary: loaded.boundary, standardDeviation: loaded.distanceDeviation)
      } catch {
        if boundaries != nil { throw error }
        StandardStreams.printError("idinv-lite: left out: \(errorLine(error))")
        return nil
      }
    }
  }
}
