// Contact sheets: pictures pasted side by side, tiny ones enlarged so that they can be seen.

extension Image8 {
  /// Pastes another picture with its upper left corner at (row, column); what lies outside is cut off.
  public mutating func paste(_ other: Image8, row: Int, column: Int) {
    let columns = max(0, -column)..<max(max(0, -column), min(other.width, width - column))
    guard !columns.isEmpty else { return }
    for source in 0..<other.height where row + source >= 0 && row + source < height {
      copyRow(
        source, columns: columns, of: other, toRow: row + source, column: column + columns.lowerBound)
    }
  }

  /// Each pixel as a square of `factor` × `factor` pixels (nearest neighbour).
  ///
  /// - Precondition: `factor > 0`.
  public func enlarged(_ factor: Int) -> Image8 {
    precondition(factor > 0, "Image8: enlarged \(factor) times")
    guard factor > 1 else { return self }
    var bytes = [UInt8]()
    bytes.reserveCapacity(pixels.count * factor * factor)
    for row in 0..<height {
      let start = bytes.count
      for column in 0..<width {
        let pixel = pixels[((row * width + column) * 3)..<((row * width + column) * 3 + 3)]
        for _ in 0..<factor { bytes.append(contentsOf: pixel) }
      }
      let line = bytes[start...]
      for _ in 1..<factor { bytes.append(contentsOf: line) }
    }
    return Image8(height: height * factor, width: width * factor, pixels: bytes)
  }

  /// A sheet of pictures in rows, `gap` pixels of `background` between them and around the whole.
  ///
  /// Cells are as large as the largest picture; smaller ones sit at their cell's upper left. Rows may differ in
  /// length, and `nil` leaves a cell empty. Returns `nil` if there is no picture at all.
  ///
  /// - Parameter minimumSide: cells smaller than this are enlarged by a whole factor; 1 leaves them alone.
  public static func sheet(
    _ rows: [[Image8?]], gap: Int = 4, minimumSide: Int = 1, background: RGB8 = .white
  ) -> Image8? {
    let pictures = rows.joined().compactMap { $0 }
    guard let side = pictures.map({ max($0.height, $0.width) }).max() else { return nil }
    let factor = max(1, (minimumSide + side - 1) / side)
    let cellHeight = (pictures.map(\.height).max() ?? 1) * factor
    let cellWidth = (pictures.map(\.width).max() ?? 1) * factor
    let gap = max(0, gap)
    let columnCount = rows.map(\.count).max() ?? 0
    var canvas = Image8(
      height: rows.count * (cellHeight + gap) + gap, width: columnCount * (cellWidth + gap) + gap,
      color: background)
    for (rowIndex, row) in rows.enumerated() {
      for (columnIndex, picture) in row.enumerated() {
        guard let picture else { continue }
        canvas.paste(
          picture.enlarged(factor), row: gap + rowIndex * (cellHeight + gap),
          column: gap + columnIndex * (cellWidth + gap))
      }
    }
    return canvas
  }
}
