import Inversion
import Reports

/// Where the memory of a run is, for people and for `--json`.
package struct MemoryFigures: Encodable {
  package struct Packing: Encodable {
    package var network: String
    package var packing: String
    package var bytes: Int
  }
  /// Packed convolution weights.
  package var packed: [Packing]
  package var packed_bytes: Int
  /// Weights that are read in the mapped file and stay in memory.
  package var mapped_weight_bytes: Int
  /// Tensors within a run, of the largest graph; all graphs take turns in them.
  package var arena_bytes: Int
  /// Inputs and outputs of the graphs.
  package var kept_bytes: Int
  /// The rest: the program, its libraries, buffers.
  package var other_bytes: Int
  package var resident_bytes: Int
  package var resident_file_bytes: Int
  package var peak_rss_bytes: Int

  package init(_ account: MemoryAccount) {
    let now = ProcessMemory.now
    packed = account.packings.map { Packing(network: $0.network, packing: $0.packing, bytes: $0.byteCount) }
    packed_bytes = account.packedByteCount
    mapped_weight_bytes = account.mappedByteCount
    arena_bytes = account.arenaByteCount
    kept_bytes = account.keptByteCount
    resident_bytes = now.resident
    resident_file_bytes = now.files
    peak_rss_bytes = ProcessMemory.peakByteCount
    other_bytes = max(0, peak_rss_bytes - account.total)
  }

  package var text: String {
    var text = "\nmemory\n"
    func line(_ bytes: Int, _ name: String) { text += "  \(pad(humanBytes(bytes)))  \(name)\n" }
    for packing in packed { line(packing.bytes, "packed convolution weights, \(packing.network): \(packing.packing)") }
    line(packed_bytes, "all packed weights")
    line(mapped_weight_bytes, "weights in the mapped file")
    line(arena_bytes, "arena: tensors within a run of the largest graph")
    line(kept_bytes, "inputs and outputs of the graphs")
    line(other_bytes, "the rest: program, libraries, buffers")
    let now = "resident now: \(humanBytes(resident_bytes)), of files \(humanBytes(resident_file_bytes))"
    line(peak_rss_bytes, "peak (\(now))")
    return text
  }

  private func pad(_ text: String) -> String { String(repeating: " ", count: max(0, 9 - text.count)) + text }
}
