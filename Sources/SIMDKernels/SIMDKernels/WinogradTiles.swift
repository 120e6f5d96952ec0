/// Where the tiles of a Winograd convolution lie.
struct WinogradTiles: Sendable {
  /// Offsets in input and output, in floats, batch included.
  let inputs: [Int32], outputs: [Int32]
  /// Tiles of a row of tiles, and of an image.
  let columns: Int, perImage: Int

  init(_ form: WinogradForm, input: BlockedShape, output: BlockedShape) {
    let columns = input.width / form.inputStep, perImage = form.tiles(input)!
    let places = (0..<input.batch * perImage).map { ($0 / perImage, $0 % perImage / columns, $0 % perImage % columns) }
    // In steps: Swift 6.0 gives up on the whole as one expression.
    inputs = places.map { image, y, x in
      let pixel: Int = y * input.rowStride + x * 16
      return Int32(image * input.imageStride + pixel * form.inputStep)
    }
    outputs = places.map { image, y, x in
      let start: Int = image * output.imageStride + output.originOffset
      let pixel: Int = y * output.rowStride + x * 16
      return Int32(start + pixel * form.outputStep)
    }
    self.columns = columns
    self.perImage = perImage
  }

  var count: Int { inputs.count }
  var images: Int { count / perImage }
}

/// The pixels of one Winograd convolution: what its transforms read and write.
struct WinogradPixels {
  var plan: ConvolutionPlan
  var form: WinogradForm
  var columns: Int
  var input: UnsafePointer<Float>
  var output: UnsafeMutablePointer<Float>
  var bias: UnsafePointer<Float>
  var slope: Float
  var inputTiles: UnsafePointer<Int32>, outputTiles: UnsafePointer<Int32>

  /// Channel block `block` of `count` tiles from `first` → matrices `elementStride` floats apart.
  @inline(__always) func transformInput(
    _ transform: WinogradKernels.Transform, block: Int, first: Int, count: Int,
    to elements: UnsafeMutablePointer<Float>,
    elementStride: Int
  ) {
    var run = TileRun(
      pixels: UnsafeMutablePointer(mutating: input + block &* plan.input.blockStride),
      rowStride: plan.input.rowStride, tileOffsets: inputTiles + first, tiles: count, transformed: elements,
      elementStride: elementStride, bias: bias, slope: 1)
    transform(&run)
  }

  /// Products, in matrices `productStride` floats apart → pixels of output block `target`.
  @inline(__always) func transformOutput(
    _ transform: WinogradKernels.Transform, target: Int, first: Int, count: Int,
    from products: UnsafeMutablePointer<Float>, productStride: Int
  ) {
    var run = TileRun(
      pixels: output + target &* plan.output.blockStride, rowStride: plan.output.rowStride,
      tileOffsets: outputTiles + first, tiles: count, transformed: products, elementStride: productStride,
      bias: bias + target &* 16, slope: slope)
    transform(&run)
  }

  /// Part `index` of `parts` of the pixels that the block from tile `first` will read and the current one, from tile
  /// `current`, will write: rows of pixels, each a run of cache lines.
  @inline(__always) func lines(first: Int?, current: Int, count: Int, index: Int, parts: Int) -> LineRange {
    let columns = min(count, columns)
    let inputLines = columns &* form.inputStep, outputLines = columns &* form.outputStep
    let inputRows = first == nil ? 0 : plan.input.blocks &* form.inputStep
    let total = inputRows &* inputLines &+ plan.output.blocks &* form.outputStep &* outputLines
    let start = index &* total / parts
    let length = (index &+ 1) &* total / parts &- start
    let inputTotal = inputRows &* inputLines
    if start < inputTotal, let first {
      // The window's first rows belong to the tiles above as well; the last ones are new.
      let line = start / inputLines
      let block = line / form.inputStep, y = line % form.inputStep &+ 2
      let offset =
        Int(inputTiles[first]) &+ block &* plan.input.blockStride &+ y &* plan.input.rowStride
        &+ (start % inputLines) &* 16
      return LineRange(start: UnsafeRawPointer(input + offset), count: length)
    }
    let line = (start &- inputTotal) / outputLines
    let block = line / form.outputStep, y = line % form.outputStep
    let offset =
      Int(outputTiles[current]) &+ block &* plan.output.blockStride &+ y &* plan.output.rowStride
      &+ ((start &- inputTotal) % outputLines) &* 16
    return LineRange(start: UnsafeRawPointer(output + offset), count: length)
  }
}

/// Consecutive cache lines.
struct LineRange {
  var start: UnsafeRawPointer?
  var count = 0
}
