import Foundation
import IdinvLite
import Testing

/// The façade as another package sees it: nothing but `public` is in reach.
@Suite struct ModelTests {
  @Test("a model says what it holds")
  func info() throws {
    let info = try Shipped.model().info
    #expect(info.resolution == 64 && info.layerCount == 10 && info.dimension == 64)
    #expect(info.hasGenerator && info.hasEncoder && info.hasPerceptualNetwork && !info.attributeNames.isEmpty)
    #expect(info.licence == "Apache-2.0" && info.sources.count == 4)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(info.json.utf8)) as? [String: Any])
    #expect(json["layer_count"] as? Int == 10)
  }

  @Test("codes go to images and back")
  func codesAndImages() throws {
    let model = try Shipped.model()
    let codes = try model.encode([Shipped.face(1), Shipped.face(2)])
    #expect(codes.shape == [2, 10, 64])
    let images = try model.synthesize(codes)
    #expect(images.count == 2 && images[0].width == 64)
    let single = try model.synthesize(codes[1])
    #expect(single == [images[1]])
    try Shipped.withFolder { folder in
      try codes.write(to: folder + "/codes.npy")
      let readCodes = try Codes(contentsOf: folder + "/codes.npy")
      #expect(readCodes == codes)
      try images[0].write(to: folder + "/image.png")
      let readImage = try Image(contentsOf: folder + "/image.png")
      #expect(readImage == images[0])
    }
  }

  @Test("seeds give the same codes each time, and truncation acts")
  func sampling() throws {
    let model = try Shipped.model()
    let codes = try model.sample(seeds: [3, 4])
    let again = try model.sample(seeds: [4])
    #expect(codes[1] == again)
    let mean = try model.sample(seeds: [3], truncation: 0)
    let stored = try model.meanCode()
    #expect(zip(mean.values.prefix(64), stored.values).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test("threads and arithmetic are chosen for each model; results do not depend on threads")
  func engines() throws {
    let one = try Shipped.model(EngineOptions(threads: 1, arithmetic: .f32))
    let two = try Shipped.model(EngineOptions(threads: 2, arithmetic: .f32))
    let (first, second) = (try one.encode([Shipped.face(1)]), try two.encode([Shipped.face(1)]))
    #expect(first == second)
  }

  @Test("models are used from many threads")
  func threads() async throws {
    let (shared, other) = (try Shipped.model(), try Shipped.model())
    let face = try Shipped.face(1)
    let expected = try shared.encode([face])
    try await withThrowingTaskGroup(of: Codes.self) { group in
      for index in 0..<6 { group.addTask { try (index % 2 == 0 ? shared : other).encode([face]) } }
      for try await codes in group { #expect(codes == expected) }
    }
  }

  @Test("failures carry kind, reason and path")
  func failures() throws {
    let missing = failure { _ = try Model(path: "/no/such.idinv") }
    #expect(missing?.kind == .missingFile && missing?.path == "/no/such.idinv")
    #expect(missing?.message.contains("/no/such.idinv") == true)
    let other = failure { _ = try Model(path: Shipped.path("examples/face-01.png")) }
    #expect(other?.kind == .badData)
    let budget = failure {
      _ = try Shipped.model(EngineOptions(memoryBudget: 1000)).encode([Shipped.face(1)])
    }
    #expect(budget?.kind == .unavailable)
    let threads = failure { _ = try Shipped.model(EngineOptions(threads: -1)) }
    #expect(threads?.kind == .invalidArgument)
    let picture = failure { _ = try Image(width: 2, height: 2, pixels: [1, 2, 3]) }
    #expect(picture?.kind == .invalidArgument)
    let oblong = failure {
      _ = try Shipped.model().encode([Image(width: 2, height: 1, pixels: [0, 0, 0, 0, 0, 0])])
    }
    #expect(oblong?.kind == .badData && oblong?.message.contains("image 0") == true)
    let cropped = try Shipped.model().encode([Image(width: 2, height: 1, pixels: [0, 0, 0, 0, 0, 0])], crop: .center)
    #expect(cropped.count == 1)
    let foreign = failure {
      _ = try Shipped.model().synthesize(Codes([1, 2], layerCount: 1, dimension: 2))
    }
    #expect(foreign?.kind == .invalidArgument)
    let unwritten = failure { try Shipped.face(1).write(to: "/no/such/folder/x.png") }
    #expect(unwritten?.kind == .cannotCreate && unwritten?.path == "/no/such/folder/x.png")
  }
}
