import FoundationEssentials
import Glibc
import Imaging
import Inversion
import SIMDKernels

/// What one process does for `bench quality`: inverts images by one configuration, one after the other, and tells what each
/// of them took. A process of its own, because peak memory and start-up are those of a process.
package struct MeasuringTask: Codable {
  package struct Image: Codable {
    /// Its number in the run.
    package var number: Int
    package var path: String
  }

  /// Path of the model file with the weights that are asked for.
  package var model: String
  package var configuration: QualityConfiguration
  /// Of pictures that are not square: a value of `--crop`.
  package var crop: CropRule
  package var images: [Image]
  /// CPUs that it may choose from, which are more than its parent, when it has chosen its own.
  package var cpus: [Int]
  /// Bytes; nil for what the machine has left.
  package var memoryBudget: Int?
}

/// What a measuring process says, one JSON text a line.
package enum MeasuringEvent: Codable {
  /// Networks are prepared; the first image is next.
  case ready
  case step
  case done(image: Int, MeasuredInversion)
  /// No image can be inverted this way.
  case refused(reason: String)
  /// The image cannot be inverted this way.
  case failed(image: Int, reason: String)
}

package struct MeasuredInversion: Codable {
  /// Wall time from pixels to code: encoding, the target's features, all steps.
  package var seconds: Double
  /// The same of all threads, as the kernel accounts it.
  package var cpuSeconds: Double
  /// Evaluations of the objective.
  package var steps: Int
  /// The most memory that the process has had so far, code and mapped weights included.
  package var peakBytes: Int
  /// [L, D].
  package var code: PackedFloats
  /// Rendered by this configuration, as a PNG file.
  package var picture: Data
}

extension MeasuringTask {
  package func run(send: (MeasuringEvent) throws -> Void) throws {
    let parent = getppid()
    let loaded = try Model.load(model)
    let kernels = try configuration.engine.kernels()
    let options = configuration.inversionOptions(for: loaded)
    let model: Model
    do {
      model = try MemoryLimit(byteCount: memoryBudget).choose(
        loaded, kernels: kernels, workload: Self.workload(options)
      ).model
    } catch {
      guard FailureKind(error) == .unavailable else { throw error }
      try send(.refused(reason: errorLine(error)))
      return
    }
    let resolution = try model.generator().specification.resolution
    let method = try Method(model, options, kernels)
    try send(.ready)

    let clock = ContinuousClock()
    var nextReport = clock.now
    for image in images {
      let picture = try PictureFile(image.path).fitted(to: resolution, crop: crop)
      var isOrphan = false
      do {
        let measured = try method.measure(picture) {
          // Ten times a second: a step may take less than saying so.
          if clock.now >= nextReport {
            nextReport = clock.now.advanced(by: .milliseconds(100))
            isOrphan = getppid() != parent || (try? send(.step)) == nil
          }
          return !isOrphan
        }
        guard let measured else { return }
        try send(.done(image: image.number, measured))
      } catch {
        guard FailureKind(error) == .badData else { throw error }
        try send(.failed(image: image.number, reason: errorLine(error)))
      }
    }
  }

  /// A configuration, ready to be measured.
  private struct Method {
    /// Where there is no step, there is no objective to prepare: `idinv-lite encode`.
    let encoder: NetworkRunner?
    let inverter: Inverter?
    let reconstruct: Reconstructor
    let range: PixelRange

    init(_ model: Model, _ options: InversionOptions, _ kernels: Kernels) throws {
      encoder = options.iterations == 0 ? try NetworkRunner(.encoder, of: model, batch: 1, kernels: kernels) : nil
      inverter = options.iterations > 0 ? try Inverter(model, options: options, kernels: kernels) : nil
      reconstruct = try Reconstructor(model, kernels: kernels)
      range = model.file.specification.pixelRange
    }

    /// - Parameter goesOn: is asked after each step.
    /// - Returns: nil where that said no.
    func measure(_ picture: Image8, goesOn: () -> Bool) throws -> MeasuredInversion? {
      let pixels = picture.planar(range)
      let clock = ContinuousClock()
      let (began, cpuBegan) = (clock.now, cpuSeconds())
      var (code, steps, isStopped) = ([Float](), 0, false)
      if let encoder {
        code = try encoder(pixels)
      } else if let inverter {
        let result = try inverter.invert(pixels) { _ in
          isStopped = !goesOn()
          return !isStopped
        }
        (code, steps) = (result.code, result.history.count)
      }
      let (seconds, cpuSeconds) = (began.duration(to: clock.now) / .seconds(1), cpuSeconds() - cpuBegan)
      if isStopped { return nil }
      guard code.allSatisfy(\.isFinite) else { throw Failure(.badData, "the encoder's code is not finite") }
      let rendered = Image8(
        planar: reconstruct(code).image, height: picture.height, width: picture.width, range: range)
      return MeasuredInversion(
        seconds: seconds, cpuSeconds: cpuSeconds, steps: steps, peakBytes: ProcessMemory.peakByteCount,
        code: PackedFloats(code), picture: Data(try PNG.encode(rendered)))
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
}

/// User and system time of all threads of this process.
private func cpuSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
