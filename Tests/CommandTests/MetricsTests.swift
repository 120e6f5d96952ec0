import Foundation
import Testing

/// LPIPS of a narrow AlexNet with random weights: converted from two files, and used by the commands that measure.
@Suite("Learned metrics")
struct MetricsTests {
  private static let widths = [4, 6, 5, 4, 4]

  /// A safetensors file of numbers between −1 and 1, or 0 and 1, that follow from their place.
  private func write(
    _ place: Folder, _ name: String, _ tensors: [(name: String, shape: [Int])], isPositive: Bool
  ) throws {
    var header: [String: Any] = [:], data = Data(), state: UInt32 = 7
    for tensor in tensors {
      let count = tensor.shape.reduce(1, *), fanIn = max(1, tensor.shape.dropFirst().reduce(1, *))
      header[tensor.name] = [
        "dtype": "F32", "shape": tensor.shape, "data_offsets": [data.count, data.count + 4 * count],
      ]
      for _ in 0..<count {
        state = state &* 1_664_525 &+ 1_013_904_223
        let unit = Float(state >> 8) / Float(1 << 24)
        let value = isPositive ? unit : (2 * unit - 1) * 2 / Float(fanIn).squareRoot()
        withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
      }
    }
    let json = try JSONSerialization.data(withJSONObject: header)
    var file = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
    file.append(json)
    file.append(data)
    try place.write(name, [UInt8](file))
  }

  private func place() throws -> Folder {
    let place = try Folder()
    var trunk: [(name: String, shape: [Int])] = [], inputs = 3
    for (index, (number, kernel)) in [(0, 11), (3, 5), (6, 3), (8, 3), (10, 3)].enumerated() {
      let outputs = Self.widths[index]
      trunk.append(("features.\(number).weight", [outputs, inputs, kernel, kernel]))
      trunk.append(("features.\(number).bias", [outputs]))
      inputs = outputs
    }
    trunk.append(("classifier.1.weight", [2, 2]))
    try write(place, "alexnet.safetensors", trunk, isPositive: false)
    let linear = Self.widths.enumerated().map { (name: "lin\($0).model.1.weight", shape: [1, $1, 1, 1]) }
    try write(place, "alex.safetensors", linear, isPositive: true)
    try place.writePicture("in/a.png")
    try place.writePicture("in/b.png", index: 1)
    return place
  }

  @Test("two files give LPIPS; evaluate and bench quality report it beside what is built in")
  func wholeWay() throws {
    let place = try place()
    let converted = try Command.succeed(
      ["convert", "alex.safetensors", "alexnet.safetensors", "-o", "metrics.idinv"], in: place
    ).output
    #expect(converted.contains("LPIPS's linear layers") && converted.contains("AlexNet, as LPIPS weighs it"))
    #expect(converted.contains("lpips: alex, version 0.1"))
    let info = try Command.succeed(["info", "metrics.idinv"], in: place).output
    #expect(info.contains("lpips       alex, channels 4 6 5 4 4"))

    let model = try Golden.model()
    let arguments = ["-q", "-m", model, "in"]
    func evaluated(_ folder: String, _ metrics: String) throws -> [String: Any] {
      try Command.succeed(
        ["evaluate"] + arguments + [
          "--methods", "encoder", "--iterations", "1", "--metrics", metrics, "-o", folder,
        ], in: place)
      let rows = try #require(place.json("\(folder)/evaluation.json")["reconstruction"] as? [[String: Any]])
      return try #require(rows.first)
    }
    let with = try evaluated("with", "metrics.idinv"), without = try evaluated("without", "none")
    let distance = try #require(with["lpips"] as? Double)
    #expect(distance > 0 && distance < 4 && with["identity"] == nil && without["lpips"] == nil)
    #expect(try place.text("with/evaluation.csv").contains(",lpips,"))
    #expect(try place.text("with/evaluation.html").contains("LPIPS"))

    try Command.succeed(
      ["bench", "quality"] + arguments + [
        "--optimizers", "adam", "--iterations", "1", "--rounds", "1", "--threads", "1", "--compute", "f32", "--edits",
        "0",
        "--metrics", "metrics.idinv", "-o", "quality",
      ], in: place)
    #expect(try place.text("quality/quality.csv").split(separator: "\n")[0].hasSuffix(",lpips,identity"))
    let lines = try place.text("quality/quality.csv").split(separator: "\n")
    let fields = try #require(lines.last).split(separator: ",", omittingEmptySubsequences: false)
    #expect(try #require(Double(fields[fields.count - 2])) > 0 && fields.last?.isEmpty == true)
  }

  @Test("a part alone, and a file that measures nothing, are refused")
  func refusals() throws {
    let place = try place()
    let alone = try Command.run(["convert", "alex.safetensors", "-o", "m.idinv"], in: place)
    #expect(alone.status == 65 && alone.errors.contains("without the network that they weigh"))
    let trunk = try Command.run(["convert", "alexnet.safetensors", "-o", "m.idinv"], in: place)
    #expect(trunk.status == 65 && trunk.errors.contains("without its linear layers"))
    let model = try Golden.model()
    let wrong = try Command.run(["evaluate", "-m", model, "in", "--metrics", model, "-o", "out"], in: place)
    #expect(wrong.status == 65 && wrong.errors.contains("neither LPIPS nor an identity network"))
  }
}
