import Glibc
import Imaging
import Inversion
import Reports
import Runtime

/// From photographs to edited photographs: finds faces, cuts them out, inverts, moves and renders them, and puts them back.
///
/// One photograph after the other, of which never more than a band is in memory.
package final class PhotoEditRun {
  private let model: Model
  private let finder: FaceFinder
  private let options: PhotoEditOptions
  private let kernels: Kernels
  private let context: RunContext
  private let limits: ImageLimits
  private let invert: ImageInversion
  private let resolution: Int
  private let reconstruct: Reconstructor
  private let usualInDomain: Double?
  private let range: PixelRange
  /// The code whose style is mixed in, once it is known.
  private var style: [Float]?

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
    reconstruct = try Reconstructor(model, kernels: kernels)
    usualInDomain = try model.usualInDomainScore(kernels: kernels)
    invert = try ImageInversion(
      model, options: inversion.options, memory.plan.sideBySide, imageCount: max(1, inversion.imageCount),
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
    /// Of the code that the encoder found.
    var inDomain: Double?
  }

  /// Edits one photograph and writes its results.
  ///
  /// - Parameters:
  ///   - didRead: told when the faces are cut out.
  ///   - place: the file of the result for a distance.
  package func edit(
    _ image: ListedImage, didRead: () throws -> Void = {},
    place: (EditDistance, PictureFormat) throws -> StreamedFile
  ) throws -> EditedPhoto {
    let clock = ContinuousClock()
    let began = clock.now
    let file = try PictureFile(image.path, limits: limits)
    var faces = try cutOut(image, file, options.selection)
    try didRead()
    try inverted(&faces, name: image.name)
    try findStyle()
    for index in faces.indices { faces[index].psnr = reconstructionPSNR(of: faces[index]) }
    try context.checkCancellation()
    let format = options.format(of: file.header)
    var record = EditedPhoto(
      name: image.name, path: image.path, width: file.header.width, height: file.header.height,
      faces: faces.map { face in
        EditedPhoto.Face(
          landmarks: face.landmarks.map {
            [$0.leftEye, $0.rightEye, $0.leftMouth, $0.rightMouth].map { [$0.x, $0.y] }
          }
            ?? [], side: face.frame.side, steps: face.steps, psnr_db: face.psnr, in_domain_mean_square: face.inDomain,
          times_usual_in_domain: DomainVerdict(face.inDomain, usual: usualInDomain)?.ratio)
      }, outputs: [], animation: nil, seconds: 0)
    let generator = try NetworkRunner(.generator, of: model, batch: 1, kernels: kernels)
    let inverted = options.keepsDetail ? try faces.map { try generator($0.code) } : []
    for distance in options.distances {
      try context.checkCancellation()
      var photo = EditablePhoto(file)
      for (index, face) in faces.enumerated() {
        let edited = try generator(options.edit(face.code, style: style, distance: distance.alpha))
        try Failure.requireFinite(edited, at: image.path)
        let patch = FacePatch(
          edited: edited,
          inverted: options.keepsDetail ? inverted[index] : nil, cut: face.cut, range: range, blend: options.blend)
        photo.put(patch, at: face.frame)
      }
      let output = try place(distance, format)
      try photo.write(format) { [context] piece in
        try context.checkCancellation()
        try output.append(piece)
      }
      try output.commit()
      record.outputs.append(.init(alpha: distance.alpha, path: output.path))
    }
    record.seconds = (clock.now - began).seconds
    return record
  }

  /// Finds the faces, and cuts them out as the model knows them.
  private func cutOut(
    _ image: ListedImage, _ file: PictureFile, _ selection: FaceSelection
  ) throws -> [Face] {
    guard let found = try finder.faces(of: image, file, selection, orWhole: true) else {
      let (width, height) = (file.header.width, file.header.height)
      guard width == height else {
        throw ImagingError.notSquare(path: image.path, width: width, height: height)
      }
      return [Face(landmarks: nil, frame: FaceFrame(wholeOf: width), cut: try file.fitted(to: resolution))]
    }
    let frames = try found.map { try FaceFrame(upright: $0, path: image.path) }
    let side = frames.map(\.side).min() ?? 0
    let reduction = reductionFactor(atMost: side / Double(2 * resolution))
    var whole: PhotoView?
    return try zip(found, frames).map { landmarks, frame in
      let view = try whole ?? PhotoView(file, reduction: reduction, around: frame)
      if view.isWhole { whole = view }
      return Face(
        landmarks: landmarks, frame: frame,
        cut: try view.cut(frame, resolution: resolution, path: image.path))
    }
  }

  /// Inverts the face whose style is to be mixed in, where it is that of a photograph.
  private func findStyle() throws {
    guard style == nil, let mix = options.edit.mix else { return }
    switch mix.style {
    case .code(let code): style = code
    case .photo(let image):
      var faces = try cutOut(image, try PictureFile(image.path, limits: limits), .largest)
      try inverted(&faces, name: image.name)
      style = faces[0].code
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
      faces[index].inDomain = reconstruct(result.startCode).score.map { Double($0.meanSquare) }
    }
  }

  private func reconstructionPSNR(of face: Face) -> Double {
    let picture = Image8(
      planar: reconstruct(face.code).image, height: resolution, width: resolution, range: range)
    return Metrics.psnr(picture, face.cut)
  }
}

extension Duration {
  fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
