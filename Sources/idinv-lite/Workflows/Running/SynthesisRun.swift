import Checkpoint
import FoundationEssentials
import Glibc
import Imaging
import Inversion
import Quant
import Reports
import Runtime

/// Images of seeds or of codes.
package struct SynthesisRun {
  package enum Source {
    /// z as `torch.manual_seed(seed); torch.randn(1, Z)` draws it, truncated.
    ///
    /// - Parameter psi: truncation factor in place of the model's.
    case seeds([UInt64], psi: Float?)
    /// [N, L, D].
    case codes([Float])
  }

  /// What it comes to, as the command prints it.
  package struct Outcome: Encodable {
    /// Names of the files.
    package var images: [String]
    package var memory: MemoryUse?
  }

  private let source: Source
  private let specification: GeneratorSpecification
  private let names: [String]

  package init(_ source: Source, of model: Model) throws {
    self.source = source
    specification = try model.generator().specification
    switch source {
    case .seeds(let seeds, _):
      names = seeds.map { "seed" + String(repeating: "0", count: max(0, 4 - "\($0)".count)) + "\($0)" }
    case .codes(let codes):
      let count = codes.count / (specification.layerCount * specification.wDimension)
      names = (0..<count).map { "code" + printed("%04d", $0) }
    }
  }

  package var networks: [NetworkKind] {
    if case .seeds = source { [.mapping, .truncation, .generator] } else { [.generator] }
  }

  /// Codes that it draws.
  package var drawnCount: Int {
    if case .seeds(let seeds, _) = source { seeds.count } else { 0 }
  }

  /// Names of all files that it writes.
  package var outputs: [String] { names.map { "\($0).png" } + ["codes.npy"] }

  package func callAsFunction(
    _ memory: MemoryChoice, into folder: OutputFolder, kernels: Kernels, _ context: RunContext
  ) throws -> Outcome {
    let model = memory.model
    let codes = try codes(of: model, kernels)
    let size = specification.layerCount * specification.wDimension, side = specification.resolution
    let range = model.file.specification.pixelRange
    let generator = try NetworkRunner(.generator, of: model, batch: 1, kernels: kernels)
    for (index, name) in names.enumerated() {
      try context.checkCancellation()
      let image = try generator(Array(codes[index * size..<(index + 1) * size]))
      guard image.allSatisfy(\.isFinite) else {
        throw Failure(
          .badData, at: name,
          "the generator's image is not finite; expected numbers: checking the model's file tells whether "
            + "\(model.path) is damaged")
      }
      try folder.writePNG(Image8(planar: image, height: side, width: side, range: range), "\(name).png")
      context.update(ProgressState(name: name, step: index + 1, stepCount: names.count))
    }
    context.pause()
    try model.file.verifyUnchanged()
    try NumpyArray(shape: [names.count, specification.layerCount, specification.wDimension], floats: codes)
      .write(to: folder.path("codes.npy"))
    try folder.finish()
    return Outcome(images: names.map { "\($0).png" }, memory: memory.figures)
  }

  private func codes(of model: Model, _ kernels: Kernels) throws -> [Float] {
    switch source {
    case .codes(let codes): return codes
    case .seeds(let seeds, let psi):
      let z = seeds.flatMap { seed in
        var random = TorchRandom(seed: seed)
        return random.normals(specification.zDimension)
      }
      let w = try model.run(.mapping, on: z, count: seeds.count, kernels: kernels).values
      return try model.run(.truncation, on: w, count: seeds.count, kernels: kernels, psi: psi).values
    }
  }
}
