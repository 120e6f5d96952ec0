extension TensorNames {
  /// genforce/idinvert's encoder in TensorFlow; the plan reads the names as they are, and PyTorch's layouts.
  static let tensorFlowEncoder: TensorNames = {
    var names = TensorNames(title: "idinvert's encoder (TensorFlow)", modules: ["FromImg", "Latent_out"])
    func add(_ scope: String, _ layout: TensorLayout) {
      names.add("\(scope)/weight", from: "\(scope)/weight", layout)
      names.add("\(scope)/bias", from: "\(scope)/bias")
      for statistic in ["gamma", "beta", "moving_mean", "moving_variance"] {
        names.add("\(scope)/batch_norm/\(statistic)", from: "\(scope)/batch_norm/\(statistic)")
      }
    }
    add("FromImg", .heightWidthInOut)
    for block in 0..<StyleGANPort.blockLimit {
      for layer in ["Shortcut", "Conva", "Convb"] { add("E_block_\(block)/\(layer)", .heightWidthInOut) }
    }
    add("Latent_out", .transposed)
    return names
  }()
}
