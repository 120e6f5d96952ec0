import Runtime

/// What the prepared graphs of a model keep in memory.
package struct MemoryAccount: Sendable {
  /// Packed convolution weights of one network, of one kind.
  package struct Packing: Sendable {
    package var network: String
    package var packing: String
    package var byteCount: Int
  }
  package var packings: [Packing]
  /// Weights that graphs read where they lie in the mapped file, and that stay in memory, and what modulated convolutions
  /// keep beside theirs.
  package var mappedByteCount: Int
  /// Tensors that live within a run of the largest graph.
  package var arenaByteCount: Int
  /// Inputs and outputs of all graphs.
  package var keptByteCount: Int

  package var packedByteCount: Int { packings.reduce(0) { $0 + $1.byteCount } }
  package var total: Int { packedByteCount + mappedByteCount + arenaByteCount + keptByteCount }
}

extension Model {
  /// Of the graphs that have been prepared so far.
  package var memoryAccount: MemoryAccount {
    var packings: [MemoryAccount.Packing] = []
    for weights in convolutions {
      let network = String(weights.name.prefix { $0 != "." })
      for (packing, byteCount) in weights.packedByteCounts where byteCount > 0 {
        if let index = packings.firstIndex(where: { $0.network == network && $0.packing == packing }) {
          packings[index].byteCount += byteCount
        } else {
          packings.append(MemoryAccount.Packing(network: network, packing: packing, byteCount: byteCount))
        }
      }
    }
    return MemoryAccount(
      packings: packings,
      mappedByteCount: denses.reduce(0) { $0 + ($1.isPrepared && !$1.isStreamed ? $1.byteCount : 0) }
        + convolutions.reduce(0) { $0 + $1.mappedByteCount }
        + squares.reduce(0) { $0 + ($1.isUsed ? $1.byteCount : 0) },
      arenaByteCount: arena.byteCount, keptByteCount: arena.keptByteCount)
  }
}
