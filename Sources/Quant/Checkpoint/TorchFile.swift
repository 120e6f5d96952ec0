import Quant

/// Files of `torch.save`: the ZIP form (torch 1.6 and later) and the legacy form before it.
///
/// Source: `torch/serialization.py`, `_save` and `_legacy_save`.
enum TorchFile {
  /// The object stored in an archive or a folder: `NAME/data.pkl`, with storages in `NAME/data/KEY`.
  ///
  /// - Throws: `.unsupported` for TorchScript, `.malformed`, `.refusedGlobal`, `.file`.
  static func read(_ archive: some FileCollection, path: String) throws(CheckpointError) -> PickledValue {
    let pickles = archive.fileNames.filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
    guard let pickle = pickles.first, pickles.count == 1 else {
      throw .unsupported(
        path: path, found: "\(archive.kind) with \(pickles.count) files named data.pkl",
        expected: "one, as torch.save writes")
    }
    let prefix = pickle.dropLast("data.pkl".count)
    guard !archive.fileNames.contains(prefix + "constants.pkl") else {
      throw .unsupported(
        path: path, found: "a TorchScript archive, which is a program",
        expected: "torch.save of a state_dict(): in Python, torch.save(torch.jit.load(…).state_dict(), …)")
    }
    let table = TorchStorageTable()
    if let order = try archive.extent(named: prefix + "byteorder") {
      table.isBigEndian = try order.readAll() == [UInt8]("big".utf8)
    }
    let bytes = try archive.extent(named: pickle)?.readAll() ?? []
    var machine = PickleMachine(ByteCursor(ByteExtent(bytes, format: "pickle data.pkl"))) {
      id throws(CheckpointError) in
      if table.extents[id.key] == nil {
        guard let extent = try archive.extent(named: "\(prefix)data/\(id.key)") else {
          throw .malformed(
            format: "torch file", byteOffset: 0, found: "no entry \(prefix)data/\(id.key)",
            expected: "the data of a storage of \(id.count) elements")
        }
        table.extents[id.key] = extent
      }
      try check(id, table.extents[id.key]?.count ?? 0)
      return TorchStorage(id: id, table: table)
    }
    let result = try machine.run()
    return try machine.tree(result)
  }

  private static func check(_ id: TorchStorageID, _ byteCount: Int) throws(CheckpointError) {
    guard byteCount / id.elementByteCount >= id.count else {
      throw .malformed(
        format: "torch file", byteOffset: 0, found: "\(byteCount) bytes of storage \"\(id.key)\"",
        expected: "\(id.count) elements of \(id.opaque?.kind ?? id.dtype.rawValue)")
    }
  }

  /// The first pickle of a legacy file holds this number, in 10 bytes.
  static let legacyMagic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
  /// What a legacy file begins with.
  static let legacyPrefix: [UInt8] = [0x80, 0x02, 0x8a, 0x0a] + legacyMagic + [UInt8(ascii: ".")]

  static let legacyFormat = "legacy torch file"

  /// The object stored in a legacy file: five pickles (magic number, version, system, object, storage keys), then for
  /// each key a count of elements in 8 bytes and the elements.
  ///
  /// - Throws: `.malformed`, `.refusedGlobal`, `.file`.
  static func read(legacy file: ByteFile) throws(CheckpointError) -> PickledValue {
    let extent = try ByteExtent(file, 0..<file.byteCount, format: legacyFormat)
    let (machine, object) = try legacy(extent, isNested: false)
    return try machine.tree(object)
  }

  /// The storage that a legacy file within a pickle holds; nil where it holds something else.
  ///
  /// - Throws: as `read(legacy:)`.
  static func storage(legacy extent: ByteExtent) throws(CheckpointError) -> TorchStorage? {
    let (machine, object) = try legacy(extent, isNested: true)
    guard case .node(let index) = object, case .storage(let storage) = machine.nodes[index] else { return nil }
    return storage
  }

  private static func legacy(
    _ extent: ByteExtent, isNested: Bool
  ) throws(CheckpointError) -> (machine: PickleMachine, object: PickleObject) {
    let format = legacyFormat
    var cursor = ByteCursor(extent)
    func fault(_ found: String, _ expected: String) -> CheckpointError {
      .malformed(format: format, byteOffset: cursor.place, found: found, expected: expected)
    }
    func plain() throws(CheckpointError) -> PickledValue {
      var machine = PickleMachine(cursor, isNested: true)
      let result = try machine.run()
      cursor = machine.cursor
      return try machine.tree(result)
    }
    guard case .bytes(legacyMagic) = try plain() else { throw fault("no magic number", "that of torch.save") }
    guard let version = try plain().integer, version == 1001 else { throw fault("another version", "1001") }
    let table = TorchStorageTable()
    if case .bool(false) = try plain()["little_endian"] { table.isBigEndian = true }
    var machine = PickleMachine(cursor, isNested: isNested) { id throws(CheckpointError) in
      let known = table.asked[id.key] ?? id
      guard known.dtype == id.dtype, known.opaque == id.opaque, known.count == id.count else {
        throw .malformed(
          format: format, byteOffset: 0, found: "storage \"\(id.key)\" in two types or sizes", expected: "one")
      }
      table.asked[id.key] = id
      return TorchStorage(id: id, table: table)
    }
    let object = try machine.run()
    cursor = machine.cursor
    guard let keys = try plain().list else { throw fault("no list of storage keys", "one") }
    for key in keys {
      guard let key = key.string, let id = table.asked[key] else {
        throw fault("a storage key that no tensor uses", "the keys of the object's storages")
      }
      guard let count = try cursor.integer(byteCount: 8), count == id.count else {
        throw fault("another size of storage \"\(key)\"", "\(id.count) elements, as the pickle says")
      }
      let start = cursor.offset
      let (byteCount, overflow) = count.multipliedReportingOverflow(by: id.elementByteCount)
      guard !overflow, byteCount <= extent.count - start else {
        throw fault(
          "\(extent.count - start) bytes up to the end",
          "\(count) elements of storage \"\(key)\": is the download complete?")
      }
      guard table.extents[key] == nil else { throw fault("storage \"\(key)\" twice", "each once") }
      table.extents[key] = try extent.part(start..<start + byteCount, format: format)
      cursor = ByteCursor(extent, from: start + byteCount)
    }
    if let lacking = table.asked.keys.sorted().first(where: { table.extents[$0] == nil }) {
      throw fault("no data of storage \"\(lacking)\"", "every storage that the object uses")
    }
    return (machine, object)
  }
}
