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

  /// The chosen faces of a photograph, in pixels of the upright one; nil for a picture that is a face.
  package func faces(
    of image: ListedImage, _ file: PictureFile, _ selection: FaceSelection
  ) throws -> [FaceLandmarks]? {
    switch self {
    case .aligned: return nil
    case .landmarks(let source):
      return try selection.choose(from: source.faces(of: image), path: image.path) { FaceFrame($0).side }
    case .detector(let detector, let options, let growsWithPhoto):
      let faces = try detector.faces(in: file, options: options, growsWithPhoto: growsWithPhoto)
      return try selection.choose(from: faces, path: image.path, size: \.area).map(\.landmarks)
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
