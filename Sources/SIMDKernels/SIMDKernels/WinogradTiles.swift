/// Where the tiles of a Winograd convolution lie.
struct WinogradTiles: Sendable {
  /// Offsets in input and output, in floats, batch included; none while memory is planned.
  let inputs: [Int], outputs: [Int]
  /// Tiles of a row of tiles, and of an image; and images.
  let columns: Int, perImage: Int, images: Int

  init(_ form: WinogradForm, input: BlockedShape, output: BlockedShape, isPlanning: Bool) {
    columns = input.width / form.inputStep
    perImage = form.tiles(input)!
    images = input.batch
    var inputs: [Int] = [], outputs: [Int] = []
    for image in 0..<(isPlanning ? 0 : input.batch) {
      for y in 0..<perImage / columns {
        let origin = input.originOffset - form.lead * (input.rowStride + 16)
        let read: Int = image * input.imageStride + origin + y * input.rowStride * form.inputStep
        let written: Int = image * output.imageStride + output.originOffset + y * output.rowStride * form.outputStep
        for x in 0..<columns {
          inputs.append(read + x * 16 * form.inputStep)
          outputs.append(written + x * 16 * form.outputStep)
        }
      }
    }
    self.inputs = inputs
    self.outputs = outputs
  }

  var count: Int { images * perImage }
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
  var inputTiles: UnsafePointer<Int>, outputTiles: UnsafePointer<Int>

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

  /// Whether pixels have left the caches between two operators: of small images it takes longer to say which come next than it
  /// takes to wait for them.
  private var isFarFromCache: Bool { plan.input.imageStride &+ plan.output.imageStride > 2 << 20 / 4 }

  /// Part `index` of `parts` of the pixels that the block from tile `first` will read and the current one, from tile
  /// `current`, will write: rows of pixels, each a run of cache lines.
  @inline(__always) func lines(first: Int?, current: Int, count: Int, index: Int, parts: Int) -> LineRange {
    if !isFarFromCache { return LineRange() }
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
        inputTiles[first] &+ block &* plan.input.blockStride &+ y &* plan.input.rowStride
        &+ (start % inputLines) &* 16
      return LineRange(start: UnsafeRawPointer(input + offset), count: length)
    }
    let line = (start &- inputTotal) / outputLines
    let block = line / form.outputStep, y = line % form.outputStep
    let offset =
      outputTiles[current] &+ block &* plan.output.blockStride &+ y &* plan.output.rowStride
      &+ ((start &- inputTotal) % outputLines) &* 16
    return LineRange(start: UnsafeRawPointer(output + offset), count: length)
  }
}

/// Consecutive cache lines.
struct LineRange {
  var start: UnsafeRawPointer?
  var count = 0
}
