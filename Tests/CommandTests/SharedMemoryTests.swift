import Foundation
import Testing

/// OpenMP's library keeps a note in /dev/shm, and ends the program where it cannot.
@Suite("Shared memory")
struct SharedMemoryTests {
  private static let warning =
    "idinv-lite: warning: computing on 1 of 2 threads: a limit on processes, memory or the size of files, or no room in "
    + "/dev/shm, keeps the others away; results are the same\n"

  @Test(
    "without it there is one thread, a line that says so, and the same result", .enabled(if: Command.canMount),
    arguments: [
      "mount -t tmpfs -o ro none /dev/shm", "mount -t tmpfs -o nr_inodes=1 none /dev/shm",
      "mount -t tmpfs -o size=4k none /dev/shm && head -c 4096 /dev/zero >/dev/shm/full", "mount -t tmpfs none /dev",
    ])
  func missing(mounts: String) throws {
    let place = try Folder()
    for index in 0..<2 { try place.writePicture("photos/\(index).png", index: index) }
    try FileManager.default.copyItem(atPath: try Golden.model(), toPath: place.at("m.idinv"))
    let arguments = ["encode", "-q", "-m", "m.idinv", "photos", "--threads", "2", "-o"]
    try Command.succeed(arguments + ["usual"], in: place)
    let result = try Command.run(arguments + ["other"], in: place, mounts: mounts)
    #expect(result.status == 0 && result.errors == Self.warning, "\(result.status) \(result.errors)")
    #expect(try place.bytes("usual/encoded_codes.npy") == place.bytes("other/encoded_codes.npy"))
  }

  @Test("a note that a killed program with the same number has left half written is no matter")
  func halfWritten() throws {
    let name = "__KMP_REGISTERED_LIB_$$_$(id -u)"
    let result = try Command.run(
      ["kernels", "--threads", "2"], in: try Folder(), prelude: ": >/dev/shm/\(name) && exec >/dev/null")
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.status) \(result.errors)")
  }

  @Test(
    "where no file may grow, the same",
    .disabled(if: Command.needsFiles, "ThreadSanitizer writes a file of its own"))
  func noFiles() throws {
    let result = try Command.run(
      ["kernels", "--threads", "2"], in: try Folder(), prelude: "ulimit -f 0 && exec >/dev/null 2>&1")
    #expect(result.status == 0, "\(result.status)")
  }

  @Test("a killed program leaves nothing there", .disabled(if: !Command.launcher.isEmpty, "an emulator's process"))
  func leftovers() throws {
    let place = try Folder()
    try place.writePicture("photos/0.png", index: 0)
    let running = try Command.Running(
      [
        "invert", "-q", "-m", try Golden.model(), "photos", "-o", "out", "--threads", "2", "--optimizer", "adam",
        "--iterations", "1000000",
      ], in: place)
    #expect(running.wait(until: { place.has("out/0_ori.png") }))
    running.send(SIGKILL)
    _ = try running.wait(timeout: 30)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/dev/shm")) ?? []
    #expect(names.allSatisfy { !$0.contains("_\(running.pid)_") && !$0.contains(".\(running.pid).") })
  }
}
