#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization

/// Output files that are whole or absent: a reader never sees half of one, and a full disk or a lost power
/// supply leaves the previous version in place.
///
/// The bytes go to a temporary name in the same folder, to the disk (`fsync`), and then take the final name
/// (`rename`). A link is followed, so that the file it leads to is replaced and not the link. Where the path
/// leads to something else than a file (`/dev/stdout`, a pipe), it is written to directly.
package enum AtomicFile {
  /// Writes a file, replacing an existing one.
  ///
  /// - Parameter isSynced: whether to wait for the disk. Without, a reader still never sees half a file, but after a
  ///   lost power supply it may be empty: for the many files of a run that ends with `sync`.
  package static func write(_ bytes: [UInt8], to path: String, isSynced: Bool = true) throws(ImagingError) {
    var information = stat()
    let exists = stat(path, &information) == 0
    if exists && information.st_mode & S_IFMT == S_IFDIR {
      throw .notWritten(path: path, operation: "open", reason: "is a folder; expected a file")
    }
    if exists && information.st_mode & S_IFMT != S_IFREG {
      let descriptor = open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw failure(path, "open") }
      defer { close(descriptor) }
      return try writeAll(bytes, descriptor, path)
    }
    let target = exists ? resolved(path) : path
    let (descriptor, temporary) = try createTemporary(beside: target, path)
    do throws(ImagingError) {
      try finish(bytes, descriptor, path, isSynced: isSynced)
      guard rename(temporary, target) == 0 else { throw failure(path, "rename") }
    } catch {
      unlink(temporary)
      throw error
    }
    if isSynced { syncFolder(of: target) }
  }

  /// Waits until a file that was written without is on the disk; a folder stands for the names in it.
  package static func sync(_ path: String) throws(ImagingError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(path, "open") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else { throw failure(path, "fsync") }
  }

  /// Writes a text file in UTF-8, replacing an existing one.
  package static func write(_ text: String, to path: String) throws(ImagingError) {
    try write([UInt8](text.utf8), to: path)
  }

  /// Makes an output folder and the folders above it, where absent, and checks that files can be made in it.
  package static func createFolder(_ path: String) throws(ImagingError) {
    guard !path.isEmpty else { throw .folderNotCreated(path: "''", reason: "the name is empty") }
    var prefix = path.hasPrefix("/") ? "/" : ""
    for component in path.split(separator: "/") {
      prefix += prefix.isEmpty || prefix == "/" ? "\(component)" : "/\(component)"
      guard mkdir(prefix, 0o777) != 0 else { continue }
      let code = errno
      var information = stat()
      if stat(prefix, &information) == 0 {
        guard information.st_mode & S_IFMT == S_IFDIR else {
          throw .folderNotCreated(
            path: path, reason: prefix == path ? "a file of this name exists" : "\(prefix) is a file")
        }
        continue
      }
      throw .folderNotCreated(path: path, reason: systemReason(code))
    }
    guard access(path, W_OK | X_OK) == 0 else {
      throw .folderNotCreated(path: path, reason: systemReason(errno))
    }
  }

  /// Removes temporary files that killed programs left in a folder: those whose process is gone, model files too.
  ///
  /// - Parameter includesOwn: whether also what this process is writing; it is about to end.
  package static func removeLeftovers(in path: String, includesOwn: Bool = false) {
    guard let entries = opendir(path) else { return }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      // In place: entries are shorter than the structure, so that a copy would reach beyond them.
      let start = UnsafeRawPointer(entry) + MemoryLayout<dirent>.offset(of: \.d_name)!
      let name = String(cString: start.assumingMemoryBound(to: CChar.self))
      let parts = name.split(separator: "-")
      guard name.hasPrefix(".idinv-"), name.hasSuffix(".tmp"), parts.count == 3, let process = pid_t(parts[1]),
        process > 0, includesOwn && process == getpid() || kill(process, 0) != 0 && errno == ESRCH
      else { continue }
      unlink(path + "/" + name)
    }
  }

  private static let serial = Atomic<Int>(0)

  /// A new file of a name that no one else uses, with the permissions of an ordinary new file.
  private static func createTemporary(
    beside target: String, _ path: String
  ) throws(ImagingError) -> (descriptor: Int32, name: String) {
    for _ in 0..<100 {
      let number = serial.wrappingAdd(1, ordering: .relaxed).newValue
      let name = folder(of: target) + ".idinv-\(getpid())-\(number).tmp"
      let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 { return (descriptor, name) }
      guard errno == EEXIST else { throw failure(path, "create") }
    }
    throw failure(path, "create")
  }

  /// Writes, syncs and closes; the descriptor is closed on every path.
  private static func finish(
    _ bytes: [UInt8], _ descriptor: Int32, _ path: String, isSynced: Bool
  ) throws(ImagingError) {
    do throws(ImagingError) {
      try writeAll(bytes, descriptor, path)
      // Some file systems cannot sync (EINVAL): that is no failure of the write.
      guard !isSynced || fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
        throw failure(path, "fsync")
      }
    } catch {
      close(descriptor)
      throw error
    }
    guard close(descriptor) == 0 else { throw failure(path, "close") }
  }

  private static func writeAll(
    _ bytes: [UInt8], _ descriptor: Int32, _ path: String
  ) throws(ImagingError) {
    var code: Int32 = 0
    bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        // A gigabyte at a time: Linux writes at most 2 GiB per call.
        let count = writeSome(descriptor, buffer.baseAddress! + done, min(buffer.count - done, 1 << 30))
        if count >= 0 {
          done += count
        } else if errno != EINTR {
          code = errno
          return
        }
      }
    }
    guard code == 0 else { throw .notWritten(path: path, operation: "write", reason: systemReason(code)) }
  }

  private static func failure(_ path: String, _ operation: String) -> ImagingError {
    .notWritten(path: path, operation: operation, reason: systemReason(errno))
  }

  /// The folder of a path with its final slash, or nothing for the working folder.
  private static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return String(path[...slash])
  }

  private static func resolved(_ path: String) -> String {
    guard let name = realpath(path, nil) else { return path }
    defer { free(name) }
    return String(cString: name)
  }

  /// Makes the rename itself durable; of no consequence for the caller if refused.
  private static func syncFolder(of path: String) {
    let name = folder(of: path)
    let descriptor = open(name.isEmpty ? "." : name, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
  }
}

/// `write(2)`, which the methods of `AtomicFile` would shadow.
private func writeSome(_ descriptor: Int32, _ start: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, start, count)
}
