import CFiles
import Glibc

/// Folders, and what lies at a path.
package enum Folder {
  /// What a path leads to, links followed.
  package enum Kind: Sendable { case file, folder, other }

  /// What lies at a path.
  ///
  /// - Throws: also where nothing does (`FileError.isMissing`).
  package static func kind(of path: String) throws(FileError) -> Kind {
    guard let status = systemStatus(path) else { throw FileError(path, .open, .system(errno)) }
    return status.isRegular ? .file : status.isFolder ? .folder : .other
  }

  /// Whether anything lies at a path, links followed.
  package static func exists(_ path: String) -> Bool { systemStatus(path) != nil }

  /// Whether a link has this name, wherever it leads.
  package static func isLink(_ path: String) -> Bool { systemStatusOfLink(path)?.isLink ?? false }

  /// Names of what a folder holds, in no order, `.` and `..` left out.
  package static func names(in path: String) throws(FileError) -> [String] {
    guard let entries = PathText.withSystemPath(path, { opendir($0) }) else {
      throw FileError(path, .list, .system(errno))
    }
    defer { closedir(entries) }
    var names: [String] = []
    while let entry = readdir(entries) {
      // In place: entries are shorter than the structure, so that a copy would reach beyond them.
      let start = UnsafeRawPointer(entry) + MemoryLayout<dirent>.offset(of: \.d_name)!
      let count = strlen(start.assumingMemoryBound(to: CChar.self))
      let name = PathText.text(UnsafeRawBufferPointer(start: start, count: count))
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Makes an output folder and the folders above it, where absent, and checks that files can be made in it.
  package static func create(_ path: String) throws(FileError) {
    guard !path.isEmpty else { throw FileError(path, .createFolder, .hasNoName) }
    var prefix = path.utf8.first == UInt8(ascii: "/") ? "/" : ""
    for component in path.utf8.split(separator: UInt8(ascii: "/")) {
      prefix = PathText.path(String(component)!, in: prefix)
      guard PathText.withSystemPath(prefix, { mkdir($0, 0o777) }) != 0 else { continue }
      let code = errno
      guard let status = systemStatus(prefix) else { throw FileError(path, .createFolder, .system(code)) }
      guard status.isFolder else { throw FileError(path, .createFolder, .isFile(path: prefix)) }
    }
    guard takesFiles(path) else { throw FileError(path, .createFolder, .system(errno)) }
  }

  /// - Throws: where the folder that a file is to be made in takes none.
  package static func checkWritable(_ folder: String, for path: String) throws(FileError) {
    guard takesFiles(folder) else { throw FileError(path, .create, .system(errno)) }
  }

  private static func takesFiles(_ folder: String) -> Bool {
    PathText.withSystemPath(folder) { access($0, W_OK | X_OK) } == 0
  }

  /// Waits until a file that was written without is on the disk; a folder stands for the names in it.
  package static func synchronize(_ path: String) throws(FileError) { try synchronize(path, by: fsync) }

  /// Waits until everything on a folder's disk is there, whoever wrote it: one wait for thousands of files.
  package static func synchronizeDisk(of path: String) throws(FileError) { try synchronize(path, by: idinv_syncfs) }

  private static func synchronize(_ path: String, by call: (Int32) -> Int32) throws(FileError) {
    let descriptor = systemOpen(path, O_RDONLY | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError(path, .synchronize, .system(errno)) }
    defer { close(descriptor) }
    let code = systemSynchronize(descriptor, by: call)
    guard code == 0 else { throw FileError(path, .synchronize, .system(code)) }
  }

  /// Removes a file; that there is none is no failure, and a folder stays.
  package static func removeFile(_ path: String) { _ = PathText.withSystemPath(path) { unlink($0) } }

  /// Removes a file, or a folder with all that is in it; links are removed and not followed.
  package static func removeTree(_ path: String) {
    guard systemStatusOfLink(path)?.isFolder == true else { return removeFile(path) }
    for name in (try? names(in: path)) ?? [] { removeTree(PathText.path(name, in: path)) }
    removeIfEmpty(path)
  }

  /// Keeps a folder of the program's own from all other users.
  package static func makePrivate(_ path: String) { _ = PathText.withSystemPath(path) { chmod($0, 0o700) } }

  /// Removes a folder, if nothing is in it.
  package static func removeIfEmpty(_ path: String) { _ = PathText.withSystemPath(path) { rmdir($0) } }
}

/// Waits for the disk.
///
/// - Returns: 0 or the number of the error. A file system that cannot do that has not failed.
func systemSynchronize(_ descriptor: Int32, by call: (Int32) -> Int32 = fsync) -> Int32 {
  while call(descriptor) != 0 {
    switch errno {
    case EINTR: continue
    case EINVAL, ENOTSUP, ENOSYS, ENOTTY: return 0
    default: return errno
    }
  }
  return 0
}
