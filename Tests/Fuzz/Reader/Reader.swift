import Checkpoint
import Files
import Foundation
import Imaging

// Reads files as the program does, for Tests/Differential/compare.py: a line "KIND PATH" in, a line of JSON out. Values go into
// PATH.values as 32-bit floats, pixels into PATH.values as bytes, both in the order of the answer.

private struct Answer: Encodable {
  struct Array: Encodable {
    var name: String
    var shape: [Int]
  }
  var isAccepted: Bool
  var arrays: [Array] = []
  var error: String?
}

private func arrays(_ kind: String, _ path: String) throws -> (arrays: [Answer.Array], bytes: [UInt8]) {
  func bytes(_ floats: [Float]) -> [UInt8] { floats.withUnsafeBytes { [UInt8]($0) } }
  switch kind {
  case "npy":
    let array = try NumpyArray.read(path)
    return ([Answer.Array(name: "", shape: array.shape)], bytes(array.floats))
  case "picture":
    let picture = try PictureFile(path, limits: ImageLimits(pixelCount: 1 << 20, byteCount: 64 << 20)).upright()
    return ([Answer.Array(name: "", shape: [picture.height, picture.width, 3])], picture.pixels)
  default:
    let checkpoint = try CheckpointReader.open(path)
    var result: [Answer.Array] = []
    var values: [UInt8] = []
    for name in checkpoint.names {
      result.append(Answer.Array(name: name, shape: try checkpoint.shape(name)))
      values += bytes(try checkpoint.floats(name))
    }
    return (result, values)
  }
}

// What is instrumented is linked with libFuzzer, which asks for it; nothing calls it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt { 0 }

@_cdecl("reader_main")
public func readerMain(_ count: CInt, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
  while let line = readLine() {
    guard let space = line.firstIndex(of: " ") else { return 64 }
    let path = String(line[line.index(after: space)...])
    var answer = Answer(isAccepted: true)
    do {
      let (found, bytes) = try arrays(String(line[..<space]), path)
      answer.arrays = found
      try AtomicFile.write(bytes, to: path + ".values", isSynced: false)
    } catch {
      answer = Answer(isAccepted: false, error: "\(error)")
    }
    print(String(decoding: (try? JSONEncoder().encode(answer)) ?? Data(), as: UTF8.self))
    fflush(nil)
  }
  return 0
}
