import ArgumentParser
import Files
import FoundationEssentials
import Glibc
import Imaging
import Inversion
import Quant
import Runtime
import SIMDKernels
import Workflows

/// `--model`.
struct ModelOption: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "The model file (.idinv). Default: $IDINV_MODEL, else the shipped model.", valueName: "model.idinv"))
  var model: String?

  /// The path in force.
  func path() throws -> String {
    if let model { return model }
    if let path = getenv("IDINV_MODEL").map({ String(cString: $0) }), !path.isEmpty { return path }
    guard let shipped = Self.shippedModel() else {
      throw Failure(.missingInput, "no model: give --model or set IDINV_MODEL; the shipped default.idinv was not found")
    }
    return shipped
  }

  func load() throws -> Model { try Model.load(path()) }

  /// `share/idinv-lite/default.idinv` of an installation, or `models/default.idinv` of a checkout, looked for from the
  /// program's own folder upwards.
  private static func shippedModel() -> String? {
    guard let program = Program.path else { return nil }
    var folder = URL(fileURLWithPath: program).resolvingSymlinksInPath().deletingLastPathComponent()
    for _ in 0..<6 {
      for candidate in ["share/idinv-lite/default.idinv", "models/default.idinv"] {
        let path = folder.appendingPathComponent(candidate).path
        if Folder.exists(path) { return path }
      }
      folder.deleteLastPathComponent()
    }
    return nil
  }
}

/// `--threads`, `--cores` and `--compute`.
struct EngineOptions: ParsableArguments {
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Threads; 0 for one per physical core.", valueName: "n"))
  var threads = 0

  @Option(
    help: ArgumentHelp(
      "CPUs to use: big (all but clearly weaker ones), all, or a list such as 0-3,7. auto is big where they "
        + "differ and the threads fit on them.", valueName: "cores"))
  var cores = CoreChoice.automatic

  @Option(
    help: """
      Arithmetic: f32, or f16 for 16-bit operands in the large convolutions, or int8 for 8-bit operands in those that \
      'calibrate' has selected, where the processor multiplies them faster; auto for the fastest without a visible difference.
      """)
  var compute = Compute.auto

  mutating func validate() throws {
    guard (0...1024).contains(threads) else { throw ValidationError("--threads: expected 0 to 1024, found \(threads)") }
  }

  var settings: EngineSettings { EngineSettings(threads: threads, cores: cores, compute: compute) }

  /// - Parameter auto: what `auto` means.
  func kernels(auto: Precision = .automatic) throws -> Kernels {
    let kernels = try settings.kernels(auto: auto)
    if kernels.threadCount < kernels.wantedThreadCount {
      StandardStreams.tell(
        "warning: computing on \(kernels.threadCount) of \(kernels.wantedThreadCount) threads: a limit on processes, memory or "
          + "the size of files, or no room in /dev/shm, keeps the others away; results are the same")
    }
    return kernels
  }
}

/// `--quiet` and `--json`.
struct ReportingOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "Show no progress and no summary.")
  var quiet = false

  @Flag(help: "Print figures as one JSON object.")
  var json = false
}

/// The images of a command, and how they are fitted to the model.
struct ImageOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Pictures (PNG, JPEG, WebP), folders of them, or .list files with one path per line.", valueName: "images"))
  var images: [String]

  @Option(help: "What to do with an image that is not square: none refuses it, center takes the middle.")
  var crop = CropRule.none

  /// The images of the arguments, in order; folders and lists are opened, pictures not yet.
  func expand() throws -> [ListedImage] { try listImages(images, tell: StandardStreams.tell) }

  var loader: ImageLoader { ImageLoader(crop: crop) }
}

/// `--output DIR`.
struct OutputOption: ParsableArguments {
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Folder for the results; created if missing.", valueName: "dir"))
  var folder: OutputFolder
}

extension OutputFolder: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}
extension ShardChoice: ExpressibleByArgument {}
extension CropRule: ExpressibleByArgument {}
extension Compute: ExpressibleByArgument {}
