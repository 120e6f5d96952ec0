import Checkpoint
import Foundation
import Imaging
import Testing

/// Damage at random.
extension RefusalTests {
  @Test("flipped bits never crash a command")
  func flips() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    var state: UInt64 = 7
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for (path, name, arguments) in [
      (try Golden.model(), "m.idinv", ["encode", "-q", "-m", "m.idinv", "a.png", "-o", "out"]),
      (Self.encoder, "e.pth", ["convert", "-q", "--encoder", "e.pth", "-o", "new.idinv"]),
      (Golden.path("res128", "encoder.pth"), "l.pth", ["convert", "-q", "--encoder", "l.pth", "-o", "new.idinv"]),
      (place.at("a.png"), "b.png", ["encode", "-q", "-m", try Golden.model(), "b.png", "-o", "out"]),
    ] {
      let bytes = try place.bytes(path)
      for _ in 0..<12 {
        var flipped = bytes
        // Half of them near the beginning, where headers are; some near the end, where directories are.
        let index = [
          random(bytes.count), random(min(4000, bytes.count)), bytes.count - 1 - random(min(2000, bytes.count)),
        ][random(3)]
        flipped[index] ^= 1 << UInt8(random(8))
        try place.write(name, flipped)
        let result = try Command.run(arguments, in: place, prelude: Self.limits, timeout: 30)
        #expect([0, 65].contains(result.status), "\(name), byte \(index): \(result.status) \(result.errors)")
        #expect(result.peakByteCount < 300_000_000 && !result.timedOut)
        if result.status == 65 {
          #expect(
            result.errors.hasPrefix("idinv-lite: ") && result.errors.contains(name)
              && result.errors.split(separator: "\n").count == 1, "byte \(index): \(result.errors)")
        }
      }
    }
  }
}
