import Foundation
import Testing

@Suite("bench --submit-file")
struct BenchSubmissionTests {
  /// A Raspberry Pi 5, as its files describe it.
  private func board() throws -> FakeSystem {
    let system = try FakeSystem()
    for number in 0..<64 { try system.cpu(number, capacity: 1024, kilohertz: 2_400_000, current: 2_400_000) }
    try system.zone(0, "cpu-thermal", millidegrees: "51250")
    try system.folder.write("proc/device-tree/model", text: "Raspberry Pi 5 Model B Rev 1.0\0")
    let cpuinfo = (0..<64).map {
      "processor\t: \($0)\nCPU implementer\t: 0x41\nCPU variant\t: 0x4\nCPU part\t: 0xd0b\nCPU revision\t: 1\n"
    }
    try system.folder.write(
      "proc/cpuinfo", text: cpuinfo.joined(separator: "\n") + "\nHardware\t: x\nSerial\t\t: 10000000abcdef01\n")
    try system.folder.write("proc/meminfo", text: "MemTotal:  8256512 kB\nMemAvailable: 7000000 kB\nSwapTotal: 0 kB\n")
    try system.folder.write("proc/sys/kernel/osrelease", text: "6.12.20+rpt-rpi-2712\n")
    try system.folder.write("etc/os-release", text: "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\n")
    try system.folder.write("etc/hostname", text: "grandmas-kitchen\n")
    try system.folder.write("sys/devices/platform/soc/soc:firmware/get_throttled", text: "50005\n")
    return system
  }

  @Test("all that the speed depends on is in it")
  func contents() throws {
    let place = try Folder()
    let system = try board()
    // The folder goes away with the value.
    defer { withExtendedLifetime(system) {} }
    let root = ["IDINV_SYSTEM_ROOT": system.folder.path]
    let output = try Command.succeed(
      ["bench", "--runs", "1", "--graph", "--model", Golden.model(), "--submit-file", "board.json"], in: place,
      environment: root
    ).output
    #expect(output.contains("GFLOP/s"))
    let json = try place.json("board.json")
    #expect(json["format"] as? String == "idinv-lite-bench" && json["format_version"] as? Int == 1)
    #expect((json["program_version"] as? String)?.isEmpty == false)
    let machine = try #require(json["machine"] as? [String: Any])
    #expect(machine["board"] as? String == "Raspberry Pi 5 Model B Rev 1.0")
    #expect(machine["kernel"] as? String == "6.12.20+rpt-rpi-2712")
    #expect(machine["system"] as? String == "Debian GNU/Linux 13 (trixie)")
    let memory = try #require(machine["memory"] as? [String: Any])
    #expect(memory["total_bytes"] as? Int == 8_256_512 * 1024 && memory["swap_total_bytes"] as? Int == 0)
    let cpu = try #require((machine["cpus"] as? [[String: Any]])?.first)
    #expect(cpu["model"] as? String == "implementer 0x41, part 0xd0b, r4p1")
    #expect(cpu["capacity"] as? Int == 1024 && cpu["mhz_highest"] as? Double == 2400 && cpu["is_used"] as? Bool == true)
    let conditions = try #require(json["conditions"] as? [String: Any])
    for moment in ["before", "after"] {
      let condition = try #require(conditions[moment] as? [String: Any])
      #expect((condition["clock_mhz"] as? [Double])?.first == 2400)
      #expect((condition["temperatures"] as? [[String: Any]])?.first?["celsius"] as? Double == 51.25)
    }
    #expect(conditions["firmware_throttled"] as? String == "50005")
    let model = try #require(json["model"] as? [String: Any])
    #expect((model["identity"] as? String)?.count == 64 && model["resolution"] as? Int == 32)
    let bench = try #require(json["bench"] as? [String: Any])
    #expect(
      try #require(bench["peak_gflops"] as? Double) > 0 && (try #require(bench["memory_gb_per_s"] as? Double)) > 0)
    #expect(try #require(bench["peak_rss_bytes"] as? Int) > 1 << 20)
    for part in ["generator", "encoder", "perceptual", "step"] { #expect(bench[part] != nil, "\(part)") }
  }

  @Test("nothing in it says whose machine it is")
  func privacy() throws {
    let place = try Folder()
    let system = try board()
    // The folder goes away with the value.
    defer { withExtendedLifetime(system) {} }
    let root = system.folder.path
    try Command.succeed(
      ["bench", "--runs", "1", "--json", "--model", Golden.model(), "--submit-file", "board.json"], in: place,
      environment: ["IDINV_SYSTEM_ROOT": root])
    let text = try place.text("board.json")
    #expect(!text.contains("grandmas-kitchen") && !text.contains("abcdef01"), "host name or serial number")
    for secret in [root, place.path, NSHomeDirectory(), try Golden.model()] where secret.count > 1 {
      #expect(!text.contains(secret), "\(secret)")
    }
    for path in ["/home", "/tmp", "/root", ".idinv\""] { #expect(!text.contains(path), "\(path)") }
  }

  @Test("a place that cannot be written is found out before the measurement")
  func refused() throws {
    let place = try Folder()
    let result = try Command.run(
      ["bench", "--model", Golden.model(), "--submit-file", "missing/board.json"], in: place)
    #expect(result.status == 73 && result.output.isEmpty)
    #expect(result.errors.contains("missing/board.json") && result.errors.split(separator: "\n").count == 1)
  }
}
