/// A linear map along one axis in which each output is a weighted sum of neighboring inputs.
package struct AxisWeights: Sendable, Hashable {
  /// Per output: the first input, and the weights of it and those after it.
  package var first: [Int], weights: [[Float]]

  package init(first: [Int], weights: [[Float]]) {
    self.first = first
    self.weights = weights
  }

  package var outputCount: Int { first.count }

  /// Output i is the mean of inputs ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ − 1 of n, for m outputs: windows overlap where m does not divide
  /// n, and repeat inputs where there are fewer than outputs.
  package static func adaptiveAverage(inputs n: Int, outputs m: Int) -> AxisWeights {
    let windows = (0..<m).map { i in i * n / m..<((i + 1) * n + m - 1) / m }
    return AxisWeights(
      first: windows.map(\.lowerBound),
      weights: windows.map { [Float](repeating: 1 / Float($0.count), count: $0.count) })
  }

  /// Linear interpolation that maps the first input to the first output, and the last to the last.
  package static func alignedCorners(inputs n: Int, outputs m: Int) -> AxisWeights {
    var first: [Int] = [], weights: [[Float]] = []
    for i in 0..<m {
      let place = m > 1 ? Double(i * (n - 1)) / Double(m - 1) : 0
      let left = min(Int(place), max(0, n - 2)), part = place - Double(left)
      first.append(left)
      weights.append(n > 1 ? [Float(1 - part), Float(part)] : [1])
    }
    return AxisWeights(first: first, weights: weights)
  }

  /// The adjoint: gradients of `inputs` inputs out of those of the outputs.
  package func adjoint(inputs: Int) -> AxisWeights {
    var readers = [[(output: Int, weight: Float)]](repeating: [], count: inputs)
    for (output, start) in first.enumerated() {
      for (offset, weight) in weights[output].enumerated() { readers[start + offset].append((output, weight)) }
    }
    var result = AxisWeights(first: [], weights: [])
    for reader in readers {
      let start = reader.first?.output ?? 0, end = reader.last?.output ?? start
      var row = [Float](repeating: 0, count: end - start + 1)
      for (output, weight) in reader { row[output - start] += weight }
      result.first.append(start)
      result.weights.append(reader.isEmpty ? [] : row)
    }
    return result
  }
}

extension Kernels {
  /// y = rows · x · columnsᵀ, plane by plane. No overlap.
  ///
  /// - Parameter plane: the only one to do, on the thread at hand; nil stands for all, in parallel.
  package func resample(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, rows: AxisWeights, columns: AxisWeights,
    outputShape: BlockedShape, inputShape: BlockedShape, plane: Int? = nil
  ) {
    precondition(rows.outputCount == outputShape.height && columns.outputCount == outputShape.width)
    forEachPlaneRows(outputShape, plane: plane) { part in
      for y in part.rows {
        let source = input + inputShape.rowOffset(plane: part.plane, y: rows.first[y])
        let target = output + outputShape.rowOffset(plane: part.plane, y: y)
        rows.weights[y].withUnsafeBufferPointer { rowWeights in
          for x in 0..<outputShape.width {
            columns.weights[x].withUnsafeBufferPointer { columnWeights in
              var sum = SIMD16<Float>(repeating: 0)
              for (dy, rowWeight) in rowWeights.enumerated() {
                let row = source + (dy &* inputShape.rowStride &+ columns.first[x] &* 16)
                for (dx, weight) in columnWeights.enumerated() {
                  sum += UnsafeRawPointer(row + dx &* 16).loadUnaligned(as: SIMD16<Float>.self) * (rowWeight * weight)
                }
              }
              UnsafeMutableRawPointer(target + x &* 16).storeBytes(of: sum, as: SIMD16<Float>.self)
            }
          }
        }
      }
      outputShape.clearHalo(output, plane: part.plane, rows: part.rows)
    }
  }
}
