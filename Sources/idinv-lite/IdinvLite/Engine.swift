import Imaging
import Inversion
import Quant
import Runtime
import SIMDKernels
import Workflows

/// What a model computes with: its networks under the memory plan in force, and the graphs that are prepared once.
///
/// One thread at a time; `Model.turn` sees to that.
final class Engine {
  /// As opened, without a memory plan.
  let file: Inversion.Model
  let kernels: Kernels
  /// Under the plan in force.
  private(set) var model: Inversion.Model
  private let memoryBudget: Int?
  private var runners: [NetworkKind: NetworkRunner] = [:]
  private var plans: [Task: MemoryBudget.Plan] = [:]

  /// Work that needs a memory plan of its own.
  enum Task: Hashable {
    case network(NetworkKind)
    case sampling(count: Int)
    case inversion(ways: [SideBySide], weights: [Float], space: CodeSpace, encodes: Bool, isMasked: Bool)
  }

  init(_ model: Inversion.Model, kernels: Kernels, memoryBudget: Int?) {
    file = model
    self.model = model
    self.kernels = kernels
    self.memoryBudget = memoryBudget
  }

  /// The interval of the model's pixel values.
  var pixelRange: PixelRange {
    PixelRange(minimum: file.file.specification.pixelMinimum, maximum: file.file.specification.pixelMaximum)
  }

  /// A network for one image or code at a time; prepared on first use.
  func runner(_ kind: NetworkKind) throws -> NetworkRunner {
    _ = try plan(.network(kind), ways: [SideBySide(1)]) { (model, kernels, _) throws(InversionError) in
      [try NetworkRunner(kind, of: model, batch: 1, kernels: kernels)]
    }
    if let runner = runners[kind] { return runner }
    let runner = try NetworkRunner(kind, of: model, batch: 1, kernels: kernels)
    runners[kind] = runner
    return runner
  }

  /// An inverter for some images, under a memory plan.
  func inverter(
    _ options: Inversion.InversionOptions, batch: Int, imageCount: Int, isMasked: Bool = false
  ) throws -> Inverter {
    let ways = SideBySide.candidates(batch, imageCount: imageCount, kernels: kernels)
    let task = Task.inversion(
      ways: ways, weights: [options.weights.perceptual, options.weights.domain], space: options.space,
      encodes: options.start == .encoder, isMasked: isMasked)
    let sideBySide = try plan(task, ways: ways, options.workload(isMasked: isMasked)).sideBySide
    return try Inverter(
      model, options: options, batch: sideBySide.imageCount, laneCount: sideBySide.laneCount, isMasked: isMasked,
      kernels: kernels)
  }

  /// A sampler of codes and attributes, under a memory plan.
  func sampler(truncation: Float?, count: Int) throws -> AttributeSampler {
    let shape = try file.codeShape()
    let extra = 4 * count * (shape.count + 2 * (try file.attributeReader().names.count))
    let plan = try plan(.sampling(count: count), ways: AttributeSampler.batches.map { SideBySide($0) }, extra: extra) {
      (model, kernels, batch) throws(InversionError) in
      [try AttributeSampler(model, psi: truncation, batch: batch, kernels: kernels)]
    }
    return try AttributeSampler(model, psi: truncation, batch: plan.batch, kernels: kernels)
  }

  /// Chooses how a task keeps to its memory, once for each kind of task, and brings the model to it.
  private func plan(
    _ task: Task, ways: [SideBySide], extra: Int = 0, _ workload: @escaping MemoryBudget.Workload
  ) throws -> MemoryBudget.Plan {
    let plan =
      try plans[task]
      ?? MemoryLimit(byteCount: memoryBudget)
      .choose(file, ways: ways, extra: extra, kernels: kernels, workload: workload).plan
    plans[task] = plan
    if plan.policy != model.memory {
      runners = [:]
      model = try Inversion.Model(file: file.file, path: file.path, memory: plan.policy)
    }
    return plan
  }
}
