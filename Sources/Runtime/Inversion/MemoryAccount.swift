import Runtime

/// What the prepared graphs of a model keep in memory.
public struct MemoryAccount: Sendable {
  /// Packed convolution weights of one network, of one kind.
  public struct Packing: Sendable {
    public var network: String
    public var packing: String
    public var byteCount: Int
  }
  public var packings: [Packing]
  /// Weights that graphs read where they lie in the mapped file, and that stay in memory.
  public var mappedByteCount: Int
  /// Tensors that live within a run of the largest graph.
  public var arenaByteCount: Int
  /// Inputs and outputs of all graphs.
  public var keptByteCount: Int

  public var packedByteCount: Int { packings.reduce(0) { $0 + $1.byteCount } }
  public var total: Int { packedByteCount + mappedByteCount + arenaByteCount + keptByteCount }
}

extension Model {
  /// Of the graphs that have been prepared so far.
  public var memoryAccount: MemoryAccount {
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
        + convolutions.reduce(0) { $0 + $1.mappedByteCount },
      arenaByteCount: arena.byteCount, keptByteCount: arena.keptByteCount)
  }
}
