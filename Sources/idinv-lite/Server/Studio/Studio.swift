import Checkpoint
import Imaging
import Inversion
import Quant
import Runtime
import SIMDKernels

/// A model at work: makes pictures of codes. Used by one thread only, since its graphs share one arena.
package final class Studio {
  /// A boundary that pictures can be moved along.
  package struct Boundary: Sendable {
    package var name: String
    package var boundary: SemanticBoundary
    /// Standard deviation of codes' distances from the boundary, in units of α; nil where its file does not say it.
    package var standardDeviation: Double?

    package init(name: String, boundary: SemanticBoundary, standardDeviation: Double?) {
      self.name = name
      self.boundary = boundary
      self.standardDeviation = standardDeviation
    }
  }

  /// A picture, its code, and how far that lies outside of the model's domain.
  struct Picture {
    var image: Image8
    /// The same before rounding, [3, R, R] in the model's range.
    var values: [Float]
    var code: [Float]
    var score: InDomainScore?
    var attributes: [Float]
  }

  let model: Model
  let kernels: Kernels
  let boundaries: [Boundary]
  let shape: CodeShape
  let resolution: Int
  let range: PixelRange
  /// Finds faces in photos; nil where the server has none.
  let detector: FaceDetector?
  private let folder: JobFolder
  private let reconstruct: Reconstructor
  /// Codes that were used last: a slider asks for the same one again and again.
  private var cache: [String: [Float]] = [:]

  init(
    _ model: Model, boundaries: [Boundary], detector: FaceDetector?, folder: JobFolder, kernels: Kernels
  ) throws(InversionError) {
    self.model = model
    self.detector = detector
    self.kernels = kernels
    self.boundaries = boundaries
    self.folder = folder
    shape = try model.codeShape()
    resolution = try model.imageResolution()
    let specification = model.file.specification
    range = PixelRange(minimum: specification.pixelMinimum, maximum: specification.pixelMaximum)
    reconstruct = try Reconstructor(model, readsAttributes: true, kernels: kernels)
  }

  /// - Returns: nil where the generator's picture is not finite.
  func picture(of code: [Float]) -> Picture? {
    let made = reconstruct(code)
    guard made.image.allSatisfy(\.isFinite) else { return nil }
    let image = Image8(planar: made.image, height: resolution, width: resolution, range: range)
    return Picture(image: image, values: made.image, code: code, score: made.score, attributes: made.attributes)
  }

  func render(_ request: RenderRequest) throws(Problem) -> Picture {
    guard let picture = picture(of: try code(request, share: 1)) else {
      throw Problem(422, "this edit leads to no picture; move less far")
    }
    return picture
  }

  /// What an edit makes of a job's face, and the face as it was found.
  func change(_ request: RenderRequest) throws(Problem) -> (edited: [Float], inverted: [Float]) {
    let inverted = try render(RenderRequest(source: request.source))
    return (try render(request).values, inverted.values)
  }

  /// A film from the unedited picture to the edited one and back, without end.
  func animation(_ request: RenderRequest) throws(Problem) -> [UInt8] {
    let count = request.frames ?? 24
    guard (2...120).contains(count) else { throw Problem(422, "frames: expected 2 to 120, found \(count)") }
    var film = AnimatedPNG(height: resolution, width: resolution, framesPerSecond: 20)
    for frame in 0..<count {
      // There and back: 0, …, 1, …, just before 0.
      let position = Double(frame) / Double(count)
      let share = position < 0.5 ? 2 * position : 2 - 2 * position
      guard let picture = picture(of: try code(request, share: share)) else {
        throw Problem(422, "this edit leads to no picture; move less far")
      }
      do { try film.append(picture.image) } catch { throw Problem(500, "the film could not be written") }
    }
    return film.bytes
  }

  /// - Parameter share: how much of the edit is done, 0 to 1.
  private func code(_ request: RenderRequest, share: Double) throws(Problem) -> [Float] {
    var code = try self.code(request.source)
    if let walk = request.walk {
      guard walk.position.isFinite, (-1...2).contains(walk.position) else {
        throw Problem(422, "walk.position: expected -1 to 2, found \(walk.position)")
      }
      let other = try self.code(walk.source)
      code = zip(code, other).map { Float(Double($0) + share * walk.position * (Double($1) - Double($0))) }
    }
    if let mix = request.mix, share > 0 {
      let mixing: StyleMixing
      do { mixing = try StyleMixing(shape, layers: mix.layers) } catch {
        throw Problem(422, "mix.layers: expected layers 0 to \(shape.layerCount - 1)")
      }
      let mixed = mixing(style: try self.code(mix.source), content: code)
      code = zip(code, mixed).map { Float(Double($0) + share * (Double($1) - Double($0))) }
    }
    var moves: [(boundary: SemanticBoundary, factor: Double)] = []
    for move in request.moves ?? [] where move.alpha.value != 0 {
      guard let boundary = boundaries.first(where: { $0.name == move.boundary }) else {
        throw Problem(422, "there is no boundary '\(move.boundary)'; see /v1/boundaries")
      }
      moves.append((boundary.boundary, try alpha(move, along: boundary)))
    }
    return moves.isEmpty ? code : Manipulation(moves)(code, distances: [share])
  }

  private func alpha(_ move: RenderRequest.Move, along boundary: Boundary) throws(Problem) -> Double {
    guard let alpha = move.alpha.alpha(deviation: boundary.standardDeviation) else {
      throw Problem(
        422, "alpha of '\(move.boundary)': nothing says how far codes lie from this boundary; expected a plain number")
    }
    guard alpha.isFinite, abs(alpha) <= 1000 else {
      throw Problem(422, "alpha of '\(move.boundary)': expected -1000 to 1000, found \(alpha)")
    }
    return alpha
  }

  private func code(_ source: RenderRequest.Source) throws(Problem) -> [Float] {
    switch (source.job, source.seed) {
    case (let id?, nil):
      guard RandomName.isValid(id) else { throw Problem(422, "source.job: '\(id)' is not the id of a job") }
      if let code = cache[id] { return code }
      guard let code = try? folder.code(JobFiles.code, of: id), code.count == shape.count else {
        throw Problem(404, "job \(id) has no code: it is not finished, or was deleted")
      }
      keep(code, as: id)
      return code
    case (nil, let seed?):
      let truncation = source.truncation
      if let truncation, !truncation.isFinite { throw Problem(422, "source.truncation: expected a number") }
      let name = "seed \(seed) \(truncation.map { "\($0)" } ?? "")"
      if let code = cache[name] { return code }
      do {
        var random = TorchRandom(seed: seed)
        let latent = random.normals(try model.generator().specification.zDimension)
        let w = try model.run(.mapping, on: latent, count: 1, kernels: kernels).values
        let code = try model.run(.truncation, on: w, count: 1, kernels: kernels, psi: truncation).values
        keep(code, as: name)
        return code
      } catch {
        throw Problem(422, "this model makes no random pictures: \(error)")
      }
    default: throw Problem(422, "source: expected either a job or a seed")
    }
  }

  private func keep(_ code: [Float], as name: String) {
    if cache.count >= 32 { cache = [:] }
    cache[name] = code
  }

  /// The usual in-domain score of the encoder's codes of the model's own pictures; nil where it cannot be known.
  func usualInDomain() -> Double? { (try? model.usualInDomainScore(kernels: kernels)) ?? nil }
}

/// Names of a job's files.
enum JobFiles {
  /// The photo as it was uploaded, where a face of it is edited.
  static let photo = "photo"
  static let input = "input.png", encoded = "encoded.png", result = "result.png"
  static let code = "inverted_codes.npy", startCode = "encoded_codes.npy"
}
