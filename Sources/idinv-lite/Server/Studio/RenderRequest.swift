import Inversion

/// A picture that a client asks for: a code, and what is done to it, in this order.
package struct RenderRequest: Decodable, Sendable {
  /// Where a code comes from: a finished job, or a random one.
  package struct Source: Decodable, Sendable {
    var job: String?
    /// As `torch.manual_seed(seed)`.
    var seed: UInt64?
    /// ψ of a random code; the model file's own where nil.
    var truncation: Float?
  }
  /// Styles of another code in some layers (Karras et al., CVPR 2019, sec. 3.1).
  package struct Mix: Decodable, Sendable {
    var source: Source
    /// Those of the published mixing where nil.
    var layers: [Int]?
  }
  /// A place on the line to another code.
  package struct Walk: Decodable, Sendable {
    var source: Source
    /// 0 for the start, 1 for the other code.
    var position: Double
  }
  /// z + α·n.
  package struct Move: Decodable, Sendable {
    var boundary: String
    var alpha: BoundaryDistance
  }
  var source: Source
  var walk: Walk?
  var mix: Mix?
  var moves: [Move]?
  /// What an animation does, over and over: all of the above grows from nothing.
  var frames: Int?
}

/// A number, or standard deviations: "2sd".
extension BoundaryDistance: Decodable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Double.self) {
      self.init(number)
      return
    }
    guard let distance = BoundaryDistance(try container.decode(String.self)), distance.isInDeviations else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: #"expected a number, or standard deviations as in "2sd""#)
    }
    self = distance
  }
}
