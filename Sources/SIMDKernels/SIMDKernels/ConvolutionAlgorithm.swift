/// How a convolution is computed.
package enum ConvolutionAlgorithm: Hashable, Sendable {
  /// Every product of the definition (upsampling: of its four phases). Packed weights are as large as the plain ones
  /// (upsampling: 16/9).
  case direct
  /// Minimal filtering: 4 times (upsampling: 2.56 times) fewer products than direct, packed weights 4 times (2.8; its
  /// adjoint 1.8) the plain ones, and a workspace. Forms without it, 1×1, stay direct.
  case winograd
  /// The same on compact weights, which are transformed chunk by chunk just before use: for few pixels and many channels,
  /// where it saves memory and the way from it.
  case compactWinograd
  /// The same with tiles of 2×2 pixels and 2¼ times fewer products than direct: for images of too few tiles.
  case smallCompactWinograd
  /// The same with 16-bit operands, scaled tile by tile and output channel by output channel: twice the rate, half the
  /// packed weights, and an error of about 10⁻⁴ of a layer's output.
  case reducedWinograd
  /// The same with tiles of 2×2 pixels and 2¼ times fewer products than direct: for images of too few tiles.
  case smallReducedWinograd
  /// Every product of the definition with 16-bit operands, scaled image by image and output channel by output channel: twice
  /// the rate of floats, and an error of some 10⁻⁴ of a layer's output. For what Winograd's algorithm does not take.
  case reducedDirect
  /// Every product of the definition with operands of 8 bits: four times the rate where the tier has an instruction for
  /// it, a quarter of the weights. Each image is scaled by its largest element, each output channel by its largest weight:
  /// an error of about 1 % of a layer's output.
  case int8

  var formSize: WinogradForm.Size {
    self == .smallCompactWinograd || self == .smallReducedWinograd ? .small : .large
  }

  /// Height and width of the low-resolution side must be multiples of this: 4, upsampling 2.
  package static func winogradMultiple(_ form: ConvolutionForm) -> Int { form == .upsample2x ? 2 : 4 }

  /// The fastest of `direct`, `winograd` and `smallCompactWinograd`, by measurement, and how large Winograd's weights are.
  ///
  /// Winograd's needs whole tiles, and a whole block of input channels: the direct algorithm skips missing ones. With
  /// fewer than 16 tiles it pays only while its larger weights stay in a cache. The batch does not matter: images give the
  /// same bits alone and in company.
  ///
  /// - Parameter isCompactible: whether the weights may be compact, as many small matrices for few tiles must be to pay.
  package static func preferred(
    form: ConvolutionForm, direction: Direction, input: BlockedShape, outputChannels: Int, isCompactible: Bool
  ) -> Choice {
    guard let winograd = WinogradForm(form, direction), let tiles = winograd.tiles(input), input.channels >= 16 else {
      return Choice(algorithm: .direct, isLarge: false, suitsCompactWeights: false, isFasterCompact: false)
    }
    let rows = winograd.weightRows.count, outputs = (outputChannels + 15) & ~15
    let weightBytes = rows * rows * input.paddedChannels * outputs * 4
    let isLarge = weightBytes > largeWeightBytes
    if form == .transposed2x {
      return Choice(
        algorithm: tiles >= fewestTransposedTiles ? .winograd : .direct, isLarge: isLarge, suitsCompactWeights: false,
        isFasterCompact: false, suitsWords: min(input.channels, outputChannels) >= fewestTransposedWords)
    }
    let mayBeSmall = isCompactible && weightBytes > smallTileBytes
    let small = mayBeSmall ? WinogradForm(form, direction, .small)?.tiles(input) ?? 0 : 0
    let suitsCompact = weightBytes > tiles * transformedBytesPerTile
    return Choice(
      algorithm: tiles >= 16 || tiles >= 4 && !isLarge ? .winograd : small >= 16 ? .smallCompactWinograd : .direct,
      isLarge: isLarge, suitsCompactWeights: suitsCompact,
      isFasterCompact: suitsCompact && (tiles <= mostCompactTiles || form == .upsample2x),
      suitsSmallWords: tiles < 16 && WinogradForm(form, direction, .small)?.tiles(input) ?? 0 >= 16)
  }

  /// Whether direct products of 16 bits pay: of an image's few channels, scaling does for nine taps and not for one.
  package static func suitsDirectWords(_ form: ConvolutionForm, channels: Int) -> Bool {
    channels >= 16 || form == .same(kernel: 3)
  }

  package struct Choice: Hashable, Sendable {
    package var algorithm: ConvolutionAlgorithm
    /// Whether Winograd's weights are too large to stay in a cache.
    package var isLarge: Bool
    /// Whether they are so many, and the tiles so few, that making them is no worse than a direct convolution with as little memory.
    package var suitsCompactWeights: Bool
    /// Whether making them costs about what it costs to fetch them.
    package var isFasterCompact: Bool
    /// Whether products of 16 bits gain by Winograd's algorithm: its transforms take as long as before.
    package var suitsWords = true
    /// Whether small tiles are faster in 16 bits, and direct is not.
    package var suitsSmallWords = false
  }

  /// By measurement of 512 channels.
  private static let fewestTransposedTiles = 64
  /// By measurement, channels on either side: of 64 and 128 Winograd's takes 0.8 of direct's time in 16 bits, of 32 and 64 1.1.
  private static let fewestTransposedWords = 64
  private static let largeWeightBytes = 2 << 20
  /// Of the large form's weights, from about 512 channels on. By measurement on 8×8 pixels, small tiles take 0.65
  /// of direct's time forward, and 0.85 backward.
  private static let smallTileBytes = 32 << 20
  /// By measurement, compact against packed: 512 channels on 16×16 pixels (2.4 MB a tile) take 0.8 of the time, on 32×32
  /// (590 kB) 0.93, upsampled from 32×32 (51 kB) 1.02, 256 channels on 64×64 (37 kB) 1.13. 512 channels on 64×64 (147 kB) take 1.9
  /// of it, since products of so many tiles leave no room for matrices in a cache, but half of what direct takes.
  private static let transformedBytesPerTile = 40 << 10, mostCompactTiles = 128

  /// Whether 8-bit operands are faster than `other`, by measurement with VNNI; on ARM they are always, against products of
  /// floats.
  ///
  /// Direct on codes does 9 products in four times the rate, Winograd in 16 bits 2¼ in twice the rate and its transforms:
  /// those cost most with few input channels, its weights with few pixels. Upsampling keeps 4 of 9 direct products.
  package static func isInt8Faster(
    than other: ConvolutionAlgorithm, form: ConvolutionForm, input: BlockedShape
  ) -> Bool {
    guard input.channels >= 16 else { return false }
    guard other == .reducedWinograd, form == .same(kernel: 3) else { return true }
    return input.channels <= 32 || input.pixelCount <= 8 * 8
  }
}
