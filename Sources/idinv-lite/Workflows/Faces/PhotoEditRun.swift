import Foundation
import Imaging
import Inversion
import Reports
import Runtime

/// From photographs to edited photographs: finds faces, cuts them out, inverts, moves and renders them, and puts them back.
///
/// One photograph after the other; of a large one the whole is in memory only while results are put together.
package final class PhotoEditRun {
  private let model: Model
  private let finder: FaceFinder
  private let options: PhotoEditOptions
  private let kernels: Kernels
  private let context: RunContext
  private let limits: ImageLimits
  private let invert: ImageInversion
  private let resolution: Int
  private let range: PixelRange

  /// - Parameter inversion: its loader's limits are those of photographs.
  package init(
    _ memory: MemoryChoice, inversion: PlannedInversion, finder: FaceFinder, options: PhotoEditOptions,
    kernels: Kernels, context: RunContext
  ) throws {
    model = memory.model
    self.finder = finder
    self.options = options
    self.kernels = kernels
    self.context = context
    limits = inversion.loader.within(memory).limits
    resolution = try model.imageResolution()
    range = model.file.specification.pixelRange
    _ = try model.generator()
    invert = try ImageInversion(
      model, options: inversion.options, batch: memory.plan.batch, imageCount: max(1, inversion.imageCount),
      kernels: kernels, context: context)
  }

  /// A face on its way.
  private struct Face {
    var landmarks: FaceLandmarks?
    /// In the upright photograph.
    var frame: FaceFrame
    var cut: Image8
    var code: [Float] = []
    var steps = 0
    var psnr = 0.0
  }

  /// Edits one photograph and writes its results.
  ///
  /// - Parameter place: the path of the result for a distance.
  package func edit(
    _ image: ListedImage, place: (Double, PictureFormat) throws -> String
  ) throws -> EditedPhoto {
    let clock = ContinuousClock()
    let began = clock.now
    let file = try PictureFile(image.path, limits: limits)
    var faces = try cutOut(image, file)
    try inverted(&faces, name: image.name)
    for index in faces.indices { faces[index].psnr = try reconstructionPSNR(of: faces[index]) }
    try context.checkCancellation()
    let format = options.format(of: file.header)
    var record = EditedPhoto(
      name: image.name, path: image.path, width: file.header.width, height: file.header.height,
      faces: faces.map { face in
        EditedPhoto.Face(
          landmarks: face.landmarks.map {
            [$0.leftEye, $0.rightEye, $0.leftMouth, $0.rightMouth].map { [$0.x, $0.y] }
          }
            ?? [], side: face.frame.side, steps: face.steps, psnr_db: face.psnr)
      }, outputs: [], animation: nil, seconds: 0)
    let patches = try faces.map { try self.patches(of: $0) }
    for (index, distance) in options.distances.enumerated() {
      try context.checkCancellation()
      var photo = try EditablePhoto(file)
      for (face, patch) in zip(faces, patches) { photo.put(patch[index], at: face.frame) }
      let (picture, metadata) = photo.finished()
      let path = try place(distance, format)
      try format.write(picture, metadata: metadata, to: path)
      record.outputs.append(.init(alpha: distance, path: path))
    }
    record.seconds = (clock.now - began).seconds
    return record
  }

  /// Finds the faces, and cuts them out as the model knows them.
  private func cutOut(_ image: ListedImage, _ file: PictureFile) throws -> [Face] {
    guard let found = try finder.faces(of: image, file, options.selection) else {
      let (width, height) = (file.header.width, file.header.height)
      guard width == height else {
        throw ImagingError.notSquare(path: image.path, width: width, height: height)
      }
      return [Face(landmarks: nil, frame: FaceFrame(wholeOf: width), cut: try file.fitted(to: resolution))]
    }
    let sides = found.map { FaceFrame($0).side }
    let view = try PhotoView(
      file, reduction: reductionFactor(atMost: (sides.min() ?? 0) / Double(2 * resolution)))
    return try found.map { landmarks in
      let cut = try view.picture.aligned(
        to: landmarks.mapped(view.viewPoint), resolution: resolution, path: image.path)
      return Face(landmarks: landmarks, frame: FaceFrame(landmarks), cut: cut)
    }
  }

  private func inverted(_ faces: inout [Face], name: String) throws {
    let names = faces.indices.map { faces.count == 1 ? name : "\(name), face \($0 + 1)" }
    var outcomes = [Result<ImageInversion.Outcome, any Error>?](repeating: nil, count: faces.count)
    let cuts = faces.map(\.cut)
    try invert(
      names, read: { InversionInput(cuts[$0].planar(range)) },
      didFinish: { index, outcome in outcomes[index] = outcome })
    for index in faces.indices {
      guard let outcome = outcomes[index] else { throw Cancelled() }
      let result = try outcome.get().result
      faces[index].code = result.code
      faces[index].steps = result.history.count
    }
  }

  private func reconstructionPSNR(of face: Face) throws -> Double {
    let picture = Image8(
      planar: try NetworkRunner(.generator, of: model, batch: 1, kernels: kernels)(face.code), height: resolution,
      width: resolution, range: range)
    return Metrics.psnr(picture, face.cut)
  }

  /// The patch of each distance.
  private func patches(of face: Face) throws -> [FacePatch] {
    let generator = try NetworkRunner(.generator, of: model, batch: 1, kernels: kernels)
    let inverted = samples(try generator(face.code))
    let original = face.cut.pixels.map { Float($0) }
    return try options.distances.map { distance in
      let code = options.manipulation.map { $0(face.code, distances: [distance]) } ?? face.code
      let edited = samples(try generator(code))
      return FacePatch(
        edited: edited, inverted: options.keepsDetail ? inverted : nil, original: original, resolution: resolution,
        blend: options.blend)
    }
  }

  /// [3, R, R] in the model's range → [R, R, 3] from 0 to 255.
  private func samples(_ image: [Float]) -> [Float] {
    let area = resolution * resolution, scale = 255 / (range.maximum - range.minimum)
    var result = [Float](repeating: 0, count: 3 * area)
    for channel in 0..<3 {
      for pixel in 0..<area {
        let value = (image[channel * area + pixel] - range.minimum) * scale
        result[pixel * 3 + channel] = value > 0 ? min(value, 255) : 0
      }
    }
    return result
  }
}

extension Duration {
  fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
