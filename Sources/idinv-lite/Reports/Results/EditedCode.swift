import Inversion

/// A code to edit, and what is known of it.
package struct EditedCode {
  package var name: String
  package var source: String
  /// [L, D].
  package var code: [Float]
  /// What the encoder made of the picture; nil where the code was given.
  package var encoded: [Float]?
  package var original: ReportImage?
  package var inverted: ReportImage
  /// The inversion against the original; nil without one.
  package var psnrDB: Double?
  /// Why the inversion ended, and after how many steps; nil where the code was given.
  package var stop: (reason: StopReason, steps: Int)?
  package var score: InDomainScore?
  /// What the attribute network reads off the inverted picture; empty without one.
  package var attributes: [Float]

  package init(
    name: String, source: String, code: [Float], encoded: [Float]? = nil, original: ReportImage? = nil,
    inverted: ReportImage, psnrDB: Double? = nil, stop: (reason: StopReason, steps: Int)? = nil,
    score: InDomainScore? = nil, attributes: [Float]
  ) {
    self.name = name
    self.source = source
    self.code = code
    self.encoded = encoded
    self.original = original
    self.inverted = inverted
    self.psnrDB = psnrDB
    self.stop = stop
    self.score = score
    self.attributes = attributes
  }
}
