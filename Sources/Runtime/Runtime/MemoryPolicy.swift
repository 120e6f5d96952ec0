/// How weights are held while a graph runs.
package enum WeightStorage: String, Sendable, CaseIterable {
  /// As the fastest algorithm wants them.
  case fastest
  /// Convolutions: as halves, once for both directions, by the direct algorithm.
  case compact
  /// In the mapped file, whose pages are given back after each use: no memory that the system could not take back.
  case streamed
}

/// What graphs may spend memory on. The default spends it on speed.
package struct MemoryPolicy: Sendable, Equatable {
  /// Convolution weights by name; the fastest storage for those not named.
  package var convolutions: [String: WeightStorage]
  /// Whether the pages of large dense weights are given back after each use.
  package var streamsDense: Bool
  /// The most bytes of tensors that live at one time; nil for no limit. To keep to it nodes are computed twice.
  package var arenaLimit: Int?

  package init(
    convolutions: [String: WeightStorage] = [:], streamsDense: Bool = false, arenaLimit: Int? = nil
  ) {
    self.convolutions = convolutions
    self.streamsDense = streamsDense
    self.arenaLimit = arenaLimit
  }
}
