import Imaging
import Quant
import Runtime

/// A face in a photograph, in pixels of it.
package struct DetectedFace: Equatable, Sendable {
  /// Left, upper, right and lower edge; they may lie outside of the picture.
  package var x1: Double, y1: Double, x2: Double, y2: Double
  /// From 0 to 1.
  package var score: Double
  /// Left eye, right eye, nose, left and right corner of the mouth, left as one sees it.
  package var points: [SIMD2<Double>]

  package init(x1: Double, y1: Double, x2: Double, y2: Double, score: Double, points: [SIMD2<Double>]) {
    self.x1 = x1
    self.y1 = y1
    self.x2 = x2
    self.y2 = y2
    self.score = score
    self.points = points
  }

  package var area: Double { max(0, x2 - x1) * max(0, y2 - y1) }

  /// What alignment goes by.
  package var landmarks: FaceLandmarks { FaceLandmarks(points: points)! }
}

/// What counts as a face. The defaults are those of facenet-pytorch.
package struct DetectionOptions: Equatable, Sendable {
  /// Side of the smallest face, in pixels.
  package var smallestFace = 20
  /// Sides of one picture of the pyramid to the next.
  package var scaleFactor = 0.709
  /// Of the three stages.
  package var thresholds: SIMD3<Float> = [0.6, 0.7, 0.7]

  package init() {}
}

/// Finds faces: MTCNN (Zhang et al., 2016), with the pyramid, the suppression and the corrections of facenet-pytorch 2.6.0
/// (`models/utils/detect_face.py`), number by number.
///
/// The first stage runs over the picture at many sizes. Each is cut into tiles that overlap by what the network sees, of a few
/// fixed sizes, so that no graph is prepared for a picture, and memory does not grow with it.
package final class FaceDetector {
  private let network: DetectorNetwork
  private let kernels: Kernels
  private let arena: SharedArena
  private var tileRunners: [Int: TileRunner] = [:]
  private var judges: [JudgeKey: CandidateJudge] = [:]

  private struct JudgeKey: Hashable {
    var side: Int
    var batch: Int
  }

  /// - Throws: `.missingNetwork` where the file has no detector.
  package init(_ file: ModelFile, path: String, kernels: Kernels) throws(InversionError) {
    guard let specification = file.specification.detector else { throw .missingNetwork("detector", model: path) }
    var permissions: [String: Int8Permission] = [:]
    for stage in specification.stages {
      for index in stage.layers.indices { permissions["detector.\(stage.name).\(index).weight"] = .onRequest }
    }
    network = try DetectorNetwork(
      specification, from: WeightLoader(file, memory: MemoryPolicy(), int8: permissions))
    self.kernels = kernels
    arena = SharedArena(limit: nil)
  }

  /// Maps a model file, compares its tensors with their checksums, and takes its detector.
  package convenience init(path: String, kernels: Kernels) throws(InversionError) {
    let file = try wrapModel { () throws(ModelFileError) in
      let file = try ModelFile(path: path)
      try file.verifyChecksums()
      return file
    }
    try self.init(file, path: path, kernels: kernels)
  }

  /// All faces, the best one first.
  package func faces(
    in picture: Image8, options: DetectionOptions = DetectionOptions()
  ) throws(InversionError) -> [DetectedFace] {
    var boxes = try proposals(picture, options)
    boxes = try judged(boxes, picture, side: 24, threshold: options.thresholds.y).map(\.box)
    boxes = suppressed(boxes, threshold: 0.7, rule: .union).map { boxes[$0].corrected(inclusive: 1).squared }
    let last = try judged(boxes, picture, side: 48, threshold: options.thresholds.z)
    let corrected = last.map { $0.box.corrected(inclusive: 1) }
    return suppressed(corrected, threshold: 0.7, rule: .smaller).map { index in
      face(corrected[index], within: last[index].box, last[index].outputs)
    }
  }

  private func face(_ box: FaceBox, within square: FaceBox, _ outputs: [Float]) -> DetectedFace {
    let width = square.x2 - square.x1 + 1, height = square.y2 - square.y1 + 1
    let points = (0..<5).map { index in
      SIMD2(
        Double(width * outputs[6 + index] + square.x1 - 1), Double(height * outputs[11 + index] + square.y1 - 1))
    }
    return DetectedFace(
      x1: Double(box.x1), y1: Double(box.y1), x2: Double(box.x2), y2: Double(box.y2), score: Double(box.score),
      points: points)
  }

  /// The first stage: squares to look at.
  private func proposals(_ picture: Image8, _ options: DetectionOptions) throws(InversionError) -> [FaceBox] {
    var boxes: [FaceBox] = []
    var scale = 12 / Double(options.smallestFace)
    var smaller = Double(min(picture.height, picture.width)) * scale
    while smaller >= 12 {
      let found = try proposals(picture, scale: scale, threshold: options.thresholds.x)
      boxes += suppressed(found, threshold: 0.5, rule: .union).map { found[$0] }
      scale *= options.scaleFactor
      smaller *= options.scaleFactor
    }
    return suppressed(boxes, threshold: 0.7, rule: .union).map { boxes[$0].corrected(inclusive: 0).squared }
  }

  private func proposals(
    _ picture: Image8, scale: Double, threshold: Float
  ) throws(InversionError) -> [FaceBox] {
    let height = Int(Double(picture.height) * scale + 1), width = Int(Double(picture.width) * scale + 1)
    let level = picture.areaResampled(
      rows: 0..<picture.height, columns: 0..<picture.width, height: height, width: width, kernels: kernels)
    // Places of the 12×12 window, 2 pixels apart, the last one on a clipped window.
    let rows = (height - 1) / 2 - 4, columns = (width - 1) / 2 - 4
    guard rows > 0, columns > 0 else { return [] }
    let runner = try tileRunner(rows: rows, columns: columns)
    var boxes: [FaceBox] = []
    runner.run(level, height: height, width: width, threshold: threshold) { row, column, outputs in
      let score = probability(outputs[0], outputs[1])
      guard score >= threshold else { return }
      let x = Float(2 * column), y = Float(2 * row), divisor = Float(scale)
      boxes.append(
        FaceBox(
          x1: ((x + 1) / divisor).rounded(.down), y1: ((y + 1) / divisor).rounded(.down),
          x2: ((x + 12) / divisor).rounded(.down), y2: ((y + 12) / divisor).rounded(.down), score: score,
          correction: SIMD4(outputs[2], outputs[3], outputs[4], outputs[5])))
    }
    return boxes
  }

  /// The tiles that compute the least for so many places.
  private func tileRunner(rows: Int, columns: Int) throws(InversionError) -> TileRunner {
    func cost(_ places: Int) -> Int {
      let side = 2 * places + 10
      return ((rows + places - 1) / places) * ((columns + places - 1) / places) * side * side
    }
    let places = [16, 40, 112].min { cost($0) < cost($1) } ?? 40
    if let runner = tileRunners[places] { return runner }
    let runner = try TileRunner(network.proposal, places: places, kernels: kernels, arena: arena)
    tileRunners[places] = runner
    return runner
  }

  /// A later stage: boxes of which the network says that they hold a face, with its corrections and all its outputs.
  private func judged(
    _ boxes: [FaceBox], _ picture: Image8, side: Int, threshold: Float
  ) throws(InversionError) -> [(box: FaceBox, outputs: [Float])] {
    let regions = boxes.compactMap { box in
      box.region(height: picture.height, width: picture.width).map { (box: box, rows: $0.rows, columns: $0.columns) }
    }
    var passed: [(box: FaceBox, outputs: [Float])] = []
    var done = 0
    while done < regions.count {
      let batch = regions.count - done >= 12 ? 32 : 4
      let part = regions[done..<min(done + batch, regions.count)]
      let judge = try judge(side: side, batch: batch)
      var input: [Float] = []
      input.reserveCapacity(batch * 3 * side * side)
      for region in part {
        input += picture.areaResampled(rows: region.rows, columns: region.columns, height: side, width: side)
      }
      for (outputs, region) in zip(judge.run(input), part) {
        let score = probability(outputs[0], outputs[1])
        guard score > threshold else { continue }
        var box = region.box
        box.score = score
        box.correction = SIMD4(outputs[2], outputs[3], outputs[4], outputs[5])
        passed.append((box, outputs))
      }
      done += part.count
    }
    return passed
  }

  private func judge(side: Int, batch: Int) throws(InversionError) -> CandidateJudge {
    let key = JudgeKey(side: side, batch: batch)
    if let judge = judges[key] { return judge }
    let stage = side == 24 ? network.refinement : network.output
    let judge = try CandidateJudge(stage, side: side, batch: batch, kernels: kernels, arena: arena)
    judges[key] = judge
    return judge
  }
}

extension FaceDetector {
  /// All faces of a photograph, the best one first, in pixels of the upright one.
  ///
  /// It is looked at reduced where the smallest face is larger than the detector's own smallest one.
  ///
  /// - Parameter growsWithPhoto: whether faces of less than a 24th of the photograph are not looked for.
  /// - Throws: `ImagingError`, `InversionError`.
  package func faces(
    in file: PictureFile, options: DetectionOptions = DetectionOptions(), growsWithPhoto: Bool = false
  ) throws -> [DetectedFace] {
    var options = options
    if growsWithPhoto {
      options.smallestFace = max(options.smallestFace, min(file.header.width, file.header.height) / 24)
    }
    let reduction = reductionFactor(atMost: Double(options.smallestFace) / 20)
    let view = try PhotoView(file, reduction: reduction)
    options.smallestFace /= reduction
    let faces = try faces(in: view.picture, options: options)
    guard reduction > 1 else { return faces }
    return faces.map { face in
      let (a, b) = (view.photoPoint(SIMD2(face.x1, face.y1)), view.photoPoint(SIMD2(face.x2, face.y2)))
      return DetectedFace(
        x1: min(a.x, b.x), y1: min(a.y, b.y), x2: max(a.x, b.x), y2: max(a.y, b.y), score: face.score,
        points: face.points.map(view.photoPoint))
    }
  }
}
