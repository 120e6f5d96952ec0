import CIdinv
import Glibc
import IdinvLite

// MARK: Edits

@_cdecl("idinv_manipulate")
public func idinvManipulate(
  _ context: OpaquePointer?, _ values: UnsafePointer<Float>?, _ count: Int,
  _ boundaries: UnsafePointer<UnsafePointer<idinv_boundary>?>?, _ factors: UnsafePointer<Double>?,
  _ boundaryCount: Int, _ distances: UnsafePointer<Double>?, _ distanceCount: Int,
  _ moved: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?
) -> idinv_status {
  call(context) { context in
    let place = try required(moved, "moved")
    let model = try context.model()
    let normals = try boundaryList(boundaries, boundaryCount)
    let weights =
      factors == nil
      ? [Double](repeating: 1, count: normals.count) : try array(factors, rows: boundaryCount, "factors")
    place.pointee = try allocated(
      codes(values, count, of: model, "codes").manipulated(
        along: zip(normals, weights).map { ($0, $1) }, distances: array(distances, rows: distanceCount, "distances")
      ).values)
  }
}

@_cdecl("idinv_interpolate")
public func idinvInterpolate(
  _ context: OpaquePointer?, _ from: UnsafePointer<Float>?, _ to: UnsafePointer<Float>?, _ innerSteps: Int32,
  _ result: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?
) -> idinv_status {
  call(context) { context in
    let place = try required(result, "codes")
    let model = try context.model()
    place.pointee = try allocated(
      Codes.interpolated(
        from: codes(from, 1, of: model, "from"), to: codes(to, 1, of: model, "to"), innerSteps: Int(innerSteps)
      ).values)
  }
}

@_cdecl("idinv_mix")
public func idinvMix(
  _ context: OpaquePointer?, _ contents: UnsafePointer<Float>?, _ count: Int, _ style: UnsafePointer<Float>?,
  _ layers: UnsafePointer<Int32>?, _ layerCount: Int, _ result: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?
) -> idinv_status {
  call(context) { context in
    let place = try required(result, "codes")
    let model = try context.model()
    place.pointee = try allocated(
      codes(contents, count, of: model, "contents").mixed(
        withStyleOf: codes(style, 1, of: model, "style"), layers: layerList(layers, layerCount)
      ).values)
  }
}

// MARK: Boundaries

@_cdecl("idinv_boundary_read")
public func idinvBoundaryRead(
  _ context: OpaquePointer?, _ path: UnsafePointer<CChar>?,
  _ result: UnsafeMutablePointer<UnsafeMutablePointer<idinv_boundary>?>?
) -> idinv_status {
  call(context) { context in
    let place = try required(result, "boundary")
    place.pointee = try allocated(Boundary(contentsOf: text(path, "path"), for: context.model()), nil)
  }
}

@_cdecl("idinv_boundary_write")
public func idinvBoundaryWrite(
  _ context: OpaquePointer?, _ given: UnsafePointer<idinv_boundary>?, _ path: UnsafePointer<CChar>?
) -> idinv_status {
  call(context) { _ in try boundary(required(given, "boundary"), "boundary").write(to: text(path, "path")) }
}

@_cdecl("idinv_boundary_train")
public func idinvBoundaryTrain(
  _ context: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ values: UnsafePointer<Float>?, _ count: Int,
  _ layerCount: Int32, _ dimension: Int32, _ scores: UnsafePointer<Float>?,
  _ options: UnsafePointer<idinv_training_options>?,
  _ result: UnsafeMutablePointer<UnsafeMutablePointer<idinv_boundary>?>?
) -> idinv_status {
  call(context) { context in
    let place = try required(result, "boundary")
    guard (1...1 << 20).contains(layerCount), (1...1 << 20).contains(dimension) else {
      throw IdinvError(
        .invalidArgument, "codes: expected 1 layer and number or more, found \(layerCount), \(dimension)")
    }
    let samples = try Codes(
      array(values, rows: count, columns: Int(layerCount) * Int(dimension), "codes"), layerCount: Int(layerCount),
      dimension: Int(dimension))
    let trained = try Boundary.train(
      text(name, "name"), codes: samples, scores: array(scores, rows: count, "scores"),
      options: trainingOptions(known(options, zero: idinv_training_options(), "training options")))
    place.pointee = try allocated(trained.boundary, trained)
  }
}

private func trainingOptions(_ given: idinv_training_options) throws -> TrainingOptions {
  var options = TrainingOptions()
  if given.ratio != 0 { options.ratio = given.ratio }
  if given.split != 0 { options.split = given.split }
  if given.cost != 0 { options.cost = given.cost }
  options.loss = try choice(given.loss, of: [TrainingOptions.Loss.hinge, .squaredHinge], "loss")
  options.seed = given.seed
  options.layers = try layerList(given.layers, given.layer_count)
  options.isPerLayer = given.is_per_layer != 0
  options.conditions = try boundaryList(given.conditions, given.condition_count)
  return options
}

@_cdecl("idinv_draw_samples")
public func idinvDrawSamples(
  _ context: OpaquePointer?, _ count: Int, _ seed: UInt32, _ truncation: UnsafePointer<Float>?,
  _ codes: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?,
  _ attributes: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?
) -> idinv_status {
  call(context) { context in
    let (codes, attributes) = (try required(codes, "codes"), try required(attributes, "attributes"))
    let samples = try context.model().drawAttributeSamples(count, seed: seed, truncation: truncation?.pointee)
    let drawn = try allocated(samples.codes.values)
    do { attributes.pointee = try allocated(samples.values) } catch {
      free(drawn)
      throw error
    }
    codes.pointee = drawn
  }
}

@_cdecl("idinv_boundary_free")
public func idinvBoundaryFree(_ boundary: UnsafeMutablePointer<idinv_boundary>?) {
  guard let boundary else { return }
  free(UnsafeMutableRawPointer(mutating: boundary.pointee.name))
  free(UnsafeMutableRawPointer(mutating: boundary.pointee.normal))
  free(UnsafeMutableRawPointer(mutating: boundary.pointee.layers))
  free(boundary)
}

/// A caller's boundary, its own or one of the library's.
private func boundary(_ pointer: UnsafePointer<idinv_boundary>, _ name: String) throws -> Boundary {
  let given = try known(pointer, zero: idinv_boundary(), name)
  let (layerCount, dimension) = (Int(given.layer_count), Int(given.dimension))
  guard layerCount > 0, dimension > 0 else {
    throw IdinvError(.invalidArgument, "\(name): expected layers and a dimension, found [\(layerCount), \(dimension)]")
  }
  return try Boundary(
    name: given.name == nil ? name : text(given.name, name),
    values: array(given.normal, rows: layerCount, columns: dimension, name), layerCount: layerCount,
    dimension: dimension, layers: layerList(given.layers, given.moved_layer_count),
    distanceDeviation: given.distance_deviation > 0 ? given.distance_deviation : nil)
}

private func boundaryList(
  _ pointer: UnsafePointer<UnsafePointer<idinv_boundary>?>?, _ count: Int
) throws -> [Boundary] {
  try array(pointer, rows: count, "boundaries").enumerated().map { index, pointer in
    try boundary(required(pointer, "boundary \(index)"), "boundary \(index)")
  }
}

/// A boundary that the caller frees by `idinv_boundary_free`.
private func allocated(
  _ boundary: Boundary, _ training: BoundaryTrainingResult?
) throws -> UnsafeMutablePointer<idinv_boundary> {
  var value = idinv_boundary()
  value.size = MemoryLayout<idinv_boundary>.size
  value.layer_count = Int32(boundary.layerCount)
  value.dimension = Int32(boundary.dimension)
  value.moved_layer_count = boundary.layers.count
  value.distance_deviation = boundary.distanceDeviation ?? 0
  value.bias = training?.bias ?? 0
  value.training_accuracy = training?.trainingAccuracy ?? .nan
  value.validation_accuracy = training?.validationAccuracy ?? .nan
  value.remaining_accuracy = training?.remainingAccuracy ?? .nan
  value.correlation = training?.correlation ?? .nan
  let whole = try allocated([value])
  do {
    whole.pointee.name = UnsafePointer(try allocated(boundary.name))
    whole.pointee.normal = UnsafePointer(try allocated(boundary.normal))
    whole.pointee.layers = UnsafePointer(try allocated(boundary.layers.map { Int32($0) }))
  } catch {
    idinvBoundaryFree(whole)
    throw error
  }
  return whole
}
