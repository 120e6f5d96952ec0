import ArgumentParser

/// An interval of pixel values, as users write it: `-1,1`.
struct PixelInterval: CustomStringConvertible {
  var minimum: Float
  var maximum: Float
  /// As it was given.
  let description: String

  static let standard = PixelInterval(minimum: -1, maximum: 1, description: "-1,1")

  private init(minimum: Float, maximum: Float, description: String) {
    self.minimum = minimum
    self.maximum = maximum
    self.description = description
  }

  init(_ text: String) throws {
    let ends = text.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low.isFinite, high.isFinite, low < high else {
      throw ValidationError("expected two numbers as in -1,1")
    }
    self.init(minimum: low, maximum: high, description: text)
  }
}
