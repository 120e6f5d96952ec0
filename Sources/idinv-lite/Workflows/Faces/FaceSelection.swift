import Inversion

/// Which of a photograph's faces are meant.
package enum FaceSelection: Equatable, Sendable {
  case largest
  case all
  /// By number, from 1: the best one of a detector, the first one of a file of landmarks.
  case number(Int)

  package init?(argument: String) {
    switch argument {
    case "largest": self = .largest
    case "all": self = .all
    default:
      guard let number = Int(argument), (1...10_000).contains(number) else { return nil }
      self = .number(number)
    }
  }

  package var description: String {
    switch self {
    case .largest: "largest"
    case .all: "all"
    case .number(let number): "\(number)"
    }
  }

  /// - Parameter orWhole: whether the command takes pictures that are faces already, too.
  /// - Throws: a failure of the photograph where it has no such face.
  package func choose<Face>(
    from faces: [Face], path: String, orWhole: Bool = false, size: (Face) -> Double
  ) throws -> [Face] {
    guard !faces.isEmpty else {
      throw Failure(
        .badData, at: path, remedies: ["landmarks"] + (orWhole ? ["aligned"] : []),
        "no face found; expected one, or its landmarks" + (orWhole ? ", or a picture that is a face already" : ""))
    }
    switch self {
    case .largest: return [faces.max { size($0) < size($1) }!]
    case .all: return faces
    case .number(let number):
      guard number <= faces.count else {
        throw Failure(
          .badData, of: "face", "\(number): expected 1 to \(faces.count), as many faces as \(path) has")
      }
      return [faces[number - 1]]
    }
  }
}
