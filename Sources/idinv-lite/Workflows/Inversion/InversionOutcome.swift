import Reports

/// What a run of `invert` comes to.
package struct InversionOutcome {
  package var invertedCount: Int
  package var skippedCount: Int
  package var medianPSNR: Double
  /// Images that are far from what the model was trained on.
  package var foreign: [(name: String, verdict: DomainVerdict)]
  package var stops: StopCounts
  /// Wall time of the run, earlier parts of it included.
  package var seconds: Double
  /// Whether it was not ended early.
  package var isComplete: Bool
}
