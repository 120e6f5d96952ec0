import Checkpoint
import Foundation
import Imaging
import Inversion
import SIMDKernels
import Testing

@testable import Server

@Suite struct JobTests {
  @Test func aPictureBecomesACodeAndAnEdit() throws {
    let server = try TestServer()
    let client = server.client
    let submitted = try #require(client.submit(TestServer.example(1), steps: 5, name: "my face.png"))
    #expect(submitted.status == 202)
    let id = try #require(submitted.object["id"] as? String)
    let job = client.wait(for: id)
    #expect(job["state"] as? String == "done")
    #expect(job["name"] as? String == "my face.png")
    let result = try #require(job["result"] as? [String: Any])
    #expect(result["steps"] as? Int == 5)
    #expect(try #require(result["psnr_db"] as? Double) > 24)

    // The code is that of the same inversion without a server.
    let bytes = try #require(client.send("GET", "/v1/jobs/\(id)/code.npy")).body
    let code = try NumpyArray(bytes: bytes)
    let model = try Model(path: "\(TestServer.root)/models/default.idinv")
    let options = InversionOptions(iterations: 5, optimizer: .auto, snapshotCount: 0)
    let inverter = try Inverter(model, options: options, kernels: Kernels(threadCount: 1))
    let picture = try PNG.decode(TestServer.example(1), path: "")
    let expected = try inverter.invert(picture.planar()).code
    #expect(code.floats == expected)
    #expect(code.shape == [1, 10, 64])

    // The saved picture is that of the saved code, and an edit of nothing is that picture.
    let saved = try #require(client.send("GET", "/v1/jobs/\(id)/result.png")).body
    let rendered = try #require(client.post("/v1/render", json: #"{"source": {"job": "\#(id)"}}"#))
    #expect(rendered.status == 200 && rendered.body == saved)
    let edited = try #require(
      client.post(
        "/v1/render", json: #"{"source": {"job": "\#(id)"}, "moves": [{"boundary": "smile", "alpha": 0.3}]}"#))
    #expect(edited.status == 200 && edited.body != saved)
    #expect(Double(edited.headers["x-in-domain-score"] ?? "") != nil)
    // Standard deviations are those that the boundary's file states.
    let listed = try #require(client.send("GET", "/v1/boundaries")).object["boundaries"] as? [[String: Any]]
    let smile = try #require(listed?.first { $0["name"] as? String == "smile" })
    let deviation = try #require(smile["standard_deviation"] as? Double)
    let moved = try ["\"-1.5sd\"", "\(-1.5 * deviation)"].map { alpha in
      try #require(
        client.post(
          "/v1/render", json: #"{"source": {"job": "\#(id)"}, "moves": [{"boundary": "smile", "alpha": \#(alpha)}]}"#))
    }
    #expect(moved[0].status == 200 && moved[0].body == moved[1].body && moved[0].body != saved)
  }

  @Test func aPictureOfMoreThanOnePieceArrivesWhole() throws {
    let server = try TestServer()
    let picture = try PNG.decode(TestServer.example(2), path: "").resized(height: 700, width: 700)
    let bytes = try PNG.encode(picture)
    #expect(bytes.count > 100_000)
    let answer = try #require(server.client.submit(bytes, steps: 0))
    #expect(answer.status == 202)
    #expect(server.client.wait(for: answer.object["id"] as? String ?? "")["state"] as? String == "done")
  }

  @Test func aCodeIsAJobThatIsDone() throws {
    let server = try TestServer()
    let id = server.finishedJob()
    let code = try #require(server.client.send("GET", "/v1/jobs/\(id)/code.npy")).body
    let form = Client.form([(name: "code", file: "code.npy", bytes: code)])
    let answer = try #require(
      server.client.send(
        "POST", "/v1/jobs", type: "multipart/form-data; boundary=\(Client.boundary)", body: form))
    #expect(answer.status == 202 && answer.object["state"] as? String == "done")
    let other = try #require(answer.object["id"] as? String)
    #expect(
      server.client.send("GET", "/v1/jobs/\(other)/result.png")?.body
        == server.client.send("GET", "/v1/jobs/\(id)/result.png")?.body)
  }

  @Test func eventsTellEachStepOnceAndEnd() throws {
    let server = try TestServer()
    let id = try #require(server.client.submit(TestServer.example(3), steps: 40)?.object["id"] as? String)
    let answer = try #require(server.client.send("GET", "/v1/jobs/\(id)/events"))
    #expect(answer.headers["content-type"] == "text/event-stream")
    let messages = answer.text.components(separatedBy: "\n\n").compactMap { block -> [String: Any]? in
      guard block.hasPrefix("data: ") else { return nil }
      return (try? JSONSerialization.jsonObject(with: Data(block.dropFirst(6).utf8))) as? [String: Any]
    }
    #expect(messages.last?["state"] as? String == "done")
    var steps = 0
    for progress in messages.compactMap({ $0["progress"] as? [String: Any] }) {
      #expect(progress["first_step"] as? Int == steps + 1)
      steps += (progress["losses"] as? [Any])?.count ?? 0
    }
    #expect(steps == 40)
  }

  @Test func aStoppedJobKeepsItsBestAndACancelledOneNothing() throws {
    let server = try TestServer()
    let client = server.client
    let ids = try (1...3).map { number in
      try #require(client.submit(TestServer.example(number), steps: 1000)?.object["id"] as? String)
    }
    // The first runs once it has made a step.
    while (client.send("GET", "/v1/jobs/\(ids[0])")?.object["progress"] as? [String: Any])?["step"] as? Int ?? 0 < 1 {
      usleep(5_000)
    }
    #expect(client.send("POST", "/v1/jobs/\(ids[1])/cancel")?.object["state"] as? String == "cancelled")
    #expect(client.send("POST", "/v1/jobs/\(ids[0])/stop")?.status == 200)
    let stopped = client.wait(for: ids[0])
    #expect(stopped["state"] as? String == "done")
    let steps = try #require((stopped["result"] as? [String: Any])?["steps"] as? Int)
    #expect(steps < 1000)
    #expect(client.send("GET", "/v1/jobs/\(ids[0])/result.png")?.status == 200)
    #expect(client.send("GET", "/v1/jobs/\(ids[1])/result.png")?.status == 409)
    #expect(client.send("POST", "/v1/jobs/\(ids[2])/cancel")?.status == 200)
    #expect(client.wait(for: ids[2])["state"] as? String == "cancelled")
  }

  @Test func aDeletedJobLeavesNothing() throws {
    let server = try TestServer()
    let id = server.finishedJob()
    #expect(FileManager.default.fileExists(atPath: "\(server.folder)/\(id)"))
    #expect(server.client.send("DELETE", "/v1/jobs/\(id)")?.status == 204)
    #expect(!FileManager.default.fileExists(atPath: "\(server.folder)/\(id)"))
    #expect(server.client.send("GET", "/v1/jobs/\(id)")?.status == 404)
    #expect(server.client.send("DELETE", "/v1/jobs/\(id)")?.status == 404)
  }

  @Test func aRestartedServerGoesOn() throws {
    let server = try TestServer()
    let done = server.finishedJob()
    let code = server.client.send("GET", "/v1/jobs/\(done)/code.npy")?.body
    let waiting = try (1...2).map { number in
      try #require(server.client.submit(TestServer.example(number), steps: 300)?.object["id"] as? String)
    }
    try server.restart()
    #expect(server.client.send("GET", "/v1/jobs/\(done)")?.object["state"] as? String == "done")
    #expect(server.client.send("GET", "/v1/jobs/\(done)/code.npy")?.body == code)
    for id in waiting { #expect(server.client.wait(for: id)["state"] as? String == "done") }
  }

  @Test func aJobThatEndedTheServerTwiceIsNotBegunAgain() throws {
    let folder = try JobFolder(NSTemporaryDirectory() + "jobs-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    for attempts in 0...2 {
      var record = JobRecord(
        id: RandomName.make(), name: "\(attempts)", options: JobOptions(), created: 1000 - Double(attempts))
      record.state = attempts == 0 ? .queued : .running
      record.attempts = attempts
      try folder.create(record.id)
      try folder.write(record)
    }
    let queue = JobQueue(folder: folder, limits: JobQueue.Limits(), now: 1001)
    let states = Dictionary(uniqueKeysWithValues: queue.jobs().map { ($0.record.name, $0.record) })
    #expect(states["1"]?.state == .queued)
    #expect(states["2"]?.state == .failed)
    #expect(states["2"]?.error?.contains("2 times") == true)
    // What ended the server once is older, and waits for the others.
    #expect(states["0"].flatMap { queue.position(of: $0.id) } == 0)
    #expect(states["1"].flatMap { queue.position(of: $0.id) } == 1)
  }

  @Test func oldJobsAreRemoved() throws {
    let folder = try JobFolder(NSTemporaryDirectory() + "jobs-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    for created in [1000.0, 5000] {
      var record = JobRecord(id: RandomName.make(), name: "\(created)", options: JobOptions(), created: created)
      record.state = .done
      try folder.create(record.id)
      try folder.write(record)
    }
    let queue = JobQueue(folder: folder, limits: JobQueue.Limits(keptSeconds: 3600), now: 6000)
    #expect(queue.jobs().map(\.record.name) == ["5000.0"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 1)
  }

  @Test func editsCombine() throws {
    let server = try TestServer()
    let client = server.client
    let id = server.finishedJob(steps: 0)
    func code(_ json: String) throws -> [Float] {
      let answer = try #require(client.post("/v1/render?format=npy", json: json))
      #expect(answer.status == 200, "\(answer.text)")
      return try NumpyArray(bytes: answer.body).floats
    }
    let own = try code(#"{"source": {"job": "\#(id)"}}"#)
    let other = try code(#"{"source": {"seed": 4}}"#)
    let halfway = try code(
      #"{"source": {"job": "\#(id)"}, "walk": {"source": {"seed": 4}, "position": 0.5}}"#)
    for index in own.indices { #expect(abs(halfway[index] - (own[index] + other[index]) / 2) < 1e-6) }
    let mixed = try code(#"{"source": {"job": "\#(id)"}, "mix": {"source": {"seed": 4}, "layers": [9]}}"#)
    #expect(Array(mixed[..<(9 * 64)]) == Array(own[..<(9 * 64)]))
    for index in 9 * 64..<640 { #expect(abs(mixed[index] - other[index]) < 1e-6) }
    let film = try #require(client.post("/v1/animations", json: #"{"source": {"seed": 4}, "frames": 2}"#))
    #expect(film.status == 200 && film.body.starts(with: [0x89, 0x50, 0x4e, 0x47]))
  }
}
