import Checkpoint
import Inversion

/// Latent codes of one model, [N, L, D]: for each of N images one vector of D numbers for each of L style layers.
public struct Codes: Sendable, Equatable {
  /// L: style layers of the generator.
  public let layerCount: Int
  /// D: numbers in each layer.
  public let dimension: Int
  /// The entries in C order, `count · layerCount · dimension`.
  public private(set) var values: [Float]

  /// N.
  public var count: Int { values.count / (layerCount * dimension) }
  /// [N, L, D].
  public var shape: [Int] { [count, layerCount, dimension] }

  /// - Throws: `.invalidArgument` where the values are not whole codes.
  public init(_ values: [Float], layerCount: Int, dimension: Int) throws(IdinvError) {
    let (size, overflow) = layerCount.multipliedReportingOverflow(by: dimension)
    guard layerCount > 0, dimension > 0, !overflow, values.count % size == 0 else {
      throw IdinvError(
        .invalidArgument,
        "codes: expected a multiple of \(layerCount)·\(dimension) values, found \(values.count)")
    }
    self.layerCount = layerCount
    self.dimension = dimension
    self.values = values
  }

  init(_ values: [Float], shape: CodeShape) {
    layerCount = shape.layerCount
    dimension = shape.dimension
    self.values = values
  }

  /// One code, [1, L, D].
  public subscript(index: Int) -> Codes {
    precondition((0..<count).contains(index), "codes: index \(index) of \(count)")
    return Codes(Array(values(of: index)), shape: codeShape)
  }

  /// The entries of one code, [L, D] in C order.
  public func values(of index: Int) -> ArraySlice<Float> {
    let size = layerCount * dimension
    return values[index * size..<(index + 1) * size]
  }

  /// Adds codes of the same form.
  ///
  /// - Throws: `.invalidArgument` for codes of another form.
  public mutating func append(_ others: Codes) throws(IdinvError) {
    try others.requireShape(codeShape, "codes to append")
    values += others.values
  }

  /// Reads a `.npy` file of [N, L, D], or [L, D] for one code.
  ///
  /// - Throws: `.missingFile`, `.inputOutput`, `.badData`.
  public init(contentsOf path: String) throws(IdinvError) {
    let array = try IdinvError.wrapping(path: path) { try NumpyArray.read(path) }
    guard (2...3).contains(array.shape.count), array.shape.allSatisfy({ $0 > 0 }) else {
      throw IdinvError(.badData, "\(path): expected codes [N, L, D], found shape \(array.shape)", path: path)
    }
    let form = array.shape.suffix(2)
    try self.init(array.floats, layerCount: form[form.startIndex], dimension: form[form.startIndex + 1])
  }

  /// Writes a `.npy` file of [N, L, D], float32, whole or not at all.
  ///
  /// - Throws: `.cannotCreate`, `.inputOutput`.
  public func write(to path: String) throws(IdinvError) {
    try IdinvError.wrapping(path: path) { try NumpyArray(shape: shape, floats: values).write(to: path) }
  }

  var codeShape: CodeShape { CodeShape(layerCount: layerCount, dimension: dimension) }

  /// - Throws: `.invalidArgument` where these are no codes of a model, or not finite.
  func requireShape(_ expected: CodeShape, _ what: String) throws(IdinvError) {
    guard codeShape == expected else {
      throw IdinvError(
        .invalidArgument,
        "\(what): expected codes [N, \(expected.layerCount), \(expected.dimension)] of this model, found \(shape)")
    }
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw IdinvError(
        .badData, "\(what): expected finite numbers, found \(values[bad]) in code \(bad / expected.count)")
    }
  }
}
