import Imaging
import Inversion

/// Photos: faces are found in them, and edited faces are put back.
extension Interface {
  var pictureLimits: ImageLimits {
    ImageLimits(pixelCount: configuration.pixelCount, byteCount: configuration.decodingByteCount)
  }

  private struct Found: Encodable, Sendable {
    struct Face: Encodable, Sendable {
      /// Left, upper edge, width and height.
      var box: [Double]
      var score: Double
      var landmarks: [[Double]]
      var frame: Square
    }
    /// Of the upright photo.
    var width: Int
    var height: Int
    /// Whether faces were looked for.
    var isSearched: Bool
    var faces: [Face]
  }

  /// The size of a photo, and its faces where there is a detector, the largest one first.
  func faces(_ request: HTTPRequest) throws(Problem) -> HTTPResponse {
    guard uploads.enter() else {
      throw Problem(503, "too many pictures are being uploaded; try again", headers: [("Retry-After", "2")])
    }
    defer { uploads.leave() }
    let form = try request.body.readForm(limits: FormLimits(byteCount: configuration.uploadByteCount))
    guard let upload = form["image"], !upload.bytes.isEmpty else {
      throw Problem(400, "the form has no part 'image' with a picture")
    }
    let name = Self.shownName(upload.fileName ?? "picture"), limits = pictureLimits
    let found = try compute.perform { studio throws(Problem) -> Found in
      do {
        let file = try PictureFile(ImageSource(upload.bytes, path: name), limits: limits)
        let faces = try studio.detector?.faces(in: file, growsWithPhoto: true) ?? []
        return Found(
          width: file.header.width, height: file.header.height, isSearched: studio.detector != nil,
          faces: faces.filter { $0.landmarks.isUpright }.sorted { $0.area > $1.area }.map { face in
            Found.Face(
              box: [face.x1, face.y1, face.x2 - face.x1, face.y2 - face.y1], score: face.score,
              landmarks: face.points.map { [$0.x, $0.y] }, frame: Square(FaceFrame(face.landmarks)))
          })
      } catch {
        throw Problem(422, "\(error)")
      }
    }
    return Self.json(found)
  }

  /// The photo of a job, as it was uploaded.
  func original(_ id: String) throws(Problem) -> HTTPResponse {
    let (file, _) = try photo(of: id)
    guard let bytes = queue.folder.read(JobFiles.photo, of: id) else { throw Problem(404, "the photo is gone") }
    return HTTPResponse(type: "image/\(file.header.formatName.lowercased())", bytes)
  }

  private func photo(of id: String) throws(Problem) -> (file: PictureFile, frame: FaceFrame) {
    let record = try job(id).record
    guard let frame = record.options.frame?.frame else {
      throw Problem(409, "the job was submitted without 'frame': there is no photo to put the face back into")
    }
    do throws(ImagingError) {
      return (try PictureFile(queue.folder.file(JobFiles.photo, of: id), limits: pictureLimits), frame)
    } catch {
      throw Problem(404, "the photo cannot be read any more")
    }
  }

  /// How a photo is put together.
  private struct PhotoOptions: Decodable {
    var format: String?
    var quality: Int?
    var keepDetail: Bool?
    var blend: String?
  }

  /// The photo of a job with the edited face in it.
  func photo(_ request: HTTPRequest) throws(Problem) -> HTTPResponse {
    let body = try request.body.read(limit: Self.renderByteCount)
    let wanted = try JSONBody.decode(RenderRequest.self, body)
    let options = try JSONBody.decode(PhotoOptions.self, body)
    guard let id = wanted.source.job else { throw Problem(422, "source: expected a job, whose photo is edited") }
    let (file, frame) = try photo(of: id)
    let format = try format(options, of: file)
    guard let blend = FaceBlend(rawValue: options.blend ?? "feather") else {
      throw Problem(422, "blend: expected \(FaceBlend.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    guard photos.enter() else {
      throw Problem(503, "too many photos are put together at once; try again", headers: [("Retry-After", "2")])
    }
    defer { photos.leave() }
    guard let bytes = queue.folder.read(JobFiles.input, of: id), let cut = try? PNG.decode(bytes, path: "face") else {
      throw Problem(404, "the job was deleted")
    }
    let (change, range) = try compute.perform { studio throws(Problem) in (try studio.change(wanted), studio.range) }
    var photo = EditablePhoto(file)
    photo.put(
      FacePatch(
        edited: change.edited, inverted: options.keepDetail ?? true ? change.inverted : nil, cut: cut, range: range,
        blend: blend), at: frame)
    return HTTPResponse(
      type: format == .png ? "image/png" : "image/jpeg", try written(photo, format))
  }

  private func format(_ options: PhotoOptions, of file: PictureFile) throws(Problem) -> PictureFormat {
    let quality = options.quality ?? JPEG.defaultQuality
    guard JPEG.qualities.contains(quality) else { throw Problem(422, "quality: expected 1 to 100, found \(quality)") }
    switch options.format ?? (file.header.formatName == "JPEG" ? "jpeg" : "png") {
    case "png": return .png
    case "jpeg": return .jpeg(quality: quality)
    default: throw Problem(422, "format: expected png or jpeg")
    }
  }

  private struct TooLong: Error {}

  private func written(_ photo: EditablePhoto, _ format: PictureFormat) throws(Problem) -> [UInt8] {
    let limit = configuration.decodingByteCount / 2
    var bytes: [UInt8] = []
    do {
      try photo.write(format) { piece in
        guard bytes.count + piece.count <= limit else { throw TooLong() }
        bytes.append(contentsOf: piece)
      }
    } catch is TooLong {
      throw Problem(422, "the edited photo takes more than \(limit >> 20) MB; ask for \"format\": \"jpeg\"")
    } catch {
      throw Problem(422, "\(error)")
    }
    return bytes
  }
}
