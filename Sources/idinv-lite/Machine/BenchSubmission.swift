import Foundation
import Inversion
import Quant

/// What the owner of a board attaches to an issue: one JSON with all that the speed depends on, and nothing that says whose
/// machine it is.
struct BenchSubmission: Encodable {
  struct ModelFacts: Encodable {
    var sha256: String
    var weights: String
    var resolution: Int?
    var code_layers: Int?
    var code_dimension: Int?
  }
  struct Conditions: Encodable {
    var before: ProcessorCondition
    var after: ProcessorCondition
    /// Bits that the firmware of a Raspberry Pi sets: under-voltage and throttling, now and since the start.
    var firmware_throttled: String?
    /// Of this process; 0 is the usual one.
    var niceness: Int
  }
  var format = "idinv-lite-bench"
  var format_version = 1
  var program_version = IdinvLite.version
  /// The day is enough.
  var date: String
  var machine: MachineDescription
  var model: ModelFacts
  var conditions: Conditions
  var bench: BenchSpeed.Listing

  init(
    _ model: Model, machine: MachineDescription, before: ProcessorCondition, after: ProcessorCondition,
    bench: BenchSpeed.Listing
  )
    throws
  {
    let shape = try? model.codeShape()
    self.model = ModelFacts(
      sha256: try SHA256.hexDigest(ofFile: model.path), weights: model.file.metadata.precision.rawValue,
      resolution: try? model.imageResolution(), code_layers: shape?.layerCount, code_dimension: shape?.dimension)
    date = String(ISO8601DateFormatter().string(from: Date()).prefix(10))
    self.machine = machine
    conditions = Conditions(
      before: before, after: after,
      firmware_throttled: SystemFiles.current.text("/sys/devices/platform/soc/soc:firmware/get_throttled"),
      niceness: Int(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)))
    self.bench = bench
  }
}
