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

  @OptionGroup var listening: ListeningOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How long photos and results are kept, as 30m or 24h. (default: 24h)", valueName: "time"))
  var keep: OptimizerOptions.Duration?

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

  func run() throws {
    try reporting {
      Signals.install()
      Signals.hold()
      let loaded = try model.load()
      let kernels = try engine.kernels()
      let options = InversionOptions(optimizer: .auto)
      let choice = try memory.limit.choose(
        loaded, kernels: kernels, workload: options.workload(readsAttributes: true))
      var configuration = Service.Configuration(folder: try dataFolder(), version: Program.version)
      listening.apply(to: &configuration)
      configuration.keptSeconds = keep?.seconds ?? 86400
      configuration.fit(
        into: choice.budgetByteCount.map { $0 - choice.plan.predictedByteCount } ?? ImageLimits.ofThisMachine.byteCount)
      let (detector, model) = (detector, choice.model)
      let boundaries = try readBoundaries(of: loaded)
      let service: Service
      do {
        service = try Service(
          configuration, model: model, boundaries: boundaries,
          detector: { try FaceDetector.find(detector, model: model, kernels: kernels) }, kernels: kernels,
          now: { Date().timeIntervalSince1970 })
      } catch let error as ServerError {
        throw Failure(error)
      }
      try announce(service, configuration)
      Signals.waitForOne()
      service.stop()
    }
  }

  private func announce(_ service: Service, _ configuration: Service.Configuration) throws {
    let query = configuration.token.map { "?token=\($0)" } ?? ""
    let url = "http://\(listening.shownName):\(service.port)/\(query)"
    try StandardStreams.printOutput(url + "\n")
    if qr, let code = QRCode(url) { try StandardStreams.printOutput(code.terminalText) }
    if !listening.isLoopback {
      StandardStreams.printError(
        "idinv-lite: everybody who can reach \(listening.address) and knows this address can use the server and see all "
          + "photos on it")
    }
    StandardStreams.printError("idinv-lite: photos are kept in \(configuration.folder); Ctrl-C ends the server")
  }

  private func dataFolder() throws -> String {
    let standard = Service.standardFolder { name in getenv(name).map { String(cString: $0) } }
    guard let folder = data ?? standard else {
      throw Failure(.usage, remedies: ["data"], "there is no HOME to keep photos in; expected a folder for them")
    }
    return folder
  }

  /// The boundaries of the folder that fit the model; what does not is said.
  private func readBoundaries(of model: Model) throws -> [Studio.Boundary] {
    let loaded = try LoadedBoundary.all(in: boundaries, of: model) { StandardStreams.printError("idinv-lite: \($0)") }
    guard let loaded else {
      StandardStreams.printError(
        "idinv-lite: no boundaries in \(PathText.folder(of: model.path))boundaries: the page has no sliders")
      return []
    }
    return loaded.map { name, loaded in
      Studio.Boundary(name: name, boundary: loaded.boundary, standardDeviation: loaded.distanceDeviation)
    }
  }
}

extension Failure {
  fileprivate init(_ error: ServerError) {
    let kind: FailureKind =
      switch error {
      case .folderNotUsable: .cannotCreate
      case .cannotListen, .noThread: .unavailable
      }
    self.init(kind, "\(error)")
  }
}
