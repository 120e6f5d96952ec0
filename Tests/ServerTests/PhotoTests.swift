import Checkpoint
import Foundation
import Imaging
import Inversion
import SIMDKernels
import Testing

@testable import Server

@Suite struct PhotoTests {
  /// A photo with an example's face in it, turned a little, and the square of that face.
  private static func photo() throws -> (picture: Image8, square: String) {
    let face = try PNG.decode(TestServer.example(1), path: "").resized(height: 120, width: 120)
    var picture = Image8(height: 180, width: 240, color: RGB8(red: 90, green: 120, blue: 60))
    for row in 0..<120 {
      for column in 0..<120 { picture[row + 30, column + 70] = face[row, column] }
    }
    return (picture, #"{"center": [129.5, 89.5], "axis": [59, 4]}"#)
  }

  private func job(_ client: Client, _ bytes: [UInt8], _ square: String) throws -> String {
    let answer = try #require(client.submit(bytes, steps: 2, name: "a.png", extra: [("frame", square)]))
    let id = try #require(answer.object["id"] as? String, "\(answer.text)")
    #expect(client.wait(for: id)["state"] as? String == "done")
    return id
  }

  @Test func anEditedFaceGoesBackIntoItsPhoto() throws {
    let server = try TestServer()
    let client = server.client
    let (picture, square) = try Self.photo()
    let bytes = try PNG.encode(picture)
    let id = try job(client, bytes, square)
    let links = client.send("GET", "/v1/jobs/\(id)")?.object["links"] as? [String: String]
    #expect(links?["photo"] == "/v1/jobs/\(id)/photo")
    #expect(client.send("GET", "/v1/jobs/\(id)/photo")?.body == bytes)

    // Without an edit every pixel stays.
    let plain = try #require(client.post("/v1/photos", json: #"{"source": {"job": "\#(id)"}}"#))
    #expect(plain.headers["content-type"] == "image/png")
    #expect(try PNG.decode(plain.body, path: "") == picture)

    let moved = #""source": {"job": "\#(id)"}, "moves": [{"boundary": "smile", "alpha": 0.5}]"#
    let edited = try PNG.decode(try #require(client.post("/v1/photos", json: "{\(moved)}")).body, path: "")
    var inside = 0, outside = 0
    for row in 0..<180 {
      for column in 0..<240 where edited[row, column] != picture[row, column] {
        if abs(row - 90) <= 64 && abs(column - 130) <= 64 { inside += 1 } else { outside += 1 }
      }
    }
    #expect(inside > 500 && outside == 0)
    let replaced = try #require(
      client.post("/v1/photos", json: #"{\#(moved), "keep_detail": false, "format": "jpeg"}"#))
    #expect(replaced.headers["content-type"] == "image/jpeg" && replaced.body.starts(with: [0xFF, 0xD8]))
    #expect(client.send("DELETE", "/v1/jobs/\(id)")?.status == 204)
    #expect(!FileManager.default.fileExists(atPath: "\(server.folder)/\(id)"))
  }

  @Test func aPhotoIsNeededWhereOneIsAskedFor() throws {
    let server = try TestServer()
    let client = server.client
    let without = server.finishedJob(steps: 0)
    #expect(client.send("GET", "/v1/jobs/\(without)/photo")?.status == 409)
    let (picture, square) = try Self.photo()
    let bytes = try PNG.encode(picture)
    let id = try job(client, bytes, square)
    for (json, status) in [
      (#"{"source": {"job": "\#(without)"}}"#, 409), (#"{"source": {"seed": 1}}"#, 422), ("{}", 400),
      (#"{"source": {"job": "\#(id)"}, "format": "gif"}"#, 422),
      (#"{"source": {"job": "\#(id)"}, "quality": 0}"#, 422),
      (#"{"source": {"job": "\#(id)"}, "blend": "glue"}"#, 422),
      (#"{"source": {"job": "\#(String(repeating: "0", count: 32))"}}"#, 404),
    ] {
      #expect(client.post("/v1/photos", json: json)?.status == status, "\(json)")
    }
    for square in [
      "here", "{}", #"{"center": [1], "axis": [1, 2]}"#, #"{"center": [1e300, 1], "axis": [1, 2]}"#,
      #"{"center": [-500, 90], "axis": [50, 0]}"#, #"{"center": [100, 90], "axis": [0, 0]}"#,
      #"{"center": [100, 90], "axis": [900000, 0]}"#, #"{"center": ["a", 90], "axis": [5, 0]}"#,
    ] {
      let answer = try #require(client.submit(bytes, steps: 0, extra: [("frame", square)]))
      #expect(answer.status == 422, "\(square): \(answer.text)")
    }
  }

  @Test func facesAreFoundWhereThereIsADetector() throws {
    let picture = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: "\(TestServer.root)/Tests/Golden/detector/picture.png")))
    let form = Client.form([(name: "image", file: "a.png", bytes: picture)])
    let type = "multipart/form-data; boundary=\(Client.boundary)"
    let without = try TestServer()
    let unsearched = try #require(without.client.send("POST", "/v1/faces", type: type, body: form))
    #expect(unsearched.object["is_searched"] as? Bool == false && unsearched.object["width"] as? Int == 211)
    #expect(without.client.send("GET", "/v1/model")?.object["has_detector"] as? Bool == false)
    let letter = Client.form([(name: "image", file: "a.png", bytes: [1, 2, 3])])
    #expect(without.client.send("POST", "/v1/faces", type: type, body: letter)?.status == 422)
    let empty = Client.form([(name: "picture", file: nil, bytes: picture)])
    #expect(without.client.send("POST", "/v1/faces", type: type, body: empty)?.status == 400)

    let path = NSTemporaryDirectory() + "detector-\(UUID().uuidString).idinv"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let parts = ["onet.pt", "pnet.pt", "rnet.pt"].map { "\(TestServer.root)/Tests/Golden/detector/\($0)" }
    _ = try Conversion(detector: parts, options: ConversionOptions()).run(to: path)
    let server = try TestServer(detector: path)
    #expect(server.client.send("GET", "/v1/model")?.object["has_detector"] as? Bool == true)
    let found = try #require(server.client.send("POST", "/v1/faces", type: type, body: form))
    #expect(found.object["is_searched"] as? Bool == true)
    let direct = try FaceDetector(path: path, kernels: Kernels(threadCount: 1))
      .faces(in: try PictureFile(ImageSource(picture, path: "a")), growsWithPhoto: true)
      .filter { $0.landmarks.isUpright }
    #expect((found.object["faces"] as? [Any])?.count == direct.count)
  }

  @Test func attributesOfAnEditAreRead() throws {
    let server = try TestServer()
    let id = server.finishedJob(steps: 2)
    func smile(_ answer: Client.Answer?) -> Double? {
      (answer?.object["attributes"] as? [String: Any])?["smile"] as? Double
    }
    let before = try #require(smile(server.client.send("GET", "/v1/jobs/\(id)/attributes")))
    let same = try #require(smile(server.client.post("/v1/attributes", json: #"{"source": {"job": "\#(id)"}}"#)))
    let json = #"{"source": {"job": "\#(id)"}, "moves": [{"boundary": "smile", "alpha": 0.5}]}"#
    let after = try #require(smile(server.client.post("/v1/attributes", json: json)))
    #expect(before == same && after > before)
  }

  @Test func limitsFollowTheMemory() {
    var configuration = Service.Configuration(folder: "", version: "")
    for left in [100 << 20, 500 << 20, 2 << 30, 16 << 30] {
      configuration.fit(into: left)
      let atOnce = configuration.uploadCount + configuration.photoCount
      #expect(atOnce * (configuration.uploadByteCount + configuration.decodingByteCount) <= left)
    }
    #expect(configuration.uploadByteCount == 32 << 20 && configuration.decodingByteCount == 256 << 20)
    configuration.fit(into: -5)
    #expect(configuration.uploadByteCount == 1 << 20)
  }
}
