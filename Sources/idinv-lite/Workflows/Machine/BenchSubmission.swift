import Glibc
import Inversion
import Quant
import Reports

/// What the owner of a board attaches to an issue: one JSON with all that the speed depends on, and nothing that says whose
/// machine it is.
package struct BenchSubmission: Encodable {
  package struct ModelFacts: Encodable {
    /// SHA-256 of the model file's header.
    package var identity: String
    package var weights: String
    package var resolution: Int?
    package var code_layers: Int?
    package var code_dimension: Int?
  }
  package struct Conditions: Encodable {
    package var before: ProcessorCondition
    package var after: ProcessorCondition
    /// Bits that the firmware of a Raspberry Pi sets: under-voltage and throttling, now and since the start.
    package var firmware_throttled: String?
    /// Of this process; 0 is the usual one.
    package var niceness: Int
  }
  package var format = "idinv-lite-bench"
  package var format_version = 1
  package var program_version = Program.version
  /// The day is enough.
  package var date: String
  package var machine: MachineDescription
  package var model: ModelFacts
  package var conditions: Conditions
  package var bench: SpeedResults

  package init(
    _ model: Model, machine: MachineDescription, before: ProcessorCondition, after: ProcessorCondition,
    bench: SpeedResults
  )
    throws
  {
    let shape = try? model.codeShape()
    self.model = ModelFacts(
      identity: model.file.identity, weights: model.file.metadata.precision.rawValue,
      resolution: try? model.imageResolution(), code_layers: shape?.layerCount, code_dimension: shape?.dimension)
    date = String(timestamp().prefix(10))
    self.machine = machine
    conditions = Conditions(
      before: before, after: after,
      firmware_throttled: SystemFiles.current.text("/sys/devices/platform/soc/soc:firmware/get_throttled"),
      niceness: Int(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)))
    self.bench = bench
  }
}
