import Glibc
import Quant
import Runtime

/// Finds out which convolutions may multiply in 8 bits: of generator and encoder, on images of random codes, against single
/// precision.
///
/// First each layer alone in 8 bits. Then layer by layer together, those first that save most for the error that they make,
/// each kept as long as all that are kept leave every image (every code) within its limit.
package final class CalibrationMeasurement {
  package struct Plan: Sendable {
    package var sampleCount: Int
    /// Least PSNR of the generator's images, in dB.
    package var psnr: Float
    /// Largest ‖error‖ / ‖code‖ of the encoder.
    package var codeError: Float
    package var seed: UInt64
    /// Whose layers are candidates: generator and encoder, or one of them.
    package var networks: Set<NetworkKind>
    /// Whether layers are measured alone only where not all of a network's are harmless together, and then no more of them
    /// than how far the network is off.
    package var isBrief: Bool

    package init(
      sampleCount: Int = 16, psnr: Float = 40, codeError: Float = 0.01, seed: UInt64 = 0,
      networks: Set<NetworkKind> = [.generator, .encoder], isBrief: Bool = false
    ) {
      self.sampleCount = sampleCount
      self.psnr = psnr
      self.codeError = codeError
      self.seed = seed
      self.networks = networks
      self.isBrief = isBrief
    }
  }

  /// What one layer alone in 8 bits does.
  package struct Layer: Sendable {
    /// Of its weights.
    package var name: String
    /// `generator` or `encoder`.
    package var network: NetworkKind
    /// Of the layer's output: ‖error‖ / ‖output‖ over all samples; nil in a brief measurement.
    package var outputError: Double?
    /// Of the network's: `NetworkError`.
    package var networkError: NetworkError
    /// Operations saved, in those of a direct convolution that take as long; an estimate, against single precision.
    package var saving: Double
    /// Whether it may stay in 8 bits together with the others that may.
    package var isGranted = false
  }

  /// How far a network's outputs are off, in the worst of the samples.
  package struct NetworkError: Sendable {
    /// ‖error‖ / ‖output‖.
    package var relative: Double
    /// Peak signal-to-noise ratio for the model's range of pixels, in dB.
    package var psnr: Double
  }

  package struct Result: Sendable {
    /// Those that were measured alone, in the order of the file.
    package var layers: [Layer]
    package var calibration: Int8Calibration
  }

  /// What is measured: by itself the model that counts as exact, or one that has more of it in 8 bits.
  var model: Model
  private let reference: Model
  private let plan: Plan
  private let exact: Kernels
  private let rounded: Kernels
  /// Codes, and the images that the generator makes of them in single precision.
  private var inputs: [NetworkKind: [[Float]]] = [:]
  private var outputs: [NetworkKind: [[Float]]] = [:]
  private var done = 0, total = 1
  private var observer: (Double) -> Bool = { _ in true }
  private struct Stopped: Error {}

  /// - Parameter kernels: their tier and threads count, whatever their arithmetic.
  /// - Throws: `.missingNetwork` without a generator, `.badOption`.
  package init(_ model: Model, plan: Plan = Plan(), kernels: Kernels) throws(InversionError) {
    let generator = try model.generator()
    guard plan.sampleCount >= 1 else {
      throw .badOption(name: "samples", expected: "1 or more", found: "\(plan.sampleCount)")
    }
    self.model = model
    reference = model
    self.plan = plan
    exact = Kernels(threadCount: kernels.threadCount, cap: kernels.table.tier)
    rounded = Kernels(threadCount: kernels.threadCount, cap: kernels.table.tier, int8: .everywhere)
    let codes = try model.randomCodes(plan.sampleCount, seed: plan.seed, kernels: exact)
    let width = generator.codeCount
    inputs[.generator] = (0..<plan.sampleCount).map { Array(codes[$0 * width..<($0 + 1) * width]) }
  }

  /// - Parameter progress: gets the share done; false ends the work.
  /// - Returns: nil where the work was ended.
  package func run(progress: @escaping (Double) -> Bool = { _ in true }) throws(InversionError) -> Result? {
    observer = progress
    defer { observer = { _ in true } }
    let candidates = model.file.specification.int8Candidates.filter { plan.networks.contains(Self.network(of: $0)) }
    total = max(1, 2 * candidates.count)
    do {
      try prepare()
      var layers: [Layer] = [], granted: Set<String> = []
      func measure(_ kind: NetworkKind, isGood: (NetworkError) -> Bool) throws -> NetworkError? {
        let names = candidates.filter { Self.network(of: $0) == kind }
        if plan.isBrief, let error = try all(names, kind), isGood(error) {
          granted.formUnion(names)
          return error
        }
        for name in try affordable(names, kind) { layers.append(try alone(name)) }
        let error = try together(kind, &layers, isGood: isGood)
        granted.formUnion(layers.filter(\.isGranted).map(\.name))
        return error
      }
      var calibration = Int8Calibration(layers: [])
      let images = try measure(.generator) { $0.psnr >= Double(self.plan.psnr) }
      let codes = try measure(.encoder) { $0.relative <= Double(self.plan.codeError) }
      calibration.layers = candidates.filter(granted.contains)
      // Without any error there is no finite one.
      calibration.psnr = images.flatMap { $0.psnr.isFinite ? Float($0.psnr) : nil }
      calibration.codeError = codes.map { Float($0.relative) }
      return Result(layers: layers, calibration: calibration)
    } catch let error as InversionError {
      throw error
    } catch let error as GraphError {
      throw .graph(error)
    } catch {
      return nil  // stopped
    }
  }

  private static func network(of weights: String) -> NetworkKind {
    weights.hasPrefix("generator.") ? .generator : .encoder
  }

  /// Of the codes of another model of the same file, in single precision.
  func error(of other: Model) throws(InversionError) -> Double {
    do {
      try prepare()
      let runner = try NetworkRunner(.encoder, of: other, batch: 1, kernels: exact)
      return try error(of: try outputs(of: runner, .encoder), .encoder).relative
    } catch let error as InversionError {
      throw error
    } catch {
      throw .notFinite(term: "code", step: 0)
    }
  }

  /// Makes the images, and what counts as exact.
  private func prepare() throws {
    guard outputs.isEmpty else { return }
    outputs[.generator] = try exactOutputs(.generator)
    inputs[.encoder] = outputs[.generator]
    if reference.hasEncoder { outputs[.encoder] = try exactOutputs(.encoder) }
  }

  /// Of a network's candidates those that are measured alone: in a brief measurement the largest, as many as that many operations
  /// allow.
  private func affordable(_ names: [String], _ kind: NetworkKind) throws -> [String] {
    guard plan.isBrief, !names.isEmpty else { return names }
    let runner = try NetworkRunner(kind, of: reference, batch: 1, kernels: exact)
    let each = runner.preparedGraph.work.reduce(0, +) * plan.sampleCount
    let count = max(1, Self.briefWork / max(1, each))
    guard count < names.count else { return names }
    var sizes: [String: Int] = [:]
    for tensor in requiredTensors(of: model.file.specification) { sizes[tensor.name] = tensor.elementCount }
    let largest = Set(names.sorted { (sizes[$0]!, $1) > (sizes[$1]!, $0) }.prefix(count))
    return names.filter(largest.contains)
  }

  /// Some seconds of a desktop processor: the published encoder at 256 px takes 2.4e12.
  private static let briefWork = 2_500_000_000_000

  /// Of a network with all of its candidates in 8 bits; nil where it has none.
  private func all(_ names: [String], _ kind: NetworkKind) throws -> NetworkError? {
    guard !names.isEmpty else { return nil }
    try report()
    return try error(granting: Set(names), kind)
  }

  private func exactOutputs(_ kind: NetworkKind) throws -> [[Float]] {
    try outputs(of: try NetworkRunner(kind, of: reference, batch: 1, kernels: exact), kind)
  }

  private func outputs(of runner: NetworkRunner, _ kind: NetworkKind) throws -> [[Float]] {
    var results: [[Float]] = []
    for input in inputs[kind]! { results.append(try runner(input)) }
    return results
  }

  private func alone(_ name: String) throws -> Layer {
    let kind = Self.network(of: name)
    let reference = try WatchedLayer(name, of: model, kind, exact)
    let watched = try WatchedLayer(name, of: permitting([name]), kind, rounded)
    var difference = SquaredDifference(), results: [[Float]] = []
    for input in inputs[kind]! {
      let rounded = watched.run(input)
      if !plan.isBrief { difference.add(exact: reference.run(input).layer, rounded.layer) }
      results.append(rounded.network)
    }
    try report()
    return Layer(
      name: name, network: kind, outputError: plan.isBrief ? nil : difference.relative,
      networkError: try error(of: results, kind), saving: reference.effectiveWork - watched.effectiveWork)
  }

  /// Grants layers of one network one after the other; the error of all of them together, nil where there are none.
  private func together(
    _ kind: NetworkKind, _ layers: inout [Layer], isGood: (NetworkError) -> Bool
  ) throws -> NetworkError? {
    let order = layers.indices.filter { layers[$0].network == kind }.sorted {
      Self.worth(layers[$0]) == Self.worth(layers[$1]) ? $0 < $1 : Self.worth(layers[$0]) > Self.worth(layers[$1])
    }
    var granted: Set<String> = [], best: NetworkError?
    let nothing = plan.isBrief && !order.isEmpty ? try error(granting: [], kind).relative : 0
    for index in order {
      try report()
      var alone = layers[index].networkError
      guard isGood(alone) else { continue }
      if plan.isBrief, let best {
        // Roundings of different layers have nothing to do with each other: what is far too much is not tried.
        let (a, b, c) = (alone.relative, best.relative, nothing)
        alone.relative = max(0, a * a + b * b - c * c).squareRoot() / Self.doubt
        guard isGood(alone) else { continue }
      }
      let trial = granted.union([layers[index].name])
      // The first is as good as it was alone.
      let error = granted.isEmpty ? layers[index].networkError : try error(granting: trial, kind)
      guard isGood(error) else { continue }
      (granted, best) = (trial, error)
      layers[index].isGranted = true
    }
    return best
  }

  /// By how much a brief measurement may overrate the error of two layers together.
  private static let doubt = 1.1

  /// Saving for the noise that it costs.
  private static func worth(_ layer: Layer) -> Double {
    layer.saving / max(layer.networkError.relative * layer.networkError.relative, 1e-30)
  }

  private func permitting(_ layers: Set<String>) throws -> Model {
    try model.varied(int8: layers)
  }

  private func error(granting layers: Set<String>, _ kind: NetworkKind) throws -> NetworkError {
    let runner = try NetworkRunner(kind, of: permitting(layers), batch: 1, kernels: rounded)
    return try error(of: try outputs(of: runner, kind), kind)
  }

  private func error(of results: [[Float]], _ kind: NetworkKind) throws -> NetworkError {
    let specification = model.file.specification
    let range = Double(specification.pixelMaximum - specification.pixelMinimum)
    var worst = NetworkError(relative: 0, psnr: .infinity)
    for (exact, result) in zip(outputs[kind]!, results) {
      var difference = SquaredDifference()
      difference.add(exact: exact, result)
      guard difference.errors.isFinite else {
        throw InversionError.notFinite(term: "output of the \(kind.rawValue)", step: 0)
      }
      worst.relative = max(worst.relative, difference.relative)
      worst.psnr = min(worst.psnr, 10 * log10(range * range * Double(exact.count) / difference.errors))
    }
    return worst
  }

  private func report() throws {
    done += 1
    if !observer(Double(done) / Double(total)) { throw Stopped() }
  }
}

private struct SquaredDifference {
  var squares = 0.0, errors = 0.0

  mutating func add(exact: [Float], _ other: [Float]) {
    for i in exact.indices {
      let value = Double(exact[i]), error = Double(other[i]) - value
      squares += value * value
      errors += error * error
    }
  }

  /// ‖error‖ / ‖exact‖.
  var relative: Double { (errors / max(squares, 1e-30)).squareRoot() }
}

/// A network, and the output of one of its convolutions.
private struct WatchedLayer {
  private let prepared: PreparedGraph
  private let input: TensorID, watched: TensorID, result: TensorID
  let effectiveWork: Double

  init(_ name: String, of model: Model, _ kind: NetworkKind, _ kernels: Kernels) throws {
    var graph = Graph()
    if kind == .generator {
      let generator = try model.generator()
      input = graph.input(.matrix(rows: 1, columns: generator.codeCount))
      result = try generator.appendSynthesis(to: &graph, input, isExact: false)
    } else {
      let encoder = try model.encoder(), side = try model.imageResolution()
      input = graph.input(
        .image(batch: 1, channels: encoder.specification.imageChannels, height: side, width: side))
      result = try encoder.append(to: &graph, input, average: try model.averageImage(kernels: kernels))
    }
    let index = graph.nodes.firstIndex { ($0.operation as? Convolution)?.weights.name == name }!
    watched = graph.nodes[index].output
    graph.markOutput(watched)
    graph.markOutput(result)
    prepared = try PreparedGraph(graph, kernels: kernels, arena: model.arena)
    effectiveWork = prepared.effectiveWork[index]
  }

  func run(_ values: [Float]) -> (layer: [Float], network: [Float]) {
    prepared.write(values, to: input)
    prepared.run()
    return (prepared.read(watched), prepared.read(result))
  }
}
