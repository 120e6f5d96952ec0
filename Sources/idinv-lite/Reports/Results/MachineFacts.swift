/// On what something was measured.
package struct MachineFacts: Codable {
  /// What the firmware calls the board, or the system the processor.
  package var processor: String
  package var tier: String
  /// Processes that waited for the processor on average, in the last minute: 0 on a quiet machine.
  package var load_average: Double?

  package init(processor: String, tier: String, load_average: Double? = nil) {
    self.processor = processor
    self.tier = tier
    self.load_average = load_average
  }
}
