import Testing

@testable import Workflows

@Suite("What makes figures of speed less than the machine's best")
struct OtherLoadTests {
  @Test("Others' share is what is busy on the CPUs at hand less what this process took")
  func share() throws {
    let system = try FakeSystem()
    // 1,000 idle ticks; CPU 7 is not ours.
    func write(busy: Int, idle: Int) throws {
      try system.folder.write(
        "proc/stat",
        text: "cpu  1 1 1 1 1 1 1 1 0 0\ncpu0 \(busy) 0 0 \(idle) 10 0 0 0 0 0\ncpu7 99999 0 0 0 0 0 0 0 0 0\nintr 5\n")
    }
    try write(busy: 1000, idle: 1_000)
    let load = OtherLoad(system.files, cpus: [0])
    #expect(load.share == nil)
    // Far more than the test process can take meanwhile.
    try write(busy: 1_001_000, idle: 1_001_000)
    let share = try #require(load.share)
    #expect(share > 0.4 && share <= 0.5, "\(share)")
    #expect(OtherLoad(SystemFiles(root: "/nowhere"), cpus: [0]).share == nil)
  }

  @Test("A quiet machine of one chip has no caveat")
  func caveats() throws {
    let system = try FakeSystem()
    for number in 0..<4 {
      try system.cpu(number)
      try system.folder.write(
        "sys/devices/system/cpu/cpu\(number)/topology/physical_package_id", text: "\(number / 2)\n")
    }
    let one = CoreTopology(system.files, allowed: [0, 1]), two = CoreTopology(system.files, allowed: [1, 2])
    #expect(SpeedCaveat.lines(otherLoad: 0.05, one).isEmpty && SpeedCaveat.lines(otherLoad: nil, one).isEmpty)
    #expect(SpeedCaveat.lines(otherLoad: 0.35, one).map { $0.contains("35 %") } == [true])
    #expect(SpeedCaveat.lines(otherLoad: nil, two).map { $0.contains("2 chips") } == [true])
  }
}
