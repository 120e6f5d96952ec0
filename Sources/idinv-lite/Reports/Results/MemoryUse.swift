/// `memory` in `summary.json`.
package struct MemoryUse: Encodable {
  package var budget_bytes: Int?
  package var predicted_peak_bytes: Int
  package var peak_rss_bytes: Int
  package var batch: Int
  package var estimated_slowdown: Double
  package var convolutions_fastest: Int
  package var convolutions_compact: Int
  package var convolutions_streamed: Int
  package var streams_dense: Bool
  package var recomputed_operators: Int

  package init(
    budget_bytes: Int? = nil, predicted_peak_bytes: Int, peak_rss_bytes: Int, batch: Int,
    estimated_slowdown: Double, convolutions_fastest: Int, convolutions_compact: Int, convolutions_streamed: Int,
    streams_dense: Bool, recomputed_operators: Int
  ) {
    self.budget_bytes = budget_bytes
    self.predicted_peak_bytes = predicted_peak_bytes
    self.peak_rss_bytes = peak_rss_bytes
    self.batch = batch
    self.estimated_slowdown = estimated_slowdown
    self.convolutions_fastest = convolutions_fastest
    self.convolutions_compact = convolutions_compact
    self.convolutions_streamed = convolutions_streamed
    self.streams_dense = streams_dense
    self.recomputed_operators = recomputed_operators
  }
}
