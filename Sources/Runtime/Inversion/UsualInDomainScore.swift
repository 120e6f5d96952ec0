import Quant
import Runtime

extension Model {
  /// How far the encoder's codes of the model's own random pictures lie outside of the domain: what the score of a
  /// photograph's first code is held against. As the model file says or, where it does not, measured on a few pictures.
  ///
  /// - Returns: the median of mean((z − E(G(z)))²) with z = E(x); nil without an encoder, or without a mapping network to
  ///   draw pictures with.
  package func usualInDomainScore(kernels: Kernels) throws(InversionError) -> Double? {
    if let known = file.specification.inDomain { return Double(known.median) }
    return try inDomainStatistics(kernels: kernels).map { Double($0.median) }
  }

  /// Measures what `usualInDomainScore` is.
  ///
  /// - Parameter sampleCount: random pictures, of seeds from 0 on, truncated as the model does by itself.
  /// - Returns: nil where the model cannot be measured, or every score is 0.
  package func inDomainStatistics(sampleCount: Int = 5, kernels: Kernels) throws(InversionError) -> InDomainStatistics?
  {
    guard hasEncoder, file.specification.generator?.zDimension ?? 0 > 0 else { return nil }
    let zDimension = try generator().specification.zDimension, codeCount = try generator().codeCount
    let reconstruct = try Reconstructor(self, kernels: kernels)
    let encode = try NetworkRunner(.encoder, of: self, batch: 1, kernels: kernels)
    var latents: [Float] = []
    for seed in 0..<UInt64(sampleCount) {
      var random = TorchRandom(seed: seed)
      latents += random.normals(zDimension)
    }
    let w = try run(.mapping, on: latents, count: sampleCount, kernels: kernels).values
    let codes = try run(.truncation, on: w, count: sampleCount, kernels: kernels).values
    var scores: [Float] = []
    for first in stride(from: 0, to: codes.count, by: codeCount) {
      let code = Array(codes[first..<first + codeCount])
      let encoded = try encode(reconstruct(code).image)
      if let score = reconstruct(encoded).score, score.meanSquare.isFinite { scores.append(score.meanSquare) }
    }
    guard !scores.isEmpty else { return nil }
    let median = scores.sorted()[scores.count / 2]
    return median > 0 ? InDomainStatistics(sampleCount: scores.count, median: median) : nil
  }
}
