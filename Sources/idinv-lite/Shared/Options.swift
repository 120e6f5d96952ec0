import ArgumentParser
import Foundation
import Imaging
import Inversion
import Quant
import Runtime
import SIMDKernels

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
    if let path = ProcessInfo.processInfo.environment["IDINV_MODEL"], !path.isEmpty { return path }
    guard let shipped = Self.shippedModel() else {
      throw Failure(.missingInput, "no model: give --model or set IDINV_MODEL; the shipped default.idinv was not found")
    }
    return shipped
  }

  func load() throws -> Model {
    let path = try path()
    try Self.requireModelFile(path)
    return try locating(path) { try Model(path: path) }
  }

  /// Says what a path is that leads to no model file, without waiting for a pipe to be written to.
  static func requireModelFile(_ path: String) throws {
    var information = stat()
    guard stat(path, &information) == 0 else {
      throw Failure(.missingInput, "\(path): \(String(cString: strerror(errno))); expected a model file (.idinv)")
    }
    switch information.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw Failure(.missingInput, "\(path): is a folder; expected a model file (.idinv)")
    default: throw Failure(.missingInput, "\(path): is a pipe or a device; expected a model file (.idinv)")
    }
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw Failure(.missingInput, "\(path): cannot be opened: \(String(cString: strerror(errno)))")
    }
    defer { try? file.close() }
    let start = [UInt8]((try? file.read(upToCount: 4)) ?? Data())
    if start == [0x89] + [UInt8]("PNG".utf8) {
      throw Failure(.badData, "\(path): is a PNG file; expected a model file (.idinv)")
    }
    // A zip archive, or a pickle of protocol 2 and up.
    if start.starts(with: [0x50, 0x4b]) || (start.first == 0x80 && start.count > 1 && (2...5).contains(start[1])) {
      throw Failure(
        .badData,
        "\(path): is a PyTorch checkpoint; expected a model file (.idinv), which 'idinv-lite convert' makes of it")
    }
  }

  /// `share/idinv-lite/default.idinv` of an installation, or `models/default.idinv` of a checkout, looked for from the
  /// program's own folder upwards.
  private static func shippedModel() -> String? {
    guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return nil }
    var folder = URL(fileURLWithPath: program).deletingLastPathComponent()
    for _ in 0..<6 {
      for candidate in ["share/idinv-lite/default.idinv", "models/default.idinv"] {
        let path = folder.appendingPathComponent(candidate).path
        if FileManager.default.fileExists(atPath: path) { return path }
      }
      folder.deleteLastPathComponent()
    }
    return nil
  }
}

/// `--threads`, `--cores` and `--compute`.
struct EngineOptions: ParsableArguments {
  enum Compute: String, CaseIterable, ExpressibleByArgument {
    case auto, f32, f16, int8
  }

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Number of threads; 0 for one per physical core.", valueName: "n"))
  var threads = 0

  @Option(
    help: ArgumentHelp(
      "CPUs to compute on: big (all but the clearly weaker ones), all, or a list such as 0-3,7. auto is big where they "
        + "differ and the threads fit on them.", valueName: "cores"))
  var cores = CoreChoice.automatic

  @Option(
    help: """
      Arithmetic: f32, or f16 for 16-bit operands in the large convolutions, or int8 for 8-bit operands in those that \
      'calibrate' has chosen, where the processor multiplies them faster; auto for the fastest that shows no difference.
      """)
  var compute = Compute.auto

  mutating func validate() throws {
    guard (0...1024).contains(threads) else { throw ValidationError("--threads: expected 0 to 1024, found \(threads)") }
  }

  /// - Parameter auto: what `auto` means: commands that measure parity compute in full precision unless told otherwise.
  func kernels(auto: Precision = .automatic) throws -> Kernels {
    let cap = try Tier.capFromEnvironment()
    try cores.apply(threadCount: threads)
    let (precision, int8): (Precision, Int8Use) =
      switch compute {
      case .auto: (auto, auto == .full ? .never : .whereFaster)
      case .f32: (.full, .never)
      case .f16: (.reduced, .never)
      case .int8: (.automatic, .everywhere)
      }
    let kernels = Kernels(threadCount: threads, cap: cap, precision: precision, int8: int8)
    if let cap, cap != .scalar, kernels.table.tier == .scalar {
      throw Failure(
        .unavailable,
        "IDINV_ISA=\(cap.rawValue): this machine has nothing up to that tier; expected one of "
          + Kernels.availableTiers.map(\.rawValue).joined(separator: ", "))
    }
    guard compute != .int8 || kernels.table.int8.isFast else {
      throw Failure(
        .unavailable,
        "--compute int8: tier \(kernels.table.tier.rawValue) has no fast 8-bit products; expected auto or f32")
    }
    guard compute != .f16 || kernels.precision == .reduced else {
      throw Failure(
        .unavailable,
        "--compute f16: tier \(kernels.table.tier.rawValue) has no fast 16-bit products; expected auto or f32")
    }
    return kernels
  }
}

extension Kernels {
  /// The arithmetic in force for a model, as `--compute` names it: auto where each layer has its own.
  func computeName(_ model: Model) -> String {
    let compute: EngineOptions.Compute =
      switch int8 {
      case .everywhere: .int8
      case .whereFaster where model.hasInt8Encoder: .auto
      case .whereFaster, .never: precision == .full ? .f32 : .f16
      }
    return compute.rawValue
  }
}

/// `--quiet` and `--json`.
struct ReportingOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "No progress and no summary on the terminal.")
  var quiet = false

  @Flag(help: "Print figures as one JSON object on standard output.")
  var json = false
}

/// The images of a command, and how they are fitted to the model.
struct ImageOptions: ParsableArguments {
  enum Crop: String, ExpressibleByArgument, CaseIterable {
    case none, center
  }

  @Argument(
    help: ArgumentHelp("PNG files, folders of PNG files, or .list files with a path per line.", valueName: "images"))
  var images: [String]

  @Option(help: "What to do with an image that is not square: none refuses it, center cuts out the middle.")
  var crop = Crop.none

  /// One image, as the networks see it.
  struct Loaded {
    var name: String
    var path: String
    var picture: Image8
  }

  /// The images of the arguments, in order; folders and lists are opened, pictures not yet.
  func expand() throws -> [ListedImage] { try ImageList.expand(images) }

  /// Reads an image and fits it. Other sizes than the model's are resampled (area averaging down, Catmull-Rom up).
  func load(_ image: ListedImage, resolution: Int) throws -> Loaded {
    let picture = try PNG.read(image.path)
      .fitted(to: resolution, crop: CropRule(rawValue: crop.rawValue) ?? .none, path: image.path)
    return Loaded(name: image.name, path: image.path, picture: picture)
  }

  /// The first `most` images that can be read; those that cannot are told at once.
  func load(
    _ listed: [ListedImage], most: Int, resolution: Int, _ progress: ProgressBar
  ) throws -> (images: [Loaded], skipped: [SkippedImage]) {
    var images: [Loaded] = []
    var skipped: [SkippedImage] = []
    for entry in listed where images.count < most {
      if Signals.isInterrupted { throw ExitCode(Signals.exitCode) }
      do {
        images.append(try load(entry, resolution: resolution))
      } catch {
        skipped.append(try SkippedImage(entry, error, progress))
      }
    }
    return (images, skipped)
  }
}

/// `--output DIR`.
struct OutputFolder: ParsableArguments {
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Folder for the results; made if it is not there.", valueName: "dir"))
  var folder: String

  /// Makes sure that the folder exists and can be written, before any work is done.
  func prepare() throws { try AtomicFile.createFolder(folder) }

  func path(_ name: String) -> String { folder.hasSuffix("/") ? folder + name : folder + "/" + name }

  /// Checks, before any work is done, that results can have their names.
  func check(_ names: [String], inputs: [String]) throws {
    let places = OutputPlaces(inputs: inputs)
    for name in names { try places.check(path(name)) }
  }

  func writePNG(_ image: Image8, _ name: String) throws { try PNG.write(image, path(name)) }
}

extension ModelSpecification {
  /// The interval of the model's pixel values.
  var pixelRange: PixelRange { PixelRange(minimum: pixelMinimum, maximum: pixelMaximum) }
}

/// Bytes for people: "12.3 MB".
func humanBytes(_ count: Int) -> String {
  count < 1_000_000
    ? String(format: "%.1f kB", Double(count) / 1e3)
    : count < 1_000_000_000
      ? String(format: "%.1f MB", Double(count) / 1e6) : String(format: "%.2f GB", Double(count) / 1e9)
}
