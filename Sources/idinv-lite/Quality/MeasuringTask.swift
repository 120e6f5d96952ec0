import ArgumentParser
import Foundation
import Imaging
import Inversion
import SIMDKernels

/// What one process does for `bench quality`: inverts images by one configuration, one after the other, and tells what each
/// of them took. A process of its own, because peak memory and start-up are those of a process.
struct MeasuringTask: Codable {
  struct Image: Codable {
    /// Its number in the run.
    var number: Int
    var path: String
  }

  /// Path of the model file with the weights that are asked for.
  var model: String
  var configuration: QualityConfiguration
  /// Of pictures that are not square: a value of `--crop`.
  var crop: String
  var images: [Image]
  /// CPUs that it may choose from, which are more than its parent, when it has chosen its own.
  var cpus: [Int]
  /// Bytes; nil for what the machine has left.
  var memoryBudget: Int?
}

/// What a measuring process says, one JSON text a line.
enum MeasuringEvent: Codable {
  /// Networks are prepared; the first image is next.
  case ready
  case step
  case done(image: Int, MeasuredInversion)
  /// No image can be inverted this way.
  case refused(reason: String)
  /// The image cannot be inverted this way.
  case failed(image: Int, reason: String)
}

struct MeasuredInversion: Codable {
  /// Wall time from pixels to code: encoding, the target's features, all steps.
  var seconds: Double
  /// The same of all threads, as the kernel accounts it.
  var cpuSeconds: Double
  /// Evaluations of the objective.
  var steps: Int
  /// The most memory that the process has had so far, code and mapped weights included.
  var peakBytes: Int
  /// [L, D].
  var code: PackedFloats
  /// Rendered by this configuration, as a PNG file.
  var picture: Data
}

extension MeasuringTask {
  func run() throws {
    let parent = getppid()
    if Processor.allowedCPUs != cpus { _ = Processor.confine(to: cpus) }
    let loaded = try ModelOption.parse(["--model", model]).load()
    let kernels = try configuration.engine().kernels()
    let options = configuration.inversionOptions(for: loaded)
    let model: Model
    do {
      model = try MemoryOption(byteCount: memoryBudget).choose(
        loaded, kernels: kernels, workload: Self.workload(options)
      ).model
    } catch {
      guard status(of: error) == .unavailable else { throw error }
      try send(.refused(reason: errorLine(error)))
      return
    }
    let specification = try model.generator().specification
    // Where there is no step, there is no objective to prepare: `idinv-lite encode`.
    let encoder = options.iterations == 0 ? try NetworkRunner(.encoder, of: model, batch: 1, kernels: kernels) : nil
    let inverter = options.iterations > 0 ? try Inverter(model, options: options, kernels: kernels) : nil
    let reconstruct = try Reconstructor(model, kernels: kernels)
    let range = model.file.specification.pixelRange
    try send(.ready)

    let clock = ContinuousClock()
    var nextReport = clock.now
    for image in images {
      let picture = try PNG.read(image.path).fitted(
        to: specification.resolution, crop: CropRule(rawValue: crop) ?? .none, path: image.path)
      let pixels = picture.planar(range)
      var isOrphan = false
      let (began, cpuBegan) = (clock.now, Self.cpuSeconds())
      do {
        var (code, steps) = ([Float](), 0)
        if let encoder {
          code = try encoder(pixels)
        } else if let inverter {
          let result = try inverter.invert(pixels) { _ in
            // Ten times a second: a step may take less than saying so.
            if clock.now >= nextReport {
              nextReport = clock.now.advanced(by: .milliseconds(100))
              isOrphan = getppid() != parent || (try? send(.step)) == nil
            }
            return !isOrphan
          }
          (code, steps) = (result.code, result.history.count)
        }
        let (seconds, cpuSeconds) = (began.duration(to: clock.now) / .seconds(1), Self.cpuSeconds() - cpuBegan)
        if isOrphan { return }
        guard code.allSatisfy(\.isFinite) else { throw Failure(.badData, "the encoder's code is not finite") }
        let rendered = Image8(
          planar: reconstruct(code).image, height: picture.height, width: picture.width, range: range)
        try send(
          .done(
            image: image.number,
            MeasuredInversion(
              seconds: seconds, cpuSeconds: cpuSeconds, steps: steps, peakBytes: ProcessMemory.peakByteCount,
              code: PackedFloats(code), picture: Data(try PNG.encode(rendered)))))
      } catch {
        guard status(of: error) == .badData else { throw error }
        try send(.failed(image: image.number, reason: errorLine(error)))
      }
    }
  }

  private static func workload(_ options: InversionOptions) -> MemoryBudget.Workload {
    if options.iterations > 0 { return options.workload() }
    return { (model, kernels, batch) throws(InversionError) in
      [
        try NetworkRunner(.encoder, of: model, batch: batch, kernels: kernels),
        try Reconstructor(model, kernels: kernels),
      ]
    }
  }

  private func send(_ event: MeasuringEvent) throws {
    try StandardStreams.printOutput("\(String(decoding: try JSONEncoder().encode(event), as: UTF8.self))\n")
  }

  /// User and system time of all threads of this process.
  private static func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// `idinv-lite bench quality-task`: the process that `bench quality` starts for each configuration.
struct BenchQualityTask: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quality-task", abstract: "One configuration of 'bench quality', told by standard input.",
    shouldDisplay: false)

  func run() throws {
    try reporting {
      let input = FileHandle.standardInput.readDataToEndOfFile()
      guard let task = try? JSONDecoder().decode(MeasuringTask.self, from: input) else {
        throw Failure(.usage, "bench quality-task: is started by 'bench quality' alone")
      }
      try task.run()
    }
  }
}
