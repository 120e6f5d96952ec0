/// What an in-domain score says about a picture, held against what is usual for the model's own pictures.
package struct DomainVerdict: Sendable, Equatable {
  package enum Kind: Sendable { case usual, unusual, foreign }

  /// The score divided by the usual one.
  package var ratio: Double

  /// Held-out pictures of the kind that a model was trained on stay below the first, pictures of other things lie beyond the
  /// second.
  package static let unusualRatio = 4.0, foreignRatio = 10.0

  /// - Returns: nil where one of both is not known.
  package init?(_ score: Double?, usual: Double?) {
    guard let score, let usual, usual > 0, score.isFinite else { return nil }
    ratio = score / usual
  }

  package var kind: Kind {
    ratio < Self.unusualRatio ? .usual : ratio < Self.foreignRatio ? .unusual : .foreign
  }

  /// "25 times the usual".
  package var times: String { "\(Figure.fixed(ratio, 0)) times the usual" }

  /// A sentence about the picture; nil where there is nothing to say.
  package var sentence: String? {
    switch kind {
    case .usual: nil
    case .unusual:
      "The in-domain score of the encoder's code is \(times): the model knows pictures like this less well, and edits may "
        + "change more than they say."
    case .foreign:
      "The in-domain score of the encoder's code is \(times): this picture is far from what the model was trained on. The "
        + "result may look like it, but its code is outside of the domain, and edits will look wrong."
    }
  }
}

extension InversionReport.Figures {
  /// What the figures of an encoder's code say about its picture.
  package func verdict(usual: Double?) -> DomainVerdict? { DomainVerdict(inDomainMeanSquare, usual: usual) }
}
