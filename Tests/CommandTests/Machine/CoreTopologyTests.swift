import Foundation
import Testing

@testable import Command
@testable import Reports
@testable import Workflows

/// A `/sys` of one's own.
struct FakeSystem {
  let folder: Folder

  init() throws { folder = try Folder() }

  var files: SystemFiles { SystemFiles(root: folder.path) }

  func cpu(
    _ number: Int, capacity: Int? = nil, kilohertz: Int? = nil, current: Int? = nil, siblings: String? = nil
  ) throws {
    let place = "sys/devices/system/cpu/cpu\(number)"
    if let capacity { try folder.write("\(place)/cpu_capacity", text: "\(capacity)\n") }
    if let kilohertz { try folder.write("\(place)/cpufreq/cpuinfo_max_freq", text: "\(kilohertz)\n") }
    if let current { try folder.write("\(place)/cpufreq/scaling_cur_freq", text: "\(current)\n") }
    if let siblings { try folder.write("\(place)/topology/thread_siblings_list", text: "\(siblings)\n") }
  }

  func zone(_ number: Int, _ name: String, millidegrees: String) throws {
    try folder.write("sys/class/thermal/thermal_zone\(number)/type", text: "\(name)\n")
    try folder.write("sys/class/thermal/thermal_zone\(number)/temp", text: "\(millidegrees)\n")
  }
}

@Suite("--cores")
struct CoreTopologyTests {
  /// An RK3588: four A55, two pairs of A76 that differ a little.
  private func rk3588() throws -> CoreTopology {
    let system = try FakeSystem()
    for number in 0..<8 { try system.cpu(number, capacity: number < 4 ? 530 : number < 6 ? 1010 : 1024) }
    return CoreTopology(system.files, allowed: Array(0..<8))
  }

  @Test("cores that are clearly weaker are left out, unless more threads are asked for or all are")
  func bigLittle() throws {
    let topology = try rk3588()
    #expect(topology.bigCPUs == [4, 5, 6, 7])
    #expect(try CoreChoice.automatic.cpus(of: topology) == [4, 5, 6, 7])
    #expect(try CoreChoice.automatic.cpus(of: topology, threadCount: 4) == [4, 5, 6, 7])
    #expect(try CoreChoice.automatic.cpus(of: topology, threadCount: 5) == Array(0..<8))
    #expect(try CoreChoice.big.cpus(of: topology, threadCount: 5) == [4, 5, 6, 7])
    #expect(try CoreChoice.all.cpus(of: topology) == Array(0..<8))
    #expect(try CoreChoice.list([0, 5]).cpus(of: topology) == [0, 5])
  }

  @Test("an affinity mask of little cores is all there is")
  func masked() throws {
    let system = try FakeSystem()
    for number in 0..<8 { try system.cpu(number, capacity: number < 4 ? 530 : 1024) }
    #expect(CoreTopology(system.files, allowed: [1, 3]).bigCPUs == [1, 3])
  }

  @Test("where capacities are not told, clock rates decide; where nothing is told of one CPU, nothing is left out")
  func rates() throws {
    let system = try FakeSystem()
    for number in 0..<4 { try system.cpu(number, kilohertz: number < 2 ? 1_800_000 : 2_400_000) }
    let topology = CoreTopology(system.files, allowed: [0, 1, 2, 3])
    #expect(topology.bigCPUs == [0, 1, 2, 3], "1.8 of 2.4 GHz is no clear difference")
    try system.cpu(0, kilohertz: 1_000_000)
    #expect(CoreTopology(system.files, allowed: [0, 1, 2, 3]).bigCPUs == [1, 2, 3])
    #expect(CoreTopology(system.files, allowed: [0, 1, 2, 3, 4]).bigCPUs == [0, 1, 2, 3, 4])
    #expect(CoreTopology(SystemFiles(root: "/nowhere"), allowed: [0, 1]).bigCPUs == [0, 1])
  }

  @Test("hardware threads of one core count once")
  func threads() throws {
    let system = try FakeSystem()
    for number in 0..<4 { try system.cpu(number, capacity: 1024, siblings: number % 2 == 0 ? "0,2" : "1,3") }
    let topology = CoreTopology(system.files, allowed: [0, 1, 2, 3])
    #expect(topology.coreCount(of: [0, 1, 2, 3]) == 2)
    #expect(topology.coreCount(of: [0, 2]) == 1)
  }

  @Test("a core that is not there is named, with those that are")
  func missing() throws {
    let topology = try rk3588()
    do {
      _ = try CoreChoice.list([2, 9]).cpus(of: topology)
      Issue.record("CPU 9 was taken")
    } catch let failure as Failure {
      #expect(failure.kind == .usage)
      #expect(failure.description.contains("CPU 9") && failure.description.contains("0-7"))
    }
  }

  @Test("what users write")
  func arguments() throws {
    #expect(CoreChoice(argument: "auto") == .automatic)
    #expect(CoreChoice(argument: "big") == .big)
    #expect(CoreChoice(argument: "all") == .all)
    #expect(CoreChoice(argument: "4-6,0,5") == .list([0, 4, 5, 6]))
    for text in ["", "x", "3-1", "-1", "1,,2", "0-99999"] { #expect(CoreChoice(argument: text) == nil, "\(text)") }
    #expect(rangeText([0, 1, 2, 5, 7, 8]) == "0-2,5,7-8")
    #expect(rangeText([]) == "")
  }

  @Test("the process is confined to what was asked for")
  func confined() throws {
    let place = try Folder()
    let all = try cpus(try Command.succeed(["kernels", "--cores", "all", "--json"], in: place))
    let first = try #require(all.first)
    let one = try Command.succeed(["kernels", "--cores", "\(first)", "--json"], in: place)
    #expect(try cpus(one) == [first])
    #expect(try one.json["threads"] as? Int == 1)
    let wrong = try Command.run(["kernels", "--cores", "1023"], in: place)
    #expect(wrong.status == 64 && wrong.errors.contains("CPU 1023") && wrong.errors.split(separator: "\n").count == 1)
  }

  @Test("little cores are left out by default, and results do not depend on it")
  func automatic() throws {
    let place = try Folder()
    let all = try cpus(try Command.succeed(["kernels", "--cores", "all", "--json"], in: place))
    guard all.count > 1, let last = all.last else { return }
    let system = try FakeSystem()
    for number in all { try system.cpu(number, capacity: number == last ? 1024 : 400) }
    // The folder goes away with the value.
    defer { withExtendedLifetime(system) {} }
    let root = ["IDINV_SYSTEM_ROOT": system.folder.path]
    func chosen(_ arguments: [String]) throws -> [Int] {
      try cpus(try Command.succeed(["kernels", "--json"] + arguments, in: place, environment: root))
    }
    #expect(try chosen([]) == [last])
    #expect(try chosen(["--threads", "2"]) == all)
    #expect(try chosen(["--cores", "all"]) == all)
    let model = try Golden.generatorModel()
    for (name, cores) in [("big", "big"), ("all", "all")] {
      try Command.succeed(
        ["synthesize", "--model", model, "--seeds", "1", "--cores", cores, "-o", name], in: place, environment: root)
    }
    let names = place.contents("big").filter { $0.hasSuffix(".png") || $0.hasSuffix(".npy") }
    #expect(!names.isEmpty)
    for name in names {
      let (one, many) = (try place.bytes("big/\(name)"), try place.bytes("all/\(name)"))
      #expect(one == many, "\(name)")
    }
  }

  private func cpus(_ result: Command.Result) throws -> [Int] { try #require(try result.json["cpus"] as? [Int]) }
}
