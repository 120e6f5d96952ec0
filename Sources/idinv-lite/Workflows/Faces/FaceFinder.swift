import Glibc
import Imaging
import Inversion
import Runtime

/// How the faces of photographs are found.
package enum FaceFinder {
  /// The photograph is one, cut out already.
  case aligned
  case landmarks(LandmarkSource)
  /// - Parameter growsWithPhoto: whether faces of less than a 24th of a photograph are not looked for.
  case detector(FaceDetector, DetectionOptions, growsWithPhoto: Bool)

  /// - Throws: where landmarks of a photograph to be edited are missing, so that this is told before anything is done.
  package func check(_ image: ListedImage) throws {
    if case .landmarks(let source) = self { _ = try source.path(of: image, orWhole: true) }
  }

  /// The chosen faces of a photograph, in pixels of the upright one; nil for a picture that is a face.
  ///
  /// - Parameter orWhole: whether the command takes pictures that are faces already, too.
  package func faces(
    of image: ListedImage, _ file: PictureFile, _ selection: FaceSelection, orWhole: Bool = false
  ) throws -> [FaceLandmarks]? {
    switch self {
    case .aligned: return nil
    case .landmarks(let source):
      let faces = try source.faces(of: image, orWhole: orWhole)
      return try selection.choose(from: faces, path: image.path, orWhole: orWhole) { FaceFrame($0).side }
    case .detector(let detector, let options, let growsWithPhoto):
      let faces = try detector.faces(in: file, options: options, growsWithPhoto: growsWithPhoto)
      return try selection.choose(from: faces, path: image.path, orWhole: orWhole, size: \.area).map(\.landmarks)
    }
  }
}

extension FaceDetector {
  /// A detector from a file of its own, or from a model that has one.
  ///
  /// - Parameter path: `--detector`; nil for `IDINV_DETECTOR`, else the model's own.
  /// - Returns: nil where there is none and none was asked for.
  package static func find(_ path: String?, model: Model?, kernels: Kernels) throws -> FaceDetector? {
    let environment = getenv("IDINV_DETECTOR").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    if let path = path ?? environment {
      return try locating(path) { try FaceDetector(path: path, kernels: kernels) }
    }
    guard let model, model.file.specification.detector != nil else { return nil }
    return try FaceDetector(model.file, path: model.path, kernels: kernels)
  }
}
