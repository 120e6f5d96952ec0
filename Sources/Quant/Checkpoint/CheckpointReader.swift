import Files
import Glibc
import Quant

/// Opens checkpoints of every kind; the file's first bytes decide, not its name.
package enum CheckpointReader {
  /// - Parameter path: a file, or the folder that a torch file was unpacked to.
  /// - Throws: `.file`, `.unsupported` where the file is of no known kind (with a word on what it seems to be),
  ///   `.malformed`, `.refusedGlobal`, `.tensor`, `.file`.
  package static func open(_ path: String) throws(CheckpointError) -> Checkpoint {
    if (try? Folder.kind(of: path)) == .folder {
      let folder = try FileFolder(path)
      return try Checkpoint(
        path: path, format: .torchFolder, byteCount: folder.byteCount,
        contents: [("", try TorchFile.read(folder, path: path))])
    }
    return try open(try ByteFile(path: path), isNested: false)
  }

  private static func open(_ file: ByteFile, isNested: Bool) throws(CheckpointError) -> Checkpoint {
    let path = file.path
    let start = try file.read(0..<min(FileGuess.byteCount, file.byteCount), format: "file")
    if start.starts(with: [0x50, 0x4b, 0x03, 0x04]) || start.starts(with: [0x50, 0x4b, 0x05, 0x06]) {
      return try open(try ZipArchive(file), path: path, byteCount: file.byteCount, isNested: isNested)
    }
    if start.starts(with: TorchFile.legacyPrefix) {
      return try Checkpoint(
        path: path, format: .torchLegacy, byteCount: file.byteCount,
        contents: [("", try TorchFile.read(legacy: file))])
    }
    if start.starts(with: NumpyHeader.magic) {
      let value = try NumpyFile.value(try ByteExtent(file, 0..<file.byteCount, format: NumpyHeader.format))
      let name = if case .array = value { "array" } else { "" }
      return try Checkpoint(path: path, format: .npy, byteCount: file.byteCount, contents: [(name, value)])
    }
    if start.count > 8, start[8] == UInt8(ascii: "{") {
      let tensors = try SafetensorsFile(file)
      guard tensors.header.metadata["format"] != ModelMetadata.formatName else {
        throw .unsupported(
          path: path, found: "a model file of this program (.idinv), which is converted already",
          expected: "a file of the program that trained the networks")
      }
      return Checkpoint(tensors, path: path, byteCount: file.byteCount)
    }
    if start.count > 1, start[0] == 0x80, (2...5).contains(start[1]) {
      let value = try pickle(file)
      let name = if case .array = value { "array" } else { "" }
      return try Checkpoint(path: path, format: .pickle, byteCount: file.byteCount, contents: [(name, value)])
    }
    throw .unsupported(
      path: path, found: guess(start), expected: "a .pth of torch.save, .safetensors, .pkl, .npz or .npy")
  }

  /// A pickle that no other program wrapped: NVIDIA's networks, arrays of codes.
  ///
  /// - Throws: `.malformed`, `.refusedGlobal`, `.refusedSource`, `.file`.
  static func pickle(_ file: ByteFile) throws(CheckpointError) -> PickledValue {
    var machine = PickleMachine(ByteCursor(try ByteExtent(file, 0..<file.byteCount, format: "pickle")))
    let object = try machine.run()
    // Torch's legacy files are several pickles: one whose first is damaged is no other file.
    guard machine.cursor.offset == machine.cursor.byteCount else {
      throw machine.fault("further bytes behind it", "one pickle that makes up the whole file")
    }
    return try machine.tree(object)
  }

  /// A torch file, arrays, or a checkpoint that a download page or a person packed.
  private static func open(
    _ archive: ZipArchive, path: String, byteCount: Int, isNested: Bool
  ) throws(CheckpointError) -> Checkpoint {
    let entries = archive.entries.filter { !$0.name.hasSuffix("/") && !$0.name.hasPrefix("__MACOSX/") }
    if !entries.isEmpty, entries.allSatisfy({ $0.name.hasSuffix(".npy") }) {
      return try Checkpoint(archive, path: path, byteCount: byteCount)
    }
    let isTorch = entries.contains { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }
    guard !isTorch, !isNested else {
      return try Checkpoint(
        path: path, format: .torchZip, byteCount: byteCount, contents: [("", try TorchFile.read(archive, path: path))])
    }
    let packed = entries.filter { entry in
      [".pth", ".pt", ".pkl", ".safetensors", ".tar", ".bin", ".ckpt", ".model", ".npz"].contains {
        entry.name.lowercased().hasSuffix($0)
      }
    }
    guard let entry = packed.first, packed.count == 1 else {
      throw .unsupported(
        path: path,
        found: packed.isEmpty
          ? "a zip archive without a checkpoint"
          : "a zip archive of \(packed.count) checkpoints (\(packed.prefix(3).map(\.name).joined(separator: ", ")), …)",
        expected: "torch.save's own, or an archive of one checkpoint: unpack it, and give the files")
    }
    return try open(ByteFile(try archive.extent(entry), path: path), isNested: true)
  }

  private static func guess(_ start: [UInt8]) -> String {
    FileGuess.name(start)
      ?? "unknown bytes \(start.prefix(8).map { String($0, radix: 16) }.joined(separator: " "))"
  }
}
