import Foundation
import Testing

@Suite("threads")
struct ThreadCountTests {
  @Test("what OMP_NUM_THREADS holds does not matter", arguments: ["", "abc", "-3", "1", "4,2"])
  func environment(_ value: String) throws {
    let place = try Folder(), model = try Golden.generatorModel()
    func synthesize(_ name: String, _ environment: [String: String]) throws {
      try Command.succeed(
        ["synthesize", "--model", model, "--seeds", "1", "--threads", "2", "-o", name], in: place,
        environment: environment)
    }
    try synthesize("plain", [:])
    try synthesize("set", ["OMP_NUM_THREADS": value])
    let names = place.contents("plain").filter { $0.hasSuffix(".png") || $0.hasSuffix(".npy") }
    #expect(!names.isEmpty)
    for name in names {
      let (plain, set) = (try place.bytes("plain/\(name)"), try place.bytes("set/\(name)"))
      #expect(plain == set, "\(name)")
    }
  }
}
