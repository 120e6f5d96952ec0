import Foundation
import Testing

@testable import SIMDKernels

/// What the system's files say, on machines made up for it.
@Suite struct ProcessorTests {
  /// A root with files of its own; it goes away with the value.
  private final class Root {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path

    func write(_ text: String, to place: String) throws {
      let file = URL(fileURLWithPath: path + place)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data((text + "\n").utf8).write(to: file)
    }

    func cache(of cpu: Int, _ kilobytes: Int?, sharedBy cpus: String, index: Int = 2) throws {
      for (other, level) in [(0, 1), (1, index == 1 ? 2 : 1), (2, index == 1 ? 3 : 2)] {
        let folder = "/sys/devices/system/cpu/cpu\(cpu)/cache/index\(other)"
        try write("\(level)", to: "\(folder)/level")
        if let kilobytes { try write("\(other == index ? kilobytes : 48)K", to: "\(folder)/size") }
        try write(other == index ? cpus : "\(cpu)", to: "\(folder)/shared_cpu_list")
      }
    }

    func siblings(_ list: String, of cpus: [Int]) throws {
      for cpu in cpus { try write(list, to: "/sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list") }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  @Test("Four cores of a cluster share a cache, and a worker plans for its part of it")
  func cluster() throws {
    let root = Root()
    for cpu in 0..<4 { try root.cache(of: cpu, 1024, sharedBy: "0-3") }
    let cache = SecondLevelCache(root: root.path, allowed: [0, 1, 2, 3])
    #expect(cache.byteCount == 1 << 20 && cache.coreCount == 4)
    #expect(cache.share(threadCount: 4) == 256 << 10)
    #expect(cache.share(threadCount: 8) == 256 << 10)
    #expect(cache.share(threadCount: 1) == 1 << 20)
    #expect(SecondLevelCache(root: root.path, allowed: [1, 3]).share(threadCount: 4) == 512 << 10)
  }

  @Test("Of big and little cores, the first that the process may run on counts")
  func bigLittle() throws {
    let root = Root()
    for cpu in 0..<8 { try root.cache(of: cpu, cpu < 4 ? 128 : 512, sharedBy: "\(cpu)") }
    #expect(SecondLevelCache(root: root.path, allowed: Array(0..<8)).byteCount == 128 << 10)
    let big = SecondLevelCache(root: root.path, allowed: [4, 5, 6, 7])
    #expect(big.byteCount == 512 << 10 && big.share(threadCount: 4) == 512 << 10)
  }

  @Test("Hardware threads of one core count once")
  func hardwareThreads() throws {
    let root = Root()
    for core in 0..<2 {
      try root.siblings("\(core),\(core + 2)", of: [core, core + 2])
      try root.cache(of: core, 2048, sharedBy: "\(core),\(core + 2)", index: 1)
    }
    #expect(SecondLevelCache(root: root.path, allowed: [0, 1, 2, 3]).share(threadCount: 2) == 2 << 20)
    #expect(Processor.coreCount(root: root.path, allowed: [0, 1, 2, 3]) == 2)
    #expect(Processor.coreCount(root: root.path, allowed: [0, 2]) == 1)
    #expect(Processor.coreCount(root: root.path, allowed: []) == 1)
  }

  @Test("A cache of unknown size is some size, and the machine at hand has one")
  func unknown() throws {
    let root = Root()
    try root.cache(of: 0, nil, sharedBy: "0-3")
    let unknown = SecondLevelCache(root: root.path, allowed: [0, 1, 2, 3])
    #expect(unknown.byteCount > 0 && unknown.coreCount == 1)
    #expect(unknown == SecondLevelCache(root: "/nowhere", allowed: [0]))
    #expect(Processor.secondLevelCacheByteCount >= 64 << 10)
  }

  @Test(
    "The least quota from the process's own group up to the root",
    arguments: [
      ("0::/a/b", "", 3), ("0::/a", "", 4), ("0::/", "", 8), ("0::/gone/b", "", 8), ("0::/c", "", 8),
      ("0::/d", "", 8), ("4:cpu,cpuacct:/a/b", "/cpu", 3), ("4:cpuacct,cpu:/a", "/cpu", 4), ("4:cpu:/c", "/cpu", 8),
      ("4:memory:/a/b", "/cpu", nil), ("4:memory:/a/b\n0::/a", "", 4),
    ])
  func quota(_ line: String, _ mount: String, _ expected: Int?) throws {
    let root = Root()
    try root.write(line, to: "/proc/self/cgroup")
    for (group, quota) in [("", 800_000), ("/a", 350_001), ("/a/b", 250_000), ("/c", nil), ("/d", 0)] {
      let folder = "/sys/fs/cgroup\(mount)\(group)"
      if mount.isEmpty {
        try root.write("\(quota.map { "\($0)" } ?? "max") 100000", to: "\(folder)/cpu.max")
      } else {
        try root.write("\(quota ?? -1)", to: "\(folder)/cpu.cfs_quota_us")
        try root.write("100000", to: "\(folder)/cpu.cfs_period_us")
      }
    }
    #expect(CPUQuota.cpuCount(root: root.path) == expected)
    #expect(Processor.coreCount(root: root.path, allowed: Array(0..<16)) == expected ?? 16)
  }

  @Test("Nothing said is no limit")
  func silent() { #expect(CPUQuota.cpuCount(root: "/nowhere") == nil) }

  @Test("Lists of integers")
  func lists() {
    #expect(SystemText.integers("0-2,8\n") == [0, 1, 2, 8])
    #expect(SystemText.integers("1024K") == [1024])
    #expect(SystemText.integers("") == [] && SystemText.integers("x, 5-3") == [])
  }

  @Test("Memory that the system refuses is an error; sizes alone need none")
  func memory() throws {
    #expect(throws: OutOfMemory(byteCount: 1 << 60)) { try AlignedFloats(count: 1 << 58) }
    #expect(try AlignedFloats(count: 1 << 58, isPlanning: true).count == 1 << 58)
  }

  @Test("Tiles beyond 2³¹ floats have offsets; sizes alone need none")
  func offsets() throws {
    let form = try #require(WinogradForm(.same(kernel: 3), .forward))
    let shape = BlockedShape(1 << 20, 4, 4, batch: 100)
    let tiles = WinogradTiles(form, input: shape, output: shape, isPlanning: false)
    // Six by six pixels a channel, the halo included; the first of them is the second of the second row.
    let image = 99 << 20, last = image * 36
    #expect(tiles.inputs.last == last)
    #expect(tiles.outputs.last == last + 7 * 16)
    let planned = WinogradTiles(
      form, input: BlockedShape(64, 64, 64, batch: 1 << 40), output: shape, isPlanning: true)
    #expect(planned.count == 1 << 48 && planned.images == 1 << 40 && planned.inputs.isEmpty)
  }
}
