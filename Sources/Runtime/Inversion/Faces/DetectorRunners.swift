import Glibc
import Runtime

/// The softmax of two logits: that of the second.
func probability(_ no: Float, _ yes: Float) -> Float { 1 / (1 + exp(no - yes)) }

/// The first stage on tiles of one size: `places` × `places` positions of its window.
final class TileRunner {
  private let places: Int
  private let side: Int
  private let outputSide: Int
  private let prepared: PreparedGraph
  private let input: TensorID
  private let limits: TensorID
  private let output: TensorID

  init(
    _ stage: DetectorStage, places: Int, kernels: Kernels, arena: SharedArena
  ) throws(InversionError) {
    self.places = places
    side = 2 * places + 10
    outputSide = places + 4
    var graph = Graph()
    let input = graph.input(.image(batch: 1, channels: 3, height: side, width: side))
    let limits = graph.input(.matrix(rows: 1, columns: 2))
    let output = try wrapGraph { () throws(GraphError) in
      try stage.appendProposal(to: &graph, input, limits: limits)
    }
    graph.markOutput(output)
    (self.input, self.limits, self.output) = (input, limits, output)
    prepared = try wrapGraph { () throws(GraphError) in try PreparedGraph(graph, kernels: kernels, arena: arena) }
  }

  /// Runs over a picture [3, H, W], row by row of tiles.
  ///
  /// - Parameters:
  ///   - threshold: places of a clearly smaller probability are passed over.
  ///   - take: gets row, column and the six outputs of each other place, row by row.
  func run(
    _ level: [Float], height: Int, width: Int, threshold: Float, take: (Int, Int, [Float]) -> Void
  ) {
    let least = threshold > 0 && threshold < 1 ? log(threshold / (1 - threshold)) - 0.01 : -Float.infinity
    let rowCount = (height - 1) / 2 - 4, columnCount = (width - 1) / 2 - 4
    // Places come tile by tile; equal scores are told apart by their order in the whole picture.
    var found: [(place: Int, outputs: [Float])] = []
    var tile = [Float](repeating: 0, count: 3 * side * side)
    for firstRow in stride(from: 0, to: rowCount, by: places) {
      for firstColumn in stride(from: 0, to: columnCount, by: places) {
        fill(&tile, level, height: height, width: width, row: 2 * firstRow, column: 2 * firstColumn)
        prepared.write(tile, to: input)
        prepared.write([Float(height - 1 - 2 * firstRow), Float(width - 1 - 2 * firstColumn)], to: limits)
        prepared.run()
        let values = prepared.read(output)
        let plane = outputSide * outputSide
        for row in 0..<min(places, rowCount - firstRow) {
          for column in 0..<min(places, columnCount - firstColumn) {
            let place = (row + 2) * outputSide + column + 2
            guard values[plane + place] - values[place] >= least else { continue }
            found.append(
              (
                (firstRow + row) * columnCount + firstColumn + column,
                (0..<6).map { values[$0 * plane + place] }
              ))
          }
        }
      }
    }
    for (place, outputs) in found.sorted(by: { $0.place < $1.place }) {
      take(place / columnCount, place % columnCount, outputs)
    }
  }

  /// Copies a part of the picture, with zeros beyond it.
  private func fill(_ tile: inout [Float], _ level: [Float], height: Int, width: Int, row: Int, column: Int) {
    let rows = min(side, height - row), columns = min(side, width - column)
    if rows < side || columns < side { tile.withUnsafeMutableBufferPointer { $0.update(repeating: 0) } }
    tile.withUnsafeMutableBufferPointer { tile in
      level.withUnsafeBufferPointer { level in
        for channel in 0..<3 {
          for y in 0..<rows {
            (tile.baseAddress! + (channel * side + y) * side).update(
              from: level.baseAddress! + (channel * height + row + y) * width + column, count: columns)
          }
        }
      }
    }
  }
}

/// The second or third stage, prepared for a batch.
final class CandidateJudge {
  private let batch: Int
  private let count: Int
  private let headCount: Int
  private let prepared: PreparedGraph
  private let input: TensorID
  private let output: TensorID

  init(
    _ stage: DetectorStage, side: Int, batch: Int, kernels: Kernels, arena: SharedArena
  ) throws(InversionError) {
    self.batch = batch
    count = 3 * side * side
    headCount = stage.headCount
    var graph = Graph()
    let input = graph.input(.image(batch: batch, channels: 3, height: side, width: side))
    let output = try wrapGraph { () throws(GraphError) in try stage.appendJudgment(to: &graph, input) }
    graph.markOutput(output)
    (self.input, self.output) = (input, output)
    prepared = try wrapGraph { () throws(GraphError) in try PreparedGraph(graph, kernels: kernels, arena: arena) }
  }

  /// - Parameter values: at most a batch of [3, S, S].
  /// - Returns: the head's outputs of each.
  func run(_ values: [Float]) -> [[Float]] {
    let given = values.count / count
    prepared.write(values + [Float](repeating: 0, count: (batch - given) * count), to: input)
    prepared.run()
    let outputs = prepared.read(output)
    return (0..<given).map { Array(outputs[$0 * headCount..<($0 + 1) * headCount]) }
  }
}
