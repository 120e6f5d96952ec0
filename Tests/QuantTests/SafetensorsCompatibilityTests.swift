import Foundation
import Quant
import TestSupport
import Testing

/// Whether the reference implementation of safetensors opens our files. Needs a Python with safetensors and numpy, which
/// `IDINV_PYTHON` may name; skipped, and said so, where there is none.
@Suite struct SafetensorsCompatibilityTests {
  @Test(arguments: WeightsPrecision.allCases) func pythonReadsTheSameTensors(precision: WeightsPrecision) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m.idinv")
    try TestModel.write(to: path, precision: precision)
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "check_safetensors.py")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [ProcessInfo.processInfo.environment["IDINV_PYTHON"] ?? "python3", script.path, path]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    if [77, 127].contains(process.terminationStatus) {
      print("skipped: no Python with safetensors and numpy (IDINV_PYTHON may name one)")
      return
    }
    #expect(process.terminationStatus == 0)
    let names = ["f32": "float32", "f16": "float16", "i8": "int8"]
    let file = try ModelFile(path: path)
    var expected: [String] = []
    for name in file.tensorNames {
      let tensor = try file.tensor(name)
      expected.append("\(name) \(names["\(tensor.dtype)"] ?? "") \(tensor.shape)")
      if tensor.dtype == .i8 { expected.append("\(name).scale float32 [\(tensor.rows)]") }
    }
    let found = text.split(separator: "\n").map { $0.split(separator: " ").dropLast().joined(separator: " ") }
    #expect(found == expected.sorted())
  }
}
