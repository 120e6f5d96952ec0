import Reports
import SIMDKernels

/// A machine as far as its speed is concerned. No names of hosts, users or files.
package struct MachineDescription: Encodable {
  package struct CPU: Encodable, Equatable {
    package var number: Int
    /// "ARM part 0xd0b, variant 0x4", or the processor's own name.
    package var model: String?
    package var capacity: Int?
    package var mhz_highest: Double?
    package var is_used: Bool
  }
  package struct Memory: Encodable, Equatable {
    package var total_bytes: Int?
    package var available_bytes: Int?
    package var swap_total_bytes: Int?
  }
  package var architecture: String
  /// What the firmware calls the board.
  package var board: String?
  package var cpus: [CPU]
  /// Beyond the architecture's baseline.
  package var features: [String]
  package var second_level_cache_bytes: Int
  package var governor: String?
  package var memory: Memory
  /// Release of the kernel: "6.12.20+rpt-rpi-2712".
  package var kernel: String?
  /// "Debian GNU/Linux 13 (trixie)".
  package var system: String?

  /// - Parameter used: numbers of the CPUs that are computed on.
  package init(_ files: SystemFiles = .current, topology: CoreTopology, used: [Int]) {
    #if arch(arm64)
      architecture = "aarch64"
    #elseif arch(x86_64)
      architecture = "x86_64"
    #else
      architecture = "other"
    #endif
    board = files.text("/proc/device-tree/model")
    let models = MachineDescription.models(files)
    cpus = topology.cpus.map { cpu in
      CPU(
        number: cpu.number, model: models[cpu.number], capacity: cpu.capacity,
        mhz_highest: cpu.maximumKilohertz.map { Double($0) * 1e-3 }, is_used: used.contains(cpu.number))
    }
    features = Processor.features
    second_level_cache_bytes = Processor.secondLevelCacheByteCount
    governor = files.text("/sys/devices/system/cpu/cpu\(used.first ?? 0)/cpufreq/scaling_governor")
    let sizes = MachineDescription.pairs(files.text("/proc/meminfo"), separator: ":")
    func bytes(_ key: String) -> Int? {
      sizes.first { $0.key == key }.flatMap { Int($0.value.prefix { $0.isNumber }) }.map { $0 * 1024 }
    }
    memory = Memory(
      total_bytes: bytes("MemTotal"), available_bytes: bytes("MemAvailable"), swap_total_bytes: bytes("SwapTotal"))
    kernel = files.text("/proc/sys/kernel/osrelease")
    system = MachineDescription.pairs(files.text("/etc/os-release"), separator: "=")
      .first { $0.key == "PRETTY_NAME" }.map { $0.value.trimmed { $0 == "\"" } }
  }

  /// Lines "key separator value".
  private static func pairs(_ text: String?, separator: Character) -> [(key: String, value: String)] {
    (text ?? "").split(separator: "\n").compactMap { line in
      guard let place = line.firstIndex(of: separator) else { return nil }
      return (
        line[..<place].trimmed,
        line[line.index(after: place)...].trimmed
      )
    }
  }

  /// What `/proc/cpuinfo` calls each CPU. ARM has numbers for names: those of implementer and part.
  private static func models(_ files: SystemFiles) -> [Int: String] {
    var models: [Int: String] = [:]
    for block in (files.text("/proc/cpuinfo") ?? "").split(separator: "\n\n") {
      let lines = Dictionary(pairs(String(block), separator: ":").map { ($0.key, $0.value) }) { first, _ in first }
      guard let number = lines["processor"].flatMap({ Int($0) }) else { continue }
      if let name = lines["model name"] {
        models[number] = name
      } else if let implementer = lines["CPU implementer"], let part = lines["CPU part"] {
        let variant = lines["CPU variant"].flatMap { Int($0.dropFirst(2), radix: 16) } ?? 0
        models[number] = "implementer \(implementer), part \(part), r\(variant)p\(lines["CPU revision"] ?? "0")"
      }
    }
    return models
  }
}
