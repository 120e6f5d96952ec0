import Checkpoint
import Foundation
import Quant
import TestSupport

/// A checkpoint whose names, shapes and values a test may change before it is written, as `.safetensors`.
struct TestCheckpoint {
  var tensors: [(name: String, shape: [Int], values: [Float])] = []

  init() {}

  /// The tensors of a golden checkpoint.
  init(golden: String) throws {
    let checkpoint = try CheckpointReader.open(Golden.path(golden))
    for name in checkpoint.names { tensors.append((name, try checkpoint.shape(name), try checkpoint.floats(name))) }
  }

  mutating func rename(_ change: (String) -> String) {
    for index in tensors.indices { tensors[index].name = change(tensors[index].name) }
  }

  mutating func remove(_ names: String...) { tensors.removeAll { names.contains($0.name) } }

  mutating func set(_ name: String, _ shape: [Int], _ values: [Float]) {
    remove(name)
    tensors.append((name, shape, values))
  }

  subscript(name: String) -> [Float] {
    get { tensors.first { $0.name == name }?.values ?? [] }
    set { for index in tensors.indices where tensors[index].name == name { tensors[index].values = newValue } }
  }

  func write(_ folder: TemporaryFolder, _ name: String, metadata: [String: String] = [:]) throws -> String {
    var entries: [SafetensorsHeader.Entry] = []
    var data: [UInt8] = []
    for tensor in tensors {
      let start = data.count
      tensor.values.withUnsafeBytes { data.append(contentsOf: $0) }
      entries.append(.init(name: tensor.name, dtype: .f32, shape: tensor.shape, range: start..<data.count))
    }
    return try folder.write(SafetensorsHeader.encode(metadata: metadata, entries: entries) + data, name)
  }
}
