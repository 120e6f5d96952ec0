import ArgumentParser
import Imaging
import Inversion
import Runtime
import Workflows

extension FaceSelection: ExpressibleByArgument {}
extension FaceBlend: ExpressibleByArgument {}

/// `--detector` and what counts as a face.
struct DetectorOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "File with a face detector (scripts/fetch-detector makes one). Default: $IDINV_DETECTOR, else the model's own.",
      valueName: "faces.idinv"))
  var detector: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Side of the smallest face to look for, in pixels. Default: 20; where faces are edited a 24th of the photograph, if that is "
        + "more.", valueName: "n"))
  var smallestFace: Int?

  mutating func validate() throws {
    if let smallestFace, !(12...10_000).contains(smallestFace) {
      throw ValidationError("--smallest-face: expected 12 to 10000, found \(smallestFace)")
    }
  }

  var options: DetectionOptions {
    var options = DetectionOptions()
    if let smallestFace { options.smallestFace = smallestFace }
    return options
  }

  func load(model: Model?, kernels: Kernels) throws -> FaceDetector? {
    try FaceDetector.find(detector, model: model, kernels: kernels)
  }

  static let hint =
    "no face detector: expected --detector, $IDINV_DETECTOR or a model with one ('scripts/fetch-detector' makes a file)"
}

/// How the faces of photographs are found, and which of them are meant.
struct FaceOptions: ParsableArguments {
  @OptionGroup var detector: DetectorOptions

  @Option(
    help: ArgumentHelp(
      "File with the points of faces, or folder with a file for each photograph: NAME.txt, .csv, .json, .pts or .npy.",
      valueName: "path"))
  var landmarks: String?

  @Option(help: ArgumentHelp("Which faces: largest, all or a number from 1, the best one.", valueName: "face"))
  var face = FaceSelection.largest

  mutating func validate() throws {
    if landmarks != nil, detector.detector != nil {
      throw ValidationError("--landmarks says where faces are; drop it or --detector")
    }
  }

  /// By the landmarks given, else by a detector, else by landmarks beside the photographs.
  func finder(
    model: Model?, kernels: Kernels, imageCount: Int, growsWithPhoto: Bool = false
  ) throws -> FaceFinder {
    if let landmarks { return .landmarks(try LandmarkSource(landmarks, imageCount: imageCount)) }
    guard let found = try detector.load(model: model, kernels: kernels) else {
      return .landmarks(try LandmarkSource(nil, imageCount: imageCount))
    }
    return .detector(
      found, detector.options, growsWithPhoto: growsWithPhoto && detector.smallestFace == nil)
  }

  var list: [(name: String, value: String)] {
    var list = [("--face", face.description)]
    if let landmarks { list.append(("--landmarks", landmarks)) }
    if let path = detector.detector { list.append(("--detector", path)) }
    if let smallest = detector.smallestFace { list.append(("--smallest-face", "\(smallest)")) }
    return list
  }
}
