import Testing

@testable import Imaging

@Suite("Contact sheets")
struct CanvasTests {
  @Test("pasting cuts off what lies outside, on all four sides")
  func pastes() {
    let patch = noise(height: 4, width: 5, seed: 1)
    for row in -5...6 {
      for column in -6...7 {
        var canvas = Image8(height: 5, width: 6, color: .black)
        canvas.paste(patch, row: row, column: column)
        for y in 0..<5 {
          for x in 0..<6 {
            let inside = (0..<4).contains(y - row) && (0..<5).contains(x - column)
            #expect(canvas[y, x] == (inside ? patch[y - row, x - column] : .black))
          }
        }
      }
    }
  }

  @Test("enlarging repeats pixels")
  func enlarges() {
    let image = noise(height: 3, width: 2, seed: 2)
    let large = image.enlarged(3)
    #expect(large.height == 9 && large.width == 6)
    for row in 0..<9 {
      for column in 0..<6 { #expect(large[row, column] == image[row / 3, column / 3]) }
    }
    #expect(image.enlarged(1) == image)
  }

  @Test("a sheet has one cell per picture, gaps around, and gaps where pictures lack")
  func sheets() throws {
    let image = Image8(height: 2, width: 2, color: .black)
    let sheet = try #require(Image8.sheet([[image, nil, image], [image]], gap: 1))
    #expect(sheet.height == 7 && sheet.width == 10)
    #expect(sheet[1, 1] == .black && sheet[1, 4] == .white && sheet[1, 7] == .black && sheet[4, 7] == .white)
    #expect(try #require(Image8.sheet([[image]], gap: 0, minimumSide: 5)).width == 6)
    #expect(Image8.sheet([[nil]]) == nil)
    #expect(Image8.sheet([]) == nil)
  }
}
